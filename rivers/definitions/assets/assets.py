"""The declaration of an asset: a function whose result is data worth keeping, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Unpack, cast, overload

from rivers.definitions.argument_checks import instance_list
from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.asset_settings import AssetKeywords, DepDef, asset_settings, require_io_handler
from rivers.definitions.assets.external_assets import ExternalAsset
from rivers.definitions.assets.function_asset import FunctionAsset
from rivers.definitions.assets.multi_assets import GraphAsset, MultiAsset
from rivers.definitions.partition_arguments import PartitionsReference
from rivers.definitions.policies.hooks import Hook
from rivers.definitions.policies.retries import Compute, RetryPolicy
from rivers.exceptions import AssetDefinitionError


class SingleAsset(FunctionAsset):
    """One function that computes one asset; without a function, a decorator that makes such assets."""

    _kind: ClassVar[str] = "single"
    _decorator: ClassVar[str] = "an Asset"

    @overload
    def __call__(self, function: Callable[..., Any], /) -> SingleAsset: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make an asset of a function. Once there is one, call it, or record the call in the body of a graph asset."""
        return super().__call__(*args, **kwargs)


class Asset:
    """The declaration of an asset: ``@Asset`` or ``@Asset(name=..., ...)``; of other kinds by its static methods."""

    @overload
    def __new__(cls, function: Callable[..., Any], /, **keywords: Unpack[AssetKeywords]) -> SingleAsset: ...
    @overload
    def __new__(cls, /, **keywords: Unpack[AssetKeywords]) -> SingleAsset: ...
    def __new__(cls, *functions: Any, **keywords: Any) -> SingleAsset:
        unknown = [key for key in keywords if key not in AssetKeywords.__annotations__]
        if unknown:
            raise TypeError(f"Asset() got an unexpected keyword argument {unknown[0]!r}")
        unbound = SingleAsset(asset_settings(AssetKeywords(**keywords)))
        if not functions:
            return unbound
        if len(functions) != 1:
            raise AssetDefinitionError("Asset takes exactly one function")
        return unbound.applied_to(functions[0])

    @staticmethod
    def from_multi(
        wraps: Callable[..., Any] | None = None,
        output_defs: Sequence[AssetDef] = (),
        name: str | None = None,
        tags: Sequence[str] | None = None,
        kinds: str | Sequence[str] | None = None,
        group: str | None = None,
        code_version: str | None = None,
        io_handler: Any = None,
        partitions_def: PartitionsReference | None = None,
        deps: Sequence[DepDef] | None = None,
        hooks: Sequence[Hook] | None = None,
        automation_condition: Any = None,
        compute: Compute | None = None,
        retry: RetryPolicy | str | None = None,
    ) -> MultiAsset:
        """Declare several assets that one function computes; without ``wraps``, return a decorator.

        ``tags``, ``kinds``, ``group``, ``code_version`` and ``io_handler`` are for outputs that have none of their own.

        :raises TypeError: for an argument of a wrong type
        :raises ValueError: for a declared input that is no parameter of the function
        :raises AssetDefinitionError: for anything else that can never work
        """
        keywords = AssetKeywords(
            name=name,
            tags=tags,
            kinds=kinds,
            group=group,
            code_version=code_version,
            io_handler=io_handler,
            partitions_def=partitions_def,
            deps=deps,
            hooks=hooks,
            automation_condition=automation_condition,
            compute=compute,
            retry=retry,
        )
        outputs = cast("tuple[AssetDef, ...]", instance_list("output_defs", output_defs, AssetDef))
        unbound = MultiAsset(asset_settings(keywords, "multi-asset"), None, outputs)
        return unbound if wraps is None else unbound.applied_to(wraps)

    @staticmethod
    def from_graph(
        wraps: Callable[..., Any] | None = None,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        kinds: str | Sequence[str] | None = None,
        group: str | None = None,
        code_version: str | None = None,
        io_handler: Any = None,
        node_io_handler: Any = None,
        metadata: Mapping[str, Any] | None = None,
        partitions_def: PartitionsReference | None = None,
        deps: Sequence[DepDef] | None = None,
        hooks: Sequence[Hook] | None = None,
        automation_condition: Any = None,
        retry: RetryPolicy | str | None = None,
    ) -> GraphAsset:
        """Declare an asset composed of tasks; without ``wraps``, return a decorator.

        The function calls the tasks and returns what the last one gives. ``node_io_handler`` stores the values of the
        tasks inside. Raises as ``from_multi``.
        """
        keywords = AssetKeywords(
            name=name,
            tags=tags,
            kinds=kinds,
            group=group,
            code_version=code_version,
            io_handler=io_handler,
            metadata=metadata,
            partitions_def=partitions_def,
            deps=deps,
            hooks=hooks,
            automation_condition=automation_condition,
            retry=retry,
        )
        settings = asset_settings(keywords, "graph asset")
        require_io_handler("the nodes of a graph asset" if name is None else f"the nodes of {name!r}", node_io_handler)
        unbound = GraphAsset(settings, None, node_io_handler)
        return unbound if wraps is None else unbound.applied_to(wraps)

    @staticmethod
    def external(
        wraps: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        io_handler: Any = None,
        tags: Sequence[str] | None = None,
        kinds: str | Sequence[str] | None = None,
        group: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        partitions_def: PartitionsReference | None = None,
        automation_condition: Any = None,
    ) -> ExternalAsset:
        """Declare data that is made elsewhere and loaded through ``io_handler``; a function observes it.

        :raises AssetDefinitionError: without an ``io_handler``
        """
        keywords = AssetKeywords(
            name=name,
            tags=tags,
            kinds=kinds,
            group=group,
            io_handler=io_handler,
            metadata=metadata,
            partitions_def=partitions_def,
            automation_condition=automation_condition,
        )
        unbound = ExternalAsset(asset_settings(keywords, "external asset"))
        return unbound if wraps is None else unbound.applied_to(wraps)
