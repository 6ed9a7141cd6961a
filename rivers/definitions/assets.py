"""The declaration of an asset: a function whose result is data worth keeping, and what is known about it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack, overload

from rivers.definitions.asset_base import BaseAsset
from rivers.definitions.asset_settings import AssetKeywords, AssetSettings, asset_settings
from rivers.definitions.signatures import Signature, is_async_function, read_signature
from rivers.exceptions import AssetDefinitionError


class SingleAsset(BaseAsset):
    """One function that computes one asset; without a function, a decorator that makes such assets."""

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
            raise AssetDefinitionError("this asset is not applied to a function yet")
        return self._function

    @functools.cached_property
    def signature(self) -> Signature:
        """What the function's signature says; its annotations are evaluated at the first use."""
        return read_signature(self.function)

    @property
    def is_async(self) -> bool:
        """Whether its function is a coroutine function or an async generator."""
        return self._function is not None and is_async_function(self._function)

    @property
    def is_single(self) -> bool:
        """Always."""
        return True

    @overload
    def __call__(self, function: Callable[..., Any], /) -> SingleAsset: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make an asset of a function; or, once there is one, call that function directly (a convenience for tests)."""
        if self._function is not None:
            return self._function(*args, **kwargs)
        if len(args) != 1 or kwargs or not callable(args[0]) or isinstance(args[0], BaseAsset):
            raise AssetDefinitionError("an Asset decorator takes exactly one function")
        return _bound(self._settings, args[0])

    def __repr__(self) -> str:
        return f"SingleAsset(name={self._settings.name!r})"

    def _check_inputs(self) -> None:
        inputs = [dep.name for dep in self._settings.deps if dep.is_input]
        if not inputs:
            return
        available = [name for name, parameter in _raw_parameters(self.function) if parameter.kind not in _VARIADIC]
        for name in inputs:
            if name not in available:
                raise ValueError(
                    f"AssetDef.input({name!r}) of asset {self._settings.name!r} is not a parameter of its function "
                    f"(available parameters: {', '.join(available) or 'none'})"
                )


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _raw_parameters(function: Callable[..., Any]) -> list[tuple[str, inspect.Parameter]]:
    try:
        return list(inspect.signature(function).parameters.items())
    except (TypeError, ValueError):  # some builtins have no signature
        return []


def _bound(settings: AssetSettings, function: Callable[..., Any]) -> SingleAsset:
    """A new asset of ``function``, named after it when the settings have no name.

    :raises AssetDefinitionError: when there is no name to be had
    """
    if settings.name is None:
        name = getattr(function, "__name__", None)
        if not isinstance(name, str):
            raise AssetDefinitionError(f"{function!r} has no __name__; give the asset a name")
        settings = replace(settings, name=name)
    return SingleAsset(settings, function)


class Asset:
    """Declares an asset: ``@Asset`` over a function, or ``@Asset(name=..., ...)``."""

    @overload
    def __new__(cls, function: Callable[..., Any], /, **keywords: Unpack[AssetKeywords]) -> SingleAsset: ...
    @overload
    def __new__(cls, /, **keywords: Unpack[AssetKeywords]) -> SingleAsset: ...
    def __new__(cls, *functions: Any, **keywords: Any) -> SingleAsset:
        unknown = [key for key in keywords if key not in AssetKeywords.__annotations__]
        if unknown:
            raise TypeError(f"Asset() got an unexpected keyword argument {unknown[0]!r}")
        settings = asset_settings(AssetKeywords(**keywords))
        if not functions:
            return SingleAsset(settings)
        if len(functions) != 1 or not callable(functions[0]) or isinstance(functions[0], BaseAsset):
            raise AssetDefinitionError("Asset takes exactly one function")
        return _bound(settings, functions[0])
