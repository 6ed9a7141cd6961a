"""The functions that are called after a step has succeeded or failed, and their context."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, overload

from rivers.definitions.config import ConfigT
from rivers.definitions.signatures import is_async_function
from rivers.exceptions import AssetDefinitionError

HookType = Literal["success", "failure"]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class HookContext(Generic[ConfigT]):
    """The context of a hook. ``hook_type`` is ``"success"`` or ``"failure"``.

    ``asset_name`` is the asset, for a multi-asset the output. ``output`` is the value, unwrapped; ``None`` after a
    failure, and when the function stored its data itself. ``error`` is ``"ValueError: text"`` after a failure.
    ``metadata`` is the static metadata of the asset, and ``config`` what the step had, ``None`` without one.
    """

    asset_name: str
    run_id: str
    hook_type: HookType
    output: Any
    error: str | None
    metadata: dict[str, Any] | None
    config: ConfigT

    def __init__(
        self,
        asset_name: str,
        run_id: str,
        hook_type: HookType,
        output: Any = None,
        error: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        config: ConfigT | None = None,
    ) -> None:
        # The dataclass is frozen for its users; this is the one place that writes.
        vars(self).update(
            asset_name=asset_name,
            run_id=run_id,
            hook_type=hook_type,
            output=output,
            error=error,
            metadata=None if metadata is None else dict(metadata),
            config=config,
        )


class Hook:
    """A function to call after a step; build it with ``Hook.success`` or ``Hook.failure``, bare or with a name."""

    Success: ClassVar[type[Success]]
    Failure: ClassVar[type[Failure]]
    hook_type: ClassVar[HookType]

    def __init__(self, function: Callable[..., Any] | None = None, name: str | None = None) -> None:
        if type(self) is Hook:
            raise TypeError("Hook cannot be made directly; use Hook.success or Hook.failure")
        if function is not None and (not callable(function) or isinstance(function, Hook)):
            raise AssetDefinitionError(f"Hook.{self.hook_type} needs a function, got {type(function).__name__}")
        if name is not None and not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"name must be a str, got {type(name).__name__}")
        self._function = function
        self._name = name
        if function is not None:
            functools.update_wrapper(self, function, updated=())

    @overload
    @staticmethod
    def success(func: Callable[..., Any], *, name: str | None = None) -> Success: ...
    @overload
    @staticmethod
    def success(func: None = None, *, name: str | None = None) -> Success: ...
    @staticmethod
    def success(func: Callable[..., Any] | None = None, *, name: str | None = None) -> Success:
        """Make a hook that is called when the step has succeeded."""
        return Success(func, name)

    @overload
    @staticmethod
    def failure(func: Callable[..., Any], *, name: str | None = None) -> Failure: ...
    @overload
    @staticmethod
    def failure(func: None = None, *, name: str | None = None) -> Failure: ...
    @staticmethod
    def failure(func: Callable[..., Any] | None = None, *, name: str | None = None) -> Failure:
        """Make a hook that is called when the step has failed for good."""
        return Failure(func, name)

    @property
    def name(self) -> str | None:
        """The name of the hook, by default that of its function."""
        return self._name if self._name is not None else getattr(self._function, "__name__", None)

    @property
    def function(self) -> Callable[..., Any]:
        """The user's function, which takes a ``HookContext``; ``AssetDefinitionError`` while there is none."""
        if self._function is None:
            raise AssetDefinitionError(f"this Hook.{self.hook_type} is not applied to a function yet")
        return self._function

    @property
    def is_async(self) -> bool:
        """Whether calling the function gives something to await."""
        return self._function is not None and is_async_function(self._function)

    def __call__(self, *functions: Any) -> Hook:
        """Make a hook of a function.

        :raises AssetDefinitionError: when this hook has one already, and for anything but a function
        """
        if self._function is not None:
            raise AssetDefinitionError(f"hook '{self.name}' is applied to a function already")
        if len(functions) != 1 or functions[0] is None:
            raise AssetDefinitionError(f"Hook.{self.hook_type} takes exactly one function")
        return type(self)(functions[0], self._name)

    def __repr__(self) -> str:
        return f"Hook.{self.hook_type}(name={self.name!r})"


class Success(Hook):
    """A hook that is called when the step has succeeded."""

    hook_type: ClassVar[HookType] = "success"


class Failure(Hook):
    """A hook that is called when the step has failed for good."""

    hook_type: ClassVar[HookType] = "failure"


Hook.Success = Success
Hook.Failure = Failure
