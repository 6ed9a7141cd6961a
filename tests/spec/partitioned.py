"""What the tests of partitioned runs share: definitions, short names for keys, and a handler that keeps contexts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import PrivateAttr

import rivers as rs

DAYS = rs.PartitionsDefinition.daily(datetime(2024, 1, 1), datetime(2024, 2, 1))
LETTERS = rs.PartitionsDefinition.static_(["a", "b", "c"])
GRID = rs.PartitionsDefinition.multi(
    {"d": rs.PartitionsDefinition.static_(["1", "2"]), "r": rs.PartitionsDefinition.static_(["x", "y"])}
)

one = rs.PartitionKey.single
many = rs.PartitionKey.multi


class Shelves(rs.BaseIOHandler):
    """A handler that keeps each partition apart. It loads several of them, and the whole, as a dict."""

    _values: dict[str, dict[str, Any]] = PrivateAttr(default_factory=dict[str, dict[str, Any]])
    _outputs: list[rs.OutputContext] = PrivateAttr(default_factory=list[rs.OutputContext])
    _inputs: list[rs.InputContext] = PrivateAttr(default_factory=list[rs.InputContext])

    @property
    def outputs(self) -> list[rs.OutputContext]:
        """The contexts of the values that were stored."""
        return self._outputs

    @property
    def inputs(self) -> list[rs.InputContext]:
        """The contexts of the values that were loaded."""
        return self._inputs

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        self._outputs.append(context)
        shelf = self._values.setdefault(context.asset_name, {})
        for key in [""] if context.partition is None else map(str, context.partition.keys):
            shelf[key] = obj

    def load_input(self, context: rs.InputContext) -> Any:
        self._inputs.append(context)
        shelf = self._values[context.asset_name]
        if context.partition is None:
            return shelf[""] if "" in shelf else dict(shelf)
        concrete = [str(each) for key in context.partition.keys for each in key.concrete()]
        return shelf[concrete[0]] if len(concrete) == 1 else {key: shelf[key] for key in concrete}


def keys_given(context: rs.OutputContext | rs.InputContext) -> list[str] | None:
    """Return the keys that a handler got, ``None`` when it got no partition."""
    return None if context.partition is None else [str(key) for key in context.partition.keys]


def partition_events(storage: rs.Storage, run_id: str, step: str) -> list[tuple[str, str | None]]:
    """Return type and partition of each event of one step, oldest first."""
    return [
        (event.event_type, None if event.partition_key is None else str(event.partition_key))
        for event in storage.get_events_for_run(run_id)
        if event.asset_key == step
    ]


def materialized(storage: rs.Storage, asset: str) -> list[str]:
    """Return the partitions of an asset that were made, as text."""
    return [str(key) for key in storage.get_materialized_partitions(asset)]
