"""One function that computes several assets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self, cast

from rivers.definitions.argument_checks import instance_list
from rivers.definitions.asset_def import AssetDef
from rivers.definitions.asset_settings import AssetSettings
from rivers.definitions.composition import Composition
from rivers.definitions.dependencies import DepDef
from rivers.definitions.function_asset import FunctionAsset
from rivers.definitions.partition_arguments import unlike_outputs
from rivers.exceptions import GraphValidationError


class MultiAsset(FunctionAsset):
    """One function and the assets it computes: its outputs. Its own name is for messages and contexts only.

    :raises ValueError: for two outputs whose partitions are of different variants, or have no key in common
    """

    _decorator: ClassVar[str] = "an Asset.from_multi"

    def __init__(
        self,
        settings: AssetSettings,
        function: Callable[..., Any] | None = None,
        output_defs: Sequence[AssetDef] = (),
    ) -> None:
        self._given = settings
        self._output_defs = tuple(definition.with_defaults(settings) for definition in output_defs)
        fault = unlike_outputs((each.name, each.partitions_def) for each in self._output_defs)
        if fault is not None:
            owner = "a multi-asset" if settings.name is None else f"multi-asset '{settings.name}'"
            raise ValueError(f"{owner}: {fault}; one function cannot compute both for one key")
        # What was given for the outputs is the outputs' now: the multi-asset itself has none of it.
        super().__init__(replace(settings, tags=None, kinds=(), group=None, code_version=None), function)

    @property
    def output_defs(self) -> list[AssetDef]:
        """The outputs in order of definition, with the settings that the multi-asset gives them."""
        return list(self._output_defs)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs in order of definition."""
        return tuple(definition.name for definition in self._output_defs)

    @property
    def is_multi(self) -> bool:
        """Always."""
        return True

    def _remade(self, settings: AssetSettings, function: Callable[..., Any]) -> Self:
        return type(self)(replace(self._given, name=settings.name), function, self._output_defs)

    def _called_in(self, composition: Composition) -> Any:
        if len(self._output_defs) != 1:
            raise GraphValidationError(
                f"Graph '{composition.graph}' calls multi-asset '{self.name}', which has {len(self._output_defs)} "
                f"outputs; make the outputs it needs parameters of the graph's function"
            )
        return composition.call_asset(self._output_defs[0].name)

    def _all_deps(self) -> list[DepDef]:
        return [*self.deps, *(dep for definition in self._output_defs for dep in definition.deps)]


def checked_output_defs(output_defs: object) -> tuple[AssetDef, ...]:
    """The output definitions of a multi-asset; ``TypeError`` for anything else."""
    return cast("tuple[AssetDef, ...]", instance_list("output_defs", output_defs, AssetDef))
