"""Fan-outs in a run: instances as steps of their own, wherever they execute, and what becomes of their results."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.exceptions import ExecutionError, GraphValidationError
from rivers.execution.runs.results import SKIPPED, result_from_events
from rivers.execution.steps.fan_out import divide
from tests.execution import fan_out_functions as fn
from tests.repositories import Build

IN_PROCESS, PARALLEL = rs.Executor.in_process(), rs.Executor.parallel(2)


@pytest.fixture
def handler(tmp_path: Path) -> rs.PickleIOHandler:
    folder = tmp_path / "values"
    folder.mkdir()
    return rs.PickleIOHandler(store=LocalStore(folder))


class Folder(rs.Resource):
    """Where tasks leave marks for each other."""

    path: str

    def __truediv__(self, name: str) -> Path:
        return Path(self.path) / name

    def glob(self, pattern: str) -> Any:
        return Path(self.path).glob(pattern)


def fan(task: rs.Task, source: rs.Task = fn.ids, then: Any = fn.total, cap: int | None = None, **options: Any) -> Any:
    """The graph asset ``g``: ``task`` for each element of ``source``, collected into ``then``."""
    return rs.Asset.from_graph(lambda: then(source().map(task, max_concurrency=cap).collect()), "g", **options)


def types_of(repo: rs.CodeRepository, result: rs.RunResult, node: str) -> list[str]:
    return [event.event_type for event in repo.storage.get_events_for_run(result.run_id) if event.asset_key == node]


# -- dividing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ([5, 6], (("0", 5), ("1", 6))),
        ({"b": 1, "a": 2}, (("0", "b"), ("1", "a"))),
        ({3, 1}, (("0", 1), ("1", 3))),
        ((n for n in (7,)), (("0", 7),)),
        ([], ()),
    ],
)
def test_elements_are_named_by_their_place(value: Any, elements: Any) -> None:
    assert divide("s", value, None) == elements


def test_elements_are_named_by_the_keys_that_were_recorded_or_that_they_bring() -> None:
    assert divide("s", [5, 6], ("b", "a")) == (("b", 5), ("a", 6))
    assert divide("s", [rs.DynamicOutput("x", 5)], None) == (("x", 5),)


def test_a_source_that_does_not_fit_its_keys_is_refused() -> None:
    with pytest.raises(ExecutionError, match=r"the value of 's' was stored with 2 keys, but .* loads 1 elements"):
        divide("s", [5], ("b", "a"))


@pytest.mark.rule("graph-assets 4.3")
def test_what_cannot_be_iterated_is_refused() -> None:
    with pytest.raises(ExecutionError, match=r"^Fan-out source is not iterable: 's' gave a int$"):
        divide("s", 3, None)


# -- instances ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("graph-assets 4.8", "graph-assets 4.9", "repository 5.2")
def test_instances_are_steps_between_the_map_and_what_collects(build: Build, handler: Any) -> None:
    repo = build(fan(fn.square, io_handler=handler), default_executor=IN_PROCESS)
    result = repo.materialize()
    instances = [f"g/square[{index}]" for index in range(4)]
    assert result.materialized_assets == ["g/ids", "g/square", *instances, "g/square__collect", "g/total", "g"]
    assert repo.load_node("g") == 30
    for node in instances:
        assert types_of(repo, result, node) == ["StepStart", "Materialization", "StepSuccess"]
    for node in ("g/square", "g/square__collect"):
        assert types_of(repo, result, node) == ["StepStart", "StepSuccess"]
    assert repo.load_node("g/square[2]") == 9


@pytest.mark.rule("graph-assets 4.14", "graph-assets 4.17")
def test_instances_run_in_workers_and_so_does_who_reads_them(build: Build, handler: Any) -> None:
    beside = rs.Task(fn.process.function, name="beside")
    body = lambda: (fn.process((m := fn.ids().map(fn.who)).collect()), beside(m.collect_stream(ordered=True)))[0]  # noqa: E731
    graph = rs.Asset.from_graph(body, "g", io_handler=handler)
    repo = build(graph, default_executor=PARALLEL)
    repo.materialize()
    readers = [repo.load_node(name) for name in ("g/process", "g/beside")]
    for reader, values in readers:
        assert reader != os.getpid()
        assert [n for n, _ in values] == [1, 2, 3, 4]
        assert len({pid for _, pid in values} - {os.getpid()}) == 2


def test_large_elements_reach_their_instances(build: Build, handler: Any) -> None:
    source = rs.Task(lambda: [bytes([n]) * 3_000_000 for n in range(12)], name="source")
    repo = build(fan(fn.first_and_size, source, fn.kept, io_handler=handler), default_executor=PARALLEL)
    for _ in range(2):
        repo.materialize()
        assert repo.load_node("g") == [(n, 3_000_000) for n in range(12)]


@pytest.mark.rule("contexts 2.2")
def test_a_task_is_told_its_name_and_configured_by_it(build: Build, handler: Any) -> None:
    repo = build(fan(fn.scaled, then=fn.kept, io_handler=handler), default_executor=PARALLEL)
    repo.materialize(config={"g/scaled": {"factor": 10}})
    assert repo.load_node("g") == [("g/scaled", 10 * n) for n in (1, 2, 3, 4)]


def test_instances_are_no_assets_of_the_store(build: Build) -> None:
    repo = build(fan(fn.square))
    repo.materialize()
    assert not [record for record in repo.storage.get_asset_records() if "[" in record.asset_key]


def test_nothing_inside_of_a_fan_out_can_be_run_without_the_map(build: Build, handler: Any) -> None:
    repo = build(fan(fn.square, io_handler=handler), default_executor=IN_PROCESS)
    repo.materialize()
    for name in ("g/total", "g/square__collect"):
        with pytest.raises(GraphValidationError):
            repo.materialize([name])
    assert repo.materialize(["g/square"]).materialized_assets[:2] == ["g/square", "g/square[0]"]


# -- sources -----------------------------------------------------------------------------------------------------------


def test_keys_name_the_instances_of_a_source_that_was_made_in_a_worker(build: Build, handler: Any) -> None:
    beside = rs.Asset(lambda: 0, name="beside", io_handler=handler)
    graph = fan(fn.square, fn.keyed, fn.kept, io_handler=handler)
    repo = build(graph, beside, default_executor=PARALLEL)
    result = repo.materialize()
    assert [name for name in result.materialized_assets if "[" in name] == [
        f"g/square[{key}]" for key in ("north", "east", "south")
    ]
    assert repo.load_node("g/keyed") == [3, 1, 2]
    assert repo.load_node("g") == [9, 1, 4]


def test_keys_are_found_again_by_another_run(build: Build, handler: Any) -> None:
    source = rs.Asset(lambda: [rs.DynamicOutput("b", 2), rs.DynamicOutput("a", 3)], name="source", io_handler=handler)
    graph = rs.Asset.from_graph(lambda source: source.map(fn.square).collect(), "g")
    build(source, graph).materialize(["source"])
    repo = build(source, graph)
    assert "g/square[b]" in repo.materialize(["g"]).materialized_assets
    assert repo.load_node("g") == [4, 9]


@pytest.mark.parametrize("yields", [False, True])
def test_an_output_of_a_multi_asset_is_a_source(build: Build, yields: bool) -> None:
    elements = [rs.DynamicOutput("x", 2), rs.DynamicOutput("y", 3)]

    def mapping() -> Any:
        return {"a": iter(elements), "b": 0}

    def yielding() -> Any:
        yield rs.Output(elements, output_name="a")
        yield rs.Output(0, output_name="b")

    multi = rs.Asset.from_multi(yielding if yields else mapping, [rs.AssetDef("a"), rs.AssetDef("b")], name="m")
    graph = rs.Asset.from_graph(lambda a: a.map(fn.square).collect(), "g")
    repo = build(multi, graph)
    assert "g/square[y]" in repo.materialize().materialized_assets
    assert (repo.load_node("a"), repo.load_node("g")) == ([2, 3], [4, 9])


def test_a_graph_within_a_graph_is_a_source(build: Build) -> None:
    inner = rs.Asset.from_graph(lambda: fn.keyed(), "inner")
    outer = rs.Asset.from_graph(lambda: fn.total(inner().map(fn.square).collect()), "outer")
    repo = build(inner, outer)
    assert "outer/square[north]" in repo.materialize().materialized_assets
    assert (repo.load_node("inner"), repo.load_node("outer")) == ([3, 1, 2], 14)


@pytest.mark.rule("graph-assets 4.16")
def test_a_fan_out_may_follow_another(build: Build, handler: Any) -> None:
    body = lambda: fn.ids().map(fn.square).collect().map(fn.kind).collect()  # noqa: E731
    repo = build(rs.Asset.from_graph(body, "g", io_handler=handler), default_executor=IN_PROCESS)
    assert repo.materialize().success
    assert repo.load_node("g") == ["int"] * 4


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_generator_is_listed_after_its_type_was_checked(build: Build, asynchronous: bool) -> None:
    async def later() -> Any:
        for n in (1, 2):
            yield n

    source = rs.Task(later if asynchronous else (lambda: (n for n in (1, 2))), name="source")
    repo = build(fan(fn.square, source))
    repo.materialize()
    assert (repo.load_node("g/source"), repo.load_node("g")) == ([1, 2], 5)


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("graph-assets 4.15")
def test_an_instance_that_waits_to_be_tried_again_keeps_its_place(build: Build) -> None:
    order: list[int] = []

    @rs.Task(retry=rs.RetryPolicy(1, backoff=rs.Backoff.constant(0.05)))
    async def shaky(n: int) -> int:
        order.append(n)
        if order == [1]:
            raise ValueError("boom")
        return n

    repo = build(fan(shaky, cap=1))
    repo.materialize()
    assert order == [1, 1, 2, 3, 4]


# -- failures ----------------------------------------------------------------------------------------------------------


def test_a_failed_instance_fails_alone_and_what_collects_is_skipped(build: Build, handler: Any) -> None:
    repo = build(fan(fn.fails_on_two, io_handler=handler), default_executor=IN_PROCESS)
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets == [
        ("g/fails_on_two[1]", "ValueError: boom"),
        *((name, SKIPPED) for name in ("g/fails_on_two__collect", "g/total", "g")),
    ]
    assert [repo.load_node(f"g/fails_on_two[{index}]") for index in (0, 2, 3)] == [1, 3, 4]
    events = repo.storage.get_events_for_run(result.run_id)
    read_back = result_from_events(result.run_id, "Failure", events)
    assert set(read_back.materialized_assets) == set(result.materialized_assets)
    assert read_back.failed_assets == result.failed_assets
    with pytest.raises(ValueError, match="boom"):
        repo.materialize()


def test_an_element_that_cannot_be_sent_is_the_failure_of_its_instance(build: Build, handler: Any) -> None:
    source = rs.Asset(fn.locks.function, name="source")
    graph = rs.Asset.from_graph(lambda source: source.map(fn.kind).collect(), "g", node_io_handler=handler)
    repo = build(source, graph, default_executor=PARALLEL)
    result = repo.materialize(raise_on_error=False)
    name, text = result.failed_assets[0]
    assert name == "g/kind[1]"
    assert text.startswith("ExecutionError: 'g/kind[1]' cannot be sent to a worker process: its element, a lock,")
    assert [repo.load_node(f"g/kind[{index}]") for index in (0, 2)] == ["int", "int"]


def test_elements_of_a_local_class_cross_by_value(build: Build, handler: Any) -> None:
    class Odd:
        pass

    source = rs.Asset(lambda: [Odd(), Odd()], name="source")
    graph = rs.Asset.from_graph(lambda source: source.map(fn.kind).collect(), "g", node_io_handler=handler)
    repo = build(source, graph, default_executor=PARALLEL)
    repo.materialize()
    assert repo.load_node("g") == ["Odd", "Odd"]


@pytest.mark.rule("graph-assets 4.3")
def test_a_source_that_cannot_be_divided_is_tried_again_as_its_task_is(build: Build) -> None:
    source = rs.Task(lambda: 3, name="source")
    task = rs.Task(lambda n: n, name="task", retry=rs.RetryPolicy(1))
    repo = build(fan(task, source))
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets[0] == (
        "g/task",
        "ExecutionError: Fan-out source is not iterable: 'g/source' gave a int",
    )
    assert types_of(repo, result, "g/task") == ["StepStart", "StepRetry", "StepStart", "StepFailure"]


# -- again and not to the end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("anew", [False, True])
def test_a_resumed_run_finds_keys_and_values_of_the_first(build: Build, handler: Any, anew: bool) -> None:
    calls: list[int] = []

    @rs.Task
    def shaky(n: int) -> int:
        calls.append(n)
        if n == 1 and calls.count(1) == 1:
            raise ValueError("boom")
        return n

    def made() -> rs.CodeRepository:
        graph = fan(shaky, fn.keyed, fn.kept, io_handler=handler)
        return build(graph, default_executor=rs.Executor.in_process())

    repo = made()
    assert not repo.materialize(run_id_override="r", raise_on_error=False).success
    result = (made() if anew else repo).materialize(run_id_override="r", resume=True)
    assert calls == [3, 1, 2, 1]
    names = [f"g/shaky[{key}]" for key in ("north", "east", "south")]
    assert result.materialized_assets == ["g/keyed", "g/shaky", *names, "g/shaky__collect", "g/kept", "g"]
    assert repo.load_node("g") == [3, 1, 2]


@pytest.mark.parametrize("stream", [False, True])
def test_a_consumer_that_failed_is_given_everything_again(build: Build, stream: bool) -> None:
    seen: list[Any] = []

    @rs.Task
    def picky(v: Any) -> Any:
        seen.append(list(v))
        if len(seen) == 1:
            raise ValueError("boom")
        return seen[-1]

    mapped = lambda: fn.keyed().map(fn.square)  # noqa: E731
    body = lambda: picky(mapped().collect_stream() if stream else mapped().collect())  # noqa: E731
    repo = build(rs.Asset.from_graph(body, "g"))
    first = repo.materialize(run_id_override="r", raise_on_error=False)
    again = repo.materialize(run_id_override="r", resume=True)
    assert seen == [[9, 1, 4], [9, 1, 4]]
    assert again.materialized_assets == first.materialized_assets
    assert types_of(repo, again, "g/square[east]") == ["StepStart", "Materialization", "StepSuccess"]
    done = repo.materialize(run_id_override="r", resume=True)
    assert set(done.materialized_assets) == set(first.materialized_assets)
    assert len(seen) == 2


def test_a_cancelled_run_begins_no_further_instance(build: Build, handler: Any, tmp_path: Path) -> None:
    graph = fan(fn.waits, io_handler=handler)
    resources = {"folder": Folder(path=str(tmp_path))}
    repo = build(graph, resources=resources, default_executor=IN_PROCESS)
    started = tmp_path / "started"

    def cancel() -> None:
        while not started.exists():
            time.sleep(0.005)
        repo.storage.cancel_run("r", repo.clock.now_ns())

    canceller = threading.Thread(target=cancel)
    canceller.start()
    result = repo.materialize(run_id_override="r", raise_on_error=False)
    canceller.join()
    assert not result.success
    assert ("g/waits[1]", "RunCanceled: the run was cancelled") in result.failed_assets
    assert "g/total" not in result.materialized_assets
    record = repo.storage.get_run("r")
    assert record is not None
    assert record.status == "Canceled"


def test_a_cancelled_run_with_a_limit_ends_although_instances_wait_for_places(build: Build, storage: Any) -> None:
    began: list[int] = []

    @rs.Task
    async def cancels(n: int) -> int:
        began.append(n)
        storage.cancel_run("r", 0)
        await anyio.sleep(3600)
        return n

    repo = build(fan(cancels, cap=1))
    assert not repo.materialize(run_id_override="r", raise_on_error=False).success
    assert began == [1]
