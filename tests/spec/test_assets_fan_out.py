"""One task, run for each element of a value."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.recorded import SKIPPED, failures_of, subjects_of, types_of


@rs.Task
def ids() -> list[int]:
    return [1, 2, 3]


@rs.Task
def square(n: int) -> int:
    return n * n


@rs.Task
def total(v: Any) -> int:
    return sum(v)


@rs.Task
def kept(v: Any) -> list[Any]:
    return list(v)


def source(value: Any) -> rs.Task:
    """Return a task ``source`` whose value is ``value``, or what ``value`` returns if it is a function."""
    return rs.Task(value if callable(value) else lambda: value, name="source")


def run(build: Build, body: Any, *tasks: rs.Task, assets: Any = (), **arguments: Any) -> Any:
    """Run a graph ``g`` with that body without raising failures; return the repository and the result."""
    repo = build(*assets, rs.Asset.from_graph(body, "g"), tasks=tasks, **arguments)
    return repo, repo.materialize(["g"], include_upstream=True, raise_on_error=False)


def value_of(build: Build, body: Any, *tasks: rs.Task, **arguments: Any) -> Any:
    repo, result = run(build, body, *tasks, **arguments)
    assert failures_of(result) == {}
    return repo.load_node("g")


@pytest.mark.rule("graph-assets 3.1.3", "graph-assets 4.1")
def test_what_the_body_is_given_tells_nodes_and_outputs(build: Build) -> None:
    seen: list[Any] = []

    def body() -> Any:
        first = ids()
        mapped = first.map(square, max_concurrency=2)
        collected = mapped.collect()
        seen.extend([first, mapped, collected])
        return total(collected)

    build(rs.Asset.from_graph(body, "g"), tasks=[ids, square, total])
    first, mapped, collected = seen
    assert isinstance(first, rs.InvokedNodeOutput)
    assert isinstance(collected, rs.InvokedNodeOutput)
    assert (first.node_name, first.output_name) == ("g/ids", "result")
    assert (mapped.node_name, mapped.output_name) == ("g/square", "result")
    assert type(mapped).__name__ == "MappedOutput"


def generate() -> Iterator[int]:
    yield from (1, 2, 3)


@pytest.mark.rule("graph-assets 4.2")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2, 3], [1, 4, 9]),
        ((3, 1), [9, 1]),
        ({2}, [4]),
        ({1: "a", 5: "b"}, [1, 25]),
        (range(3), [0, 1, 4]),
        (generate, [1, 4, 9]),
        (lambda: iter([2, 3]), [4, 9]),
    ],
    ids=["list", "tuple", "set", "dict", "range", "generator", "iterator"],
)
def test_whatever_can_be_iterated_is_a_source(build: Build, value: Any, expected: list[int]) -> None:
    made = source(value)
    assert value_of(build, lambda: made().map(square).collect(), made) == expected


@pytest.mark.rule("graph-assets 4.2")
def test_an_asset_may_be_the_source(build: Build) -> None:
    raw = rs.Asset(name="raw")(lambda: [2, 3])
    assert value_of(build, lambda: raw().map(square).collect(), assets=[raw]) == [4, 9]
    assert value_of(build, lambda raw: raw.map(square).collect(), assets=[raw]) == [4, 9]


@pytest.mark.rule("graph-assets 4.5")
def test_dynamic_outputs_name_the_instances_and_are_passed_as_values(build: Build, storage: rs.Storage) -> None:
    made = source(lambda: [rs.DynamicOutput("b", 2), rs.DynamicOutput("a", 1)])
    repo, result = run(build, lambda: kept(made().map(square).collect()), made)
    assert result.success
    assert repo.load_node("g") == [4, 1]
    assert repo.load_node("g/source") == [2, 1]
    named = {name for name in subjects_of(storage, result.run_id, "Materialization") if name and "square" in name}
    assert named == {"g/square[a]", "g/square[b]"}


@pytest.mark.rule("graph-assets 4.6")
def test_mixing_dynamic_outputs_with_plain_values_fails_the_source(build: Build) -> None:
    made = source(lambda: [rs.DynamicOutput("a", 1), 2])
    _, result = run(build, lambda: made().map(square).collect(), made)
    failed = failures_of(result)
    assert failed["g/source"].startswith("TypeError: ")
    assert failed["g"] == SKIPPED


@pytest.mark.rule("graph-assets 4.12")
@pytest.mark.parametrize("value", [[], (), {}])
def test_nothing_to_map_gives_an_empty_list(build: Build, value: Any) -> None:
    made = source(lambda: value)
    assert value_of(build, lambda: kept(made().map(square).collect()), made) == []
    assert value_of(build, lambda: kept(made().map(square).collect_stream()), made) == []


@pytest.mark.rule("graph-assets 4.10")
def test_collecting_gives_a_list_in_the_order_of_the_source(build: Build) -> None:
    @rs.Task
    def looks(v: Any) -> Any:
        return type(v).__name__, v

    @rs.Task
    async def waits(n: int) -> int:
        for _ in range(10 - n):
            await anyio.lowlevel.checkpoint()
        return n

    assert value_of(build, lambda: looks(ids().map(waits).collect()), ids, looks, waits) == ("list", [1, 2, 3])


@pytest.mark.rule("graph-assets 4.11")
@pytest.mark.parametrize("ordered", [False, True])
def test_a_stream_is_an_iterator_that_can_be_read_once(build: Build, ordered: bool) -> None:
    @rs.Task
    def looks(v: Any) -> Any:
        return isinstance(v, list), iter(v) is v, list(v), list(v)

    is_list, is_own_iterator, first, second = value_of(
        build, lambda: looks(ids().map(square).collect_stream(ordered=ordered)), ids, looks
    )
    assert (is_list, is_own_iterator, second) == (False, True, [])
    assert (first if ordered else sorted(first)) == [1, 4, 9]


@pytest.mark.rule("graph-assets 4.11")
@pytest.mark.parametrize("ordered", [False, True])
def test_a_stream_comes_in_the_order_of_completion_or_of_the_source(build: Build, ordered: bool) -> None:
    ended: list[anyio.Event] = []

    @rs.Task
    async def waits(n: int) -> int:
        if not ended:
            ended.append(anyio.Event())
        if n == 1:
            await ended[0].wait()
        if n == 3:
            ended[0].set()
        return n

    body = lambda: kept(ids().map(waits).collect_stream(ordered=ordered))  # noqa: E731
    values = value_of(build, body, ids, waits)
    assert sorted(values) == [1, 2, 3]
    assert (values == [1, 2, 3]) if ordered else (values[-1] == 1)


@pytest.mark.rule("graph-assets 4.13")
@pytest.mark.parametrize("limit", [1, 2, None])
def test_the_limit_caps_what_runs_at_the_same_time(build: Build, limit: int | None) -> None:
    lock = threading.Lock()
    running, most = [0], [0]
    allowed, enough = 6 if limit is None else limit, anyio.Event()

    @rs.Task
    async def counted(n: int) -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        if most[0] >= allowed:
            enough.set()
        with anyio.move_on_after(10):
            await enough.wait()  # the other instances may take a while to begin
        for _ in range(20):  # time in which more than the limit could begin
            await anyio.lowlevel.checkpoint()
        with lock:
            running[0] -= 1
        return n

    made = source(lambda: list(range(6)))
    body = lambda: made().map(counted, max_concurrency=limit).collect()  # noqa: E731
    assert value_of(build, body, made, counted) == list(range(6))
    assert most[0] == allowed


@rs.Task
def fails_on_two(n: int) -> int:
    if n == 2:
        raise ValueError("boom")
    return n


@pytest.mark.rule("graph-assets 4.14")
@pytest.mark.parametrize("how", ["collect", "collect_stream", "ordered"])
def test_a_failed_instance_fails_alone_and_what_collects_is_skipped(
    build: Build, storage: rs.Storage, how: str
) -> None:
    def body() -> Any:
        mapped = ids().map(fails_on_two)
        if how == "collect":
            return total(mapped.collect())
        return total(mapped.collect_stream(ordered=how == "ordered"))

    repo, result = run(build, body, ids, fails_on_two)
    failed = failures_of(result)
    assert failed["g/fails_on_two[1]"] == "ValueError: boom"
    assert {name: failed[name] for name in ("g/fails_on_two__collect", "g/total", "g")} == {
        "g/fails_on_two__collect": SKIPPED,
        "g/total": SKIPPED,
        "g": SKIPPED,
    }
    assert set(failed) <= {"g/fails_on_two[1]", "g/fails_on_two", "g/fails_on_two__collect", "g/total", "g"}
    for index in (0, 2):
        assert types_of(storage, result.run_id, f"g/fails_on_two[{index}]")[-1] == "StepSuccess"
    with pytest.raises(ValueError, match="boom"):
        repo.materialize()


@pytest.mark.rule("graph-assets 4.15")
def test_instances_are_tried_again_by_the_policy_of_their_task(build: Build, storage: rs.Storage) -> None:
    tries: dict[int, int] = {}

    @rs.Task(retry=rs.RetryPolicy(1))
    def flaky(n: int) -> int:
        tries[n] = tries.get(n, 0) + 1
        if n == 2 and tries[n] == 1:
            raise ConnectionError("away")
        return n

    repo, result = run(build, lambda: ids().map(flaky).collect(), ids, flaky)
    assert result.success
    assert repo.load_node("g") == [1, 2, 3]
    assert tries == {1: 1, 2: 2, 3: 1}
    assert subjects_of(storage, result.run_id, "StepRetry") == ["g/flaky[1]"]
