"""Assets of several parts: one function that computes several assets, and one asset that several tasks make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from rivers.definitions.assets.asset_def import AssetDef
from rivers.definitions.assets.asset_settings import AssetSettings, DepDef
from rivers.definitions.assets.composition import Composition, compose
from rivers.definitions.assets.function_asset import FunctionAsset
from rivers.definitions.partition_arguments import unlike_outputs
from rivers.exceptions import GraphValidationError


class MultiAsset(FunctionAsset):
    """One function and the assets that it computes, its outputs. Its own name is for messages and contexts only.

    :raises ValueError: for two outputs whose partitions are of different variants, or have no key in common
    """

    _kind: ClassVar[str] = "multi"
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
        # The settings meant for the outputs are theirs now: the multi-asset itself has none of them.
        super().__init__(replace(settings, tags=None, kinds=(), group=None, code_version=None), function)

    @property
    def output_defs(self) -> list[AssetDef]:
        """The outputs in order of definition, with the settings that the multi-asset gives them."""
        return list(self._output_defs)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs in order of definition."""
        return tuple(definition.name for definition in self._output_defs)

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


class GraphAsset(FunctionAsset):
    """An asset whose function, run when the repository is resolved, says which tasks make it and in which order."""

    _kind: ClassVar[str] = "graph"
    _decorator: ClassVar[str] = "an Asset.from_graph"

    def __init__(
        self, settings: AssetSettings, function: Callable[..., Any] | None = None, node_io_handler: Any = None
    ) -> None:
        self._node_io_handler = node_io_handler
        super().__init__(settings, function)

    @property
    def node_io_handler(self) -> Any:
        """The handler, or the resource key of one, that stores the values of the tasks inside."""
        return self._node_io_handler

    def compose(self, parameters: Mapping[str, str]) -> Composition:
        """Run the body, and let through what it raises. ``parameters`` maps those to be passed to nodes."""
        return compose(self.name, self.function, parameters)

    def _remade(self, settings: AssetSettings, function: Callable[..., Any]) -> Self:
        return type(self)(settings, function, self._node_io_handler)
