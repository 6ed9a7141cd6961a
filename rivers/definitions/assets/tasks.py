"""The declaration of a task that calls a function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from rivers.definitions.assets.asset_settings import AssetKeywords
from rivers.definitions.assets.composition import current_composition
from rivers.definitions.assets.task_base import BaseTask
from rivers.definitions.partition_arguments import PartitionsReference
from rivers.definitions.policies.retries import RetryPolicy
from rivers.definitions.signatures import Signature, is_async_function, read_signature
from rivers.exceptions import TaskDefinitionError
from rivers.partitions.mappings import PartitionMapping


class Task(BaseTask):
    """A function that is a step: on its own in a repository, or inside of the graph assets whose bodies call it.

    ``@Task``, ``@Task(name=...)`` or ``Task(function, ...)``. Without a function it is a decorator that can be used
    again and again.

    :raises TaskDefinitionError: when what it is applied to is no function
    """

    is_mappable: ClassVar[bool] = True

    def __init__(
        self,
        wraps: Callable[..., Any] | None = None,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        partitions_def: PartitionsReference | None = None,
        partition_mapping: Mapping[str, PartitionMapping] | None = None,
        io_handler: Any = None,
        retry: RetryPolicy | str | None = None,
    ) -> None:
        given_name = name
        if wraps is not None:
            _require_function(wraps)
            name = getattr(wraps, "__name__", None) if name is None else name
            if not isinstance(name, str):
                raise TaskDefinitionError(f"{wraps!r} has no __name__; give the task a name")
        keywords = AssetKeywords(
            name=name, tags=tags, partitions_def=partitions_def, io_handler=io_handler, retry=retry
        )
        super().__init__(keywords, partition_mapping)
        self._given_name = given_name
        self._function = wraps
        if wraps is not None:
            functools.update_wrapper(self, wraps, updated=())

    @property
    def function(self) -> Callable[..., Any]:
        """The user's function; ``TaskDefinitionError`` while there is none."""
        if self._function is None:
            raise TaskDefinitionError("this task is not applied to a function yet")
        return self._function

    @functools.cached_property
    def signature(self) -> Signature:
        """The signature of the function. Its annotations are evaluated at the first use."""
        return read_signature(self.function)

    @property
    def name(self) -> str | None:
        """The task's name; ``None`` while it is applied to no function."""
        return None if self._function is None else self._settings.name

    @property
    def is_async(self) -> bool:
        """Whether its function is a coroutine function."""
        return self._function is not None and is_async_function(self._function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make a task of a function. Once there is one, call it, or record the call in the body of a graph asset."""
        if self._function is None:
            if len(args) != 1 or kwargs:
                raise TaskDefinitionError("a Task decorator takes exactly one function")
            settings = self._settings
            return type(self)(
                _require_function(args[0]),
                self._given_name,
                settings.tags,
                settings.partitions_def,
                self._partition_mapping,
                settings.io_handler,
                settings.retry,
            )
        composition = current_composition()
        return self._function(*args, **kwargs) if composition is None else composition.call_task(self, args, kwargs)

    def __repr__(self) -> str:
        return f"Task(name={self.name!r})"


def _require_function(value: object) -> Any:
    if not callable(value) or isinstance(value, BaseTask):
        raise TaskDefinitionError(f"a Task needs a function, got {type(value).__name__}")
    return value
