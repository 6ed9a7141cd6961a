"""What is said about a value that cannot be loaded, by notes on the exception that the handler raised."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore, MemoryStore

import rivers as rs
from rivers.execution.attempts.failure_records import error_text, traceback_document, traceback_text
from rivers.execution.attempts.loading import LOAD_NODE, load_previous, load_value
from rivers.records import InputContext
from tests.repositories import Build


class Raising(rs.BaseIOHandler):
    """Raises one exception object, time and again."""

    error: Any = None

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None: ...

    def load_input(self, context: rs.InputContext) -> Any:
        raise self.error


@dataclass(frozen=True)
class Frozen(Exception):
    code: int


@dataclass
class Partition:
    key: str


def loaded(error: BaseException, context: InputContext | None = None) -> BaseException:
    with pytest.raises(type(error)) as raised:
        load_value(Raising(error=error), context or InputContext("up", "down"))
    return raised.value


def test_a_value_comes_as_the_handler_gives_it() -> None:
    handler, value = rs.InMemoryIOHandler(), [1]
    handler.handle_output(rs.OutputContext("up"), value)
    assert load_value(handler, InputContext("up", "down")) is value


def test_the_exception_of_a_handler_comes_through_as_it_is_with_one_note() -> None:
    error = ValueError("boom", 3)
    for _ in range(3):
        assert loaded(error) is error
    assert error.args == ("boom", 3)
    assert error.__cause__ is None
    assert error.__notes__ == [
        "while step 'down' loads its input 'up' through Raising; if it was never stored there, "
        "materialize 'up' first, or in the same run with include_upstream=True (--include-upstream)"
    ]


def test_the_note_tells_of_partitions_and_of_loads_by_hand() -> None:
    error = loaded(ValueError("boom"), InputContext("up", LOAD_NODE, partition=Partition("2026-01-01")))
    assert error.__notes__[0].startswith("while load_node loads 'up', partition '2026-01-01', through Raising; ")


@pytest.mark.rule("partitions 5.4.5")
@pytest.mark.parametrize(
    ("downstream", "who"), [("down", "step 'down' loads its input 'up'"), (LOAD_NODE, "load_node loads 'up'")]
)
def test_the_note_tells_that_partitions_are_not_kept_as_a_whole(downstream: str, who: str) -> None:
    handler = rs.PickleIOHandler(store=MemoryStore())
    with pytest.raises(FileNotFoundError) as raised:
        load_value(handler, InputContext("up", downstream), is_whole=True)
    [note] = raised.value.__notes__
    assert note.startswith(f"while {who} as a whole through PickleIOHandler; 'up' is partitioned, and ")
    assert "specific_partitions" in note


def test_for_values_in_memory_the_way_out_is_a_handler_that_keeps_them() -> None:
    with pytest.raises(KeyError) as raised:
        load_value(rs.InMemoryIOHandler(), InputContext("up", "down"))
    assert raised.value.__notes__ == [
        "while step 'down' loads its input 'up' through InMemoryIOHandler; values of InMemoryIOHandler are gone with "
        "their process: materialize 'up' in this one, in the same run with include_upstream=True (--include-upstream), "
        "or give it an io_handler that keeps values, such as PickleIOHandler"
    ]


def test_an_exception_that_takes_no_notes_comes_through_all_the_same() -> None:
    error = Frozen(3)
    assert loaded(error) is error
    spoiled = ValueError("boom")
    spoiled.__notes__ = "no list"
    assert loaded(spoiled) is spoiled


@pytest.mark.parametrize("error", [rs.exceptions.Killed(), KeyboardInterrupt(), SystemExit(3)])
def test_the_end_of_a_program_is_no_failure_to_load(error: BaseException) -> None:
    assert not hasattr(loaded(error), "__notes__")


@pytest.mark.parametrize("handler", [rs.InMemoryIOHandler(), rs.PickleIOHandler(store=MemoryStore())])
def test_what_is_recorded_names_asset_step_and_handler_and_crosses_from_a_worker(handler: rs.BaseIOHandler) -> None:
    with pytest.raises((KeyError, FileNotFoundError)) as raised:
        load_value(handler, InputContext("up", "down"))
    name = type(handler).__name__
    for error in (raised.value, pickle.loads(pickle.dumps(raised.value))):
        assert f"{name} has no value of 'up'" in error_text(error)
        for text in (traceback_text(error), json.loads(traceback_document(error))["text"]):
            assert f"{name} has no value of 'up'" in text
            assert f"while step 'down' loads its input 'up' through {name}; " in text


def test_a_previous_value_is_loaded_and_none_when_there_is_none(caplog: pytest.LogCaptureFixture) -> None:
    handler, own = rs.InMemoryIOHandler(), InputContext("a", "a")
    assert load_previous(handler, own).get_inner() is None
    assert load_previous(Raising(error=FileNotFoundError("a")), own).get_inner() is None
    handler.handle_output(rs.OutputContext("a"), 3)
    assert load_previous(handler, own).get_inner() == 3
    assert caplog.text == ""


def test_a_previous_value_that_could_not_be_loaded_counts_as_none_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert load_previous(Raising(error=OSError("no network")), InputContext("a", "a")).get_inner() is None
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        (
            "rivers.assets.a",
            "the previous value of 'a' could not be loaded through Raising, which counts as none: OSError: no network",
        )
    ]


def test_a_kill_is_no_missing_previous_value() -> None:
    with pytest.raises(rs.exceptions.Killed):
        load_previous(Raising(error=rs.exceptions.Killed()), InputContext("a", "a"))


loads: list[tuple[str, str, Any, Any]] = []


class Telling(rs.InMemoryIOHandler):
    """Tells what is loaded."""

    def load_input(self, context: rs.InputContext) -> Any:
        loads.append((context.asset_name, context.downstream_asset, context.asset_metadata, context.type_hint))
        return super().load_input(context)


@pytest.fixture(autouse=True)
def nothing_loaded_yet() -> None:
    loads.clear()


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
    assert [entry for entry in loads if entry[1] == "g/looks"] == [
        (f"g/twice[{index}]", "g/looks", None, int) for index in range(3)
    ]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_stream_loads_what_is_asked_for_and_no_more(build: Build, ordered: bool) -> None:
    @rs.Task
    def first(v: Iterator[int]) -> Any:
        before = len([entry for entry in loads if entry[1] == "g/first"])
        return before, next(v)

    gather = lambda m: m.collect_stream(ordered=ordered)  # noqa: E731
    repo = build(graph(first, gather, node_io_handler=Telling()), tasks=[ids, twice, first])
    repo.materialize()
    assert repo.load_node("g") == (0, 6)
    assert [entry for entry in loads if entry[1] == "g/first"] == [("g/twice[0]", "g/first", None, int)]


def test_a_value_that_is_gone_is_the_failure_of_the_consumer(build: Build, tmp_path: Path) -> None:
    @rs.Task
    def forgetful(v: Iterator[int]) -> int:
        (tmp_path / "g" / "twice[1].pkl").unlink()
        return sum(v)

    handler = rs.PickleIOHandler(store=LocalStore(tmp_path))
    gather = lambda m: m.collect_stream(ordered=True)  # noqa: E731
    loses = graph(forgetful, gather, node_io_handler=handler)
    repo = build(loses, tasks=[ids, twice, forgetful], default_executor=rs.Executor.in_process())
    with pytest.raises(FileNotFoundError, match=r"g/twice\[1\]"):
        repo.materialize()
