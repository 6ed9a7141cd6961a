"""An asset that is composed of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from rivers.definitions.asset_settings import AssetSettings
from rivers.definitions.composition import Composition, compose
from rivers.definitions.function_asset import FunctionAsset


class GraphAsset(FunctionAsset):
    """An asset whose function says which tasks make it, and in which order. The function runs when it is resolved."""

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

    @property
    def is_graph(self) -> bool:
        """Always."""
        return True

    def compose(self, parameters: Mapping[str, str]) -> Composition:
        """Run the body; ``parameters`` are those to be passed and the nodes they stand for. Raises what it raises."""
        return compose(self.name, self.function, parameters)

    def _remade(self, settings: AssetSettings, function: Callable[..., Any]) -> Self:
        return type(self)(settings, function, self._node_io_handler)
