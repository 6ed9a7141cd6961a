"""The declaration of a sensor: how often to look, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rivers.definitions.argument_checks import (
    require_optional_text,
    require_text_mapping,
    text_list,
)
from rivers.exceptions import SensorDefinitionError
from rivers.records import EvalMode, SensorStatus


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Sensor:
    """A trigger that polls a function which decides what to run. It is a decorator, bare or with arguments.

    Its runs go to ``job_name``, else to an unnamed run over ``asset_selection``. ``minimum_interval`` (30 s when
    ``None``) and ``eval_timeout`` are durations such as ``"5s"``, read when the automation graph starts.

    :raises SensorDefinitionError: when ``name`` is given and empty
    """

    name: str
    job_name: str | None
    evaluation_fn: Callable[..., Any] | None
    minimum_interval: str | None
    default_status: SensorStatus
    description: str | None
    tags: dict[str, str] | None
    asset_selection: list[str] | None
    eval_mode: EvalMode
    eval_timeout: str | None

    def __init__(
        self,
        func: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        job_name: str | None = None,
        evaluation_fn: Callable[..., Any] | None = None,
        minimum_interval: str | None = None,
        default_status: SensorStatus = SensorStatus.Stopped,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        asset_selection: list[str] | None = None,
        eval_mode: EvalMode = EvalMode.Auto,
        eval_timeout: str | None = None,
    ) -> None:
        if func is not None and evaluation_fn is not None:
            raise TypeError("Sensor takes its function either positionally or as evaluation_fn, not both")
        function = func if func is not None else evaluation_fn
        require_optional_text("name", name)
        if name == "":
            raise SensorDefinitionError("sensor name cannot be empty")
        require_optional_text("job_name", job_name)
        require_optional_text("minimum_interval", minimum_interval)
        require_optional_text("description", description)
        require_optional_text("eval_timeout", eval_timeout)
        require_text_mapping("tags", tags)
        # The dataclass is frozen for its users; this is the one place that writes.
        vars(self).update(
            name=_name_of(name, function),
            job_name=job_name,
            evaluation_fn=function,
            minimum_interval=minimum_interval,
            default_status=SensorStatus(default_status),
            description=description,
            tags=None if tags is None else dict(tags),
            asset_selection=None if asset_selection is None else list(text_list("asset_selection", asset_selection)),
            eval_mode=EvalMode(eval_mode),
            eval_timeout=eval_timeout,
            _given_name=name,
        )

    def __call__(self, func: Callable[..., Any]) -> Sensor:
        """Return a new sensor with ``func`` attached and everything else copied."""
        return replace(self, evaluation_fn=func, name=vars(self)["_given_name"])

    def __repr__(self) -> str:
        return f"Sensor(name={self.name!r}, job_name={self.job_name!r})"


def _name_of(given: str | None, function: Callable[..., Any] | None) -> str:
    if given is not None:
        return given
    return "" if function is None else function.__name__
