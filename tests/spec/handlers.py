"""IO handlers that remember their calls: the real interface, with a dictionary behind it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, PrivateAttr

import rivers as rs


class Remembering(rs.BaseIOHandler):
    """A handler that keeps the values and the contexts of its calls, in order."""

    _values: dict[str, Any] = PrivateAttr(default_factory=dict[str, Any])
    _outputs: list[rs.OutputContext] = PrivateAttr(default_factory=list[rs.OutputContext])
    _inputs: list[rs.InputContext] = PrivateAttr(default_factory=list[rs.InputContext])

    @property
    def values(self) -> dict[str, Any]:
        """The stored values by asset name; a test may fill it."""
        return self._values

    @property
    def outputs(self) -> list[rs.OutputContext]:
        """The context of every value that was stored."""
        return self._outputs

    @property
    def inputs(self) -> list[rs.InputContext]:
        """The context of every value that was loaded."""
        return self._inputs

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        self._outputs.append(context)
        self._values[context.asset_name] = obj

    def load_input(self, context: rs.InputContext) -> Any:
        self._inputs.append(context)
        return self._values[context.asset_name]


class Saying(Remembering):
    """A handler that adds metadata and a version to every value, and remembers the metadata that each came with."""

    said: dict[str, Any] = Field(default_factory=dict[str, Any])
    version: str | None = None
    _told: list[dict[str, Any] | None] = PrivateAttr(default_factory=list[dict[str, Any] | None])

    @property
    def told(self) -> list[dict[str, Any] | None]:
        """The output metadata that each value came with."""
        return self._told

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        self._told.append(context.output_metadata)
        super().handle_output(context, obj)
        if self.said:
            context.add_output_metadata(self.said)
        if self.version is not None:
            context.register_data_version(self.version)


class Refusing(rs.BaseIOHandler):
    """A handler that can neither store nor load."""

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        raise OSError(f"disk full for {context.asset_name}")

    def load_input(self, context: rs.InputContext) -> Any:
        raise OSError(f"no disk for {context.asset_name}")
