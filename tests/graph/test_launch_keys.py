"""The partition keys that schedules and sensors ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rivers.definitions.assets.assets import Asset
from rivers.exceptions import ExecutionError, PartitionValidationError
from rivers.graph.building import build_graph
from rivers.graph.launch_keys import LaunchKeys, launch_namespaces
from rivers.graph.nodes import Graph
from rivers.graph.partitioning import with_partitions
from rivers.partitions import PartitionKey
from rivers.partitions import PartitionsDefinition as D


def graph_of(**definitions: Any) -> Graph:
    assets = [Asset(name=name, partitions_def=each)(lambda: 0) for name, each in definitions.items()]
    return with_partitions(build_graph(assets), {})


GRAPH = graph_of(
    day=D.daily(datetime(2024, 1, 1)),
    grid=D.multi({"d": D.daily(datetime(2024, 1, 1)), "u": D.dynamic("users")}),
    plain=None,
)
KEYS = LaunchKeys(GRAPH, datetime(2024, 1, 10), {"users": ["ann"]})


@pytest.mark.rule("partitions 5.1.14")
def test_a_text_becomes_the_key_for_which_all_nodes_can_run() -> None:
    assert KEYS.key_for(["day"], "2024-01-05") == PartitionKey.single("2024-01-05")
    expected = PartitionKey.multi({"d": "2024-01-05", "u": "ann"})
    assert KEYS.key_for(["grid"], "u=ann|d=2024-01-05") == expected
    assert KEYS.key_for(["plain"], None) is None


@pytest.mark.rule("partitions 5.1.2", "partitions 5.1.3", "partitions 5.1.4")
@pytest.mark.parametrize(
    ("nodes", "text", "kind", "named"),
    [
        (["day"], None, ExecutionError, "Cannot run 'RunRequest' without partition_key: partitioned are day"),
        (["day"], "2024-01-11", ExecutionError, "'2024-01-11' for asset 'day'.*nearest valid keys: '2024-01-10'"),
        (["grid"], "2024-01-05", PartitionValidationError, r"d=\.\.\.\|u=\.\.\."),
        (["grid"], "d=2024-01-05|u=bob", ExecutionError, "'users'.*add_dynamic_partitions"),
        (["plain"], "a", PartitionValidationError, "Node 'plain' is not partitioned"),
        (["day", "plain"], "2024-01-05", PartitionValidationError, "Node 'plain' is not partitioned"),
    ],
)
def test_what_the_nodes_cannot_run_for_is_refused(
    nodes: list[str], text: str | None, kind: type[Exception], named: str
) -> None:
    with pytest.raises(kind, match=named):
        KEYS.key_for(nodes, text)


def test_registered_keys_are_needed_only_for_a_text() -> None:
    assert launch_namespaces(GRAPH, [None, "2024-01-05"]) == ("users",)
    assert launch_namespaces(GRAPH, [None, None]) == launch_namespaces(GRAPH, []) == ()
    assert launch_namespaces(graph_of(plain=None), ["a"]) == ()
