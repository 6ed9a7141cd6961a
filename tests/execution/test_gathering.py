"""What a consumer of a fan-out is given, and what the handler is told while it loads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from tests.execution.conftest import Build

loaded: list[tuple[str, str, Any, Any]] = []


class Telling(rs.InMemoryIOHandler):
    """Tells what is loaded."""

    def load_input(self, context: rs.InputContext) -> Any:
        loaded.append((context.asset_name, context.downstream_asset, context.asset_metadata, context.type_hint))
        return super().load_input(context)


@pytest.fixture(autouse=True)
def nothing_loaded_yet() -> None:
    loaded.clear()


@rs.Task
def ids() -> list[int]:
    return [3, 1, 2]


@rs.Task
def twice(n: int) -> int:
    return 2 * n


def graph(consumer: rs.Task, gather: Any, **options: Any) -> Any:
    return rs.Asset.from_graph(lambda: consumer(gather(ids().map(twice))), "g", **options)


def test_a_list_is_loaded_instance_by_instance_with_the_type_of_one(build: Build) -> None:
    @rs.Task
    def looks(v: list[int]) -> Any:
        return v

    repo = build(graph(looks, lambda m: m.collect(), node_io_handler=Telling()), tasks=[ids, twice, looks])
    repo.materialize()
    assert repo.load_node("g") == [6, 2, 4]
    assert [entry for entry in loaded if entry[1] == "g/looks"] == [
        (f"g/twice[{index}]", "g/looks", None, int) for index in range(3)
    ]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_stream_loads_what_is_asked_for_and_no_more(build: Build, ordered: bool) -> None:
    @rs.Task
    def first(v: Iterator[int]) -> Any:
        before = len([entry for entry in loaded if entry[1] == "g/first"])
        return before, next(v)

    gather = lambda m: m.collect_stream(ordered=ordered)  # noqa: E731
    repo = build(graph(first, gather, node_io_handler=Telling()), tasks=[ids, twice, first])
    repo.materialize()
    assert repo.load_node("g") == (0, 6)
    assert [entry for entry in loaded if entry[1] == "g/first"] == [("g/twice[0]", "g/first", None, int)]


def test_a_value_that_is_gone_is_the_failure_of_the_consumer(build: Build, tmp_path: Path) -> None:
    @rs.Task
    def forgetful(v: Iterator[int]) -> int:
        (tmp_path / "g" / "twice[1].pkl").unlink()
        return sum(v)

    handler = rs.PickleIOHandler(store=LocalStore(tmp_path))
    gather = lambda m: m.collect_stream(ordered=True)  # noqa: E731
    repo = build(graph(forgetful, gather, node_io_handler=handler), tasks=[ids, twice, forgetful])
    with pytest.raises(FileNotFoundError, match=r"g/twice\[1\]"):
        repo.materialize()
