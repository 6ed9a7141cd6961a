"""Data that is made elsewhere: declared so that others may depend on it, and perhaps observed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.asset_settings import AssetSettings
from rivers.definitions.assets.composition import current_composition
from rivers.definitions.assets.function_asset import named_after
from rivers.definitions.signatures import Signature, is_async_function, read_signature
from rivers.exceptions import AssetDefinitionError


class ExternalAsset(BaseAsset):
    """An asset that nobody here computes. Applied to a function, it gives a new one that the function observes.

    :raises AssetDefinitionError: without an IO handler to load it through
    """

    _kind: ClassVar[str] = "external"

    def __init__(self, settings: AssetSettings, function: Callable[..., Any] | None = None) -> None:
        if settings.io_handler is None:
            called = "" if settings.name is None else f" '{settings.name}'"
            raise AssetDefinitionError(f"external asset{called} needs an io_handler to load it through")
        super().__init__(settings)
        self._function = function
        if function is not None:
            functools.update_wrapper(self, function, updated=())

    @property
    def observe_fn(self) -> Callable[..., Any] | None:
        """The function that observes it, ``None`` without one."""
        return self._function

    @functools.cached_property
    def signature(self) -> Signature:
        """The signature of the observe function; empty without one."""
        return Signature((), None) if self._function is None else read_signature(self._function)

    @property
    def is_async(self) -> bool:
        """Whether its observe function is a coroutine function."""
        return self._function is not None and is_async_function(self._function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a new asset that the function observes, when applied to one. Otherwise act as every asset: record the
        call in the body of a graph asset, and call the observe function elsewhere.

        :raises AssetDefinitionError: when there is an observe function already, or none to call
        """
        composition = current_composition()
        applied = len(args) == 1 and not kwargs and callable(args[0]) and not isinstance(args[0], BaseAsset)
        if composition is not None and not applied:
            return composition.call_asset(self.name)
        if applied and self._function is not None:
            raise AssetDefinitionError(f"external asset '{self.name}' has an observe function already", name=self.name)
        if applied:
            return self.applied_to(args[0])
        if self._function is None:
            raise AssetDefinitionError("an external asset takes exactly one function, which observes it")
        return self._function(*args, **kwargs)

    def applied_to(self, function: Any) -> ExternalAsset:
        """Return a new asset with these settings that ``function`` observes, named after it when they have no name."""
        if not callable(function):
            raise AssetDefinitionError("an external asset takes exactly one function, which observes it")
        return ExternalAsset(named_after(self._settings, function), function)

    def __repr__(self) -> str:
        return f"ExternalAsset(name={self._settings.name!r})"
