"""What an IO handler is told when it stores a value."""

from __future__ import annotations

from datetime import datetime

from rivers.definitions.output_context import OutputContext
from rivers.partitions import PartitionContext, PartitionKey, PartitionsDefinition


def test_a_context_made_by_hand_tells_what_it_was_given_and_nothing_else() -> None:
    bare = OutputContext("asset")
    assert (bare.asset_name, bare.asset_metadata, bare.partition, bare.type_hint) == ("asset", None, None, None)
    days = PartitionsDefinition.daily(datetime(2026, 1, 1))
    partition = PartitionContext([PartitionKey.single("2026-01-04")], days)
    full = OutputContext("asset", {"table": "t"}, partition, int)
    assert (full.asset_metadata, full.partition, full.type_hint) == ({"table": "t"}, partition, int)
    assert full.output_metadata is None
