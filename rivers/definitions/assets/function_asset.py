"""The common part of assets with a function: they start as decorators, and can be called."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Self

from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.asset_settings import AssetSettings, DepDef
from rivers.definitions.assets.composition import Composition, current_composition
from rivers.definitions.signatures import Signature, is_async_function, read_signature
from rivers.exceptions import AssetDefinitionError


class FunctionAsset(BaseAsset):
    """An asset that a function makes; without a function, a decorator that can be used again and again."""

    _decorator: ClassVar[str]

    def __init__(self, settings: AssetSettings, function: Callable[..., Any] | None = None) -> None:
        super().__init__(settings)
        self._function = function
        if function is not None:
            functools.update_wrapper(self, function, updated=())
            self._check_inputs()

    @property
    def function(self) -> Callable[..., Any]:
        """The user's function; ``AssetDefinitionError`` while there is none."""
        if self._function is None:
            called = "" if self._settings.name is None else f" '{self._settings.name}'"
            raise AssetDefinitionError(f"this asset{called} is not applied to a function yet")
        return self._function

    @functools.cached_property
    def signature(self) -> Signature:
        """The signature of the function. Its annotations are evaluated at the first use."""
        return read_signature(self.function)

    @property
    def is_async(self) -> bool:
        """Whether its function is a coroutine function or an async generator."""
        return self._function is not None and is_async_function(self._function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make an asset of a function. Once there is one, call it directly, a convenience for tests. In the body of a
        graph asset, record that the graph needs this asset instead.
        """
        if self._function is None:
            if len(args) != 1 or kwargs or not _is_function(args[0]):
                raise AssetDefinitionError(f"{self._decorator} decorator takes exactly one function")
            return self.applied_to(args[0])
        composition = current_composition()
        return self._function(*args, **kwargs) if composition is None else self._called_in(composition)

    def applied_to(self, function: Any) -> Self:
        """Return a new asset of ``function`` with these settings, named after it when they have no name.

        :raises AssetDefinitionError: when it is no function, or there is no name to be had
        """
        if not _is_function(function):
            raise AssetDefinitionError(f"{self._decorator} takes exactly one function")
        return self._remade(named_after(self._settings, function), function)

    def _remade(self, settings: AssetSettings, function: Callable[..., Any]) -> Self:
        return type(self)(settings, function)

    def _called_in(self, composition: Composition) -> Any:
        return composition.call_asset(self.name)

    def _all_deps(self) -> list[DepDef]:
        return self.deps

    def _check_inputs(self) -> None:
        inputs = [dep.name for dep in self._all_deps() if dep.is_input]
        if not inputs:
            return
        available = [name for name, parameter in _raw_parameters(self.function) if parameter.kind not in _VARIADIC]
        for name in inputs:
            if name not in available:
                raise ValueError(
                    f"AssetDef.input({name!r}) of asset {self._settings.name!r} is not a parameter of its function "
                    f"(available parameters: {', '.join(available) or 'none'})"
                )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self._settings.name!r})"


def named_after(settings: AssetSettings, function: Callable[..., Any]) -> AssetSettings:
    """Return ``settings``, with the name of ``function`` when they have none.

    :raises AssetDefinitionError: when the function has none either
    """
    if settings.name is not None:
        return settings
    name = getattr(function, "__name__", None)
    if not isinstance(name, str):
        raise AssetDefinitionError(f"{function!r} has no __name__; give the asset a name")
    return replace(settings, name=name)


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _is_function(value: object) -> bool:
    return callable(value) and not isinstance(value, BaseAsset)


def _raw_parameters(function: Callable[..., Any]) -> list[tuple[str, inspect.Parameter]]:
    try:
        return list(inspect.signature(function).parameters.items())
    except (TypeError, ValueError):  # some builtins have no signature
        return []
