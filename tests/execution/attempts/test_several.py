"""Multi-assets: what their function returns or yields becomes the values of their outputs, each for itself."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.exceptions import AssetOutputValidationError, ExecutionError
from tests.repositories import Build


def multi(function: Any, *outputs: Any, **options: Any) -> Any:
    defs = [rs.AssetDef(output) if isinstance(output, str) else output for output in outputs or ("a", "b")]
    return rs.Asset.from_multi(function, defs, **options)


def happened(repo: rs.CodeRepository, result: rs.RunResult) -> list[tuple[str, str | None]]:
    return [(event.event_type, event.asset_key) for event in repo.storage.get_events_for_run(result.run_id)]


def mapping() -> dict[str, int]:
    return {"a": 1, "b": 2, "surplus": 3}


def yielding() -> Iterator[Any]:
    yield rs.Output(1, output_name="a", metadata={"rows": 1})
    yield rs.Output(2, output_name="b", data_version="v2")


async def mapping_later() -> rs.Output:
    return rs.Output(mapping())


async def yielding_later() -> AsyncIterator[Any]:
    for each in yielding():
        yield each


@pytest.mark.rule("assets 6.13", "assets 6.15", "assets 6.16", "execution 2.11")
@pytest.mark.parametrize(
    ("function", "executor"),
    [
        *((function, rs.Executor.in_process()) for function in (mapping, yielding, mapping_later, yielding_later)),
        (yielding, rs.Executor.parallel(2)),
    ],
)
def test_every_form_gives_each_output_its_value(build: Build, function: Any, executor: Any, tmp_path: Path) -> None:
    handler = rs.PickleIOHandler(store=LocalStore(tmp_path))
    beside = rs.Asset(lambda: 0, name="beside", io_handler=handler)
    repo = build(multi(function, io_handler=handler), beside, default_executor=executor)
    result = repo.materialize()
    assert (repo.load_node("a"), repo.load_node("b")) == (1, 2)
    assert result.materialized_assets == ["a", "b", "beside"]
    own = [(kind, key) for kind, key in happened(repo, result) if key != "beside" and key is not None]
    assert own == [
        ("StepStart", "a"),
        ("StepStart", "b"),
        ("Materialization", "a"),
        ("StepSuccess", "a"),
        ("Materialization", "b"),
        ("StepSuccess", "b"),
    ]


@pytest.mark.rule("assets 6.22")
def test_only_the_outputs_asked_for_are_kept_and_the_context_says_which(build: Build) -> None:
    asked: list[Any] = []

    def both(context: rs.AssetExecutionContext) -> dict[str, int]:
        asked.append((context.asset_name, context.is_multi_asset, context.output_selection))
        return {"a": 1, "b": 2}

    repo = build(multi(both))
    assert repo.materialize(["b"]).materialized_assets == ["b"]
    repo.materialize()
    assert asked == [("both", True, ["b"]), ("both", True, ["a", "b"])]


@pytest.mark.rule("assets 6.14", "repository 5.6")
def test_a_missing_key_fails_its_output_only_and_what_hangs_on_it(build: Build) -> None:
    def one() -> dict[str, int]:
        return {"a": 1}

    below_a = rs.Asset(lambda a: a + 1, name="below_a")
    below_b = rs.Asset(lambda b: b + 1, name="below_b")
    repo = build(multi(one), below_a, below_b)
    result = repo.materialize(raise_on_error=False)
    assert [name for name, _ in result.failed_assets] == ["b", "below_b"]
    assert result.failed_assets[0][1] == "KeyError: 'b'"
    assert repo.load_node("below_a") == 2
    assert repo.materialize(["a"]).success


@pytest.mark.rule("assets 6.21")
@pytest.mark.parametrize("value", [[1, 2], (1, 2), None, 3])
def test_anything_else_fails_every_output(build: Build, value: Any) -> None:
    repo = build(multi(lambda: value, name="m"))
    with pytest.raises(TypeError, match=rf"multi-asset 'm' must return a mapping .* returned a {type(value).__name__}"):
        repo.materialize()
    assert [name for name, _ in repo.materialize(raise_on_error=False).failed_assets] == ["a", "b"]


@pytest.mark.rule("assets 6.30")
def test_what_was_yielded_before_a_failure_stays_and_nothing_is_tried_again(build: Build) -> None:
    calls: list[int] = []

    def falls() -> Iterator[Any]:
        calls.append(1)
        yield rs.Output(1, output_name="a")
        raise ValueError("boom")

    repo = build(multi(falls, retry=rs.RetryPolicy(3)))
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets == [("b", "ValueError: boom")]
    assert (repo.load_node("a"), calls) == (1, [1])


@pytest.mark.rule("assets 6.30")
def test_a_generator_that_falls_before_its_first_output_is_tried_again(build: Build) -> None:
    calls: list[int] = []

    def shaky() -> Iterator[Any]:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("boom")
        yield from yielding()

    repo = build(multi(shaky, retry=rs.RetryPolicy(1)))
    result = repo.materialize()
    assert [kind for kind, key in happened(repo, result) if key == "a"] == [
        "StepStart",
        "StepRetry",
        "StepStart",
        "Materialization",
        "StepSuccess",
    ]


@pytest.mark.rule("assets 6.19")
@pytest.mark.parametrize(
    ("yielded", "message"),
    [
        (3, "must yield Output, Observation or Materialization, it yielded a int"),
        (rs.Output(3), "yielded a Output without output_name"),
    ],
)
def test_a_generator_must_name_its_outputs(build: Build, yielded: Any, message: str) -> None:
    def wrong() -> Iterator[Any]:
        yield yielded

    with pytest.raises(ExecutionError, match=f"multi-asset 'wrong' {message}"):
        build(multi(wrong)).materialize()


@pytest.mark.rule("assets 6.17", "assets 6.20")
def test_a_generator_that_ends_early_fails_the_output_that_it_left_out(build: Build) -> None:
    def early() -> Iterator[Any]:
        yield rs.Output(1, output_name="unknown")
        yield rs.Output(1, output_name="a")
        yield rs.Output(2, output_name="a")

    repo = build(multi(early))
    result = repo.materialize(raise_on_error=False)
    assert result.failed_assets == [("b", "ExecutionError: multi-asset 'early' ended without yielding its output 'b'")]
    assert repo.load_node("a") == 2


@pytest.mark.parametrize("is_async", [False, True], ids=["generator", "async generator"])
def test_a_generator_whose_result_is_refused_has_cleaned_up_when_its_failure_is_recorded(
    build: Build, is_async: bool
) -> None:
    seen: list[str] = []

    def wrong() -> Iterator[Any]:
        try:
            yield 1
        finally:
            seen.append("cleaned up")

    async def wrong_async() -> AsyncIterator[Any]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned up")

    def fails(context: rs.HookContext) -> None:
        seen.append("failed")

    step = multi(wrong_async if is_async else wrong, hooks=[rs.Hook.failure(fails)])
    result = build(step).materialize(raise_on_error=False)
    assert "must yield Output, Observation or Materialization" in result.failed_assets[0][1]
    assert seen[0] == "cleaned up"
    assert "failed" in seen


@pytest.mark.rule("assets 6.16")
def test_outputs_are_stored_while_the_generator_goes_on(build: Build, tmp_path: Path) -> None:
    seen: list[bool] = []

    def slow() -> Iterator[Any]:
        yield rs.Output(1, output_name="a")
        seen.append((tmp_path / "a.pkl").exists())
        yield rs.Output(2, output_name="b")

    build(multi(slow, io_handler=rs.PickleIOHandler(store=LocalStore(tmp_path)))).materialize()
    assert seen == [True]


@pytest.mark.rule("assets 6.27")
def test_the_return_annotation_is_that_of_the_returned_object(build: Build) -> None:
    def wrong() -> int:
        return {"a": 1, "b": 2}

    with pytest.raises(AssetOutputValidationError, match="wrong: returned a value of type dict, expected int"):
        build(multi(wrong)).materialize()


@pytest.mark.rule("repository 3.4.9")
def test_a_resumed_run_asks_for_the_outputs_that_are_not_there_yet(build: Build) -> None:
    asked: list[list[str]] = []

    def both(context: rs.AssetExecutionContext) -> dict[str, int]:
        asked.append(context.output_selection)
        return {"a": 1} if len(asked) == 1 else {"a": 1, "b": 2}

    repo = build(multi(both))
    repo.materialize(run_id_override="r", raise_on_error=False)
    result = repo.materialize(run_id_override="r", resume=True)
    assert (result.success, result.materialized_assets, asked) == (True, ["a", "b"], [["a", "b"], ["b"]])


def test_a_mapping_may_make_the_value_of_a_missing_key(build: Build) -> None:
    repo = build(multi(lambda: defaultdict(int, a=1)))
    repo.materialize()
    assert repo.load_node("b") == 0
