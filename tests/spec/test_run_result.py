"""``RunResult`` and ``RunHandle``."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError
from tests.spec.conftest import Build
from tests.spec.recorded import SKIPPED, subjects_of

ASYNC = pytest.mark.anyio


@rs.Asset
def raw() -> int:
    return 1


def failing(error: BaseException) -> Any:
    """Return a function that raises ``error``."""

    def fails() -> int:
        raise error

    return fails


@pytest.mark.rule("repository 5.1")
def test_success_is_true_exactly_when_nothing_failed(build: Build) -> None:
    repo = build(raw, rs.Asset(failing(ValueError("boom")), name="bad"))
    good, bad = repo.materialize(["raw"]), repo.materialize(raise_on_error=False)
    assert (good.success, good.failed_assets) == (True, [])
    assert (bad.success, [name for name, _ in bad.failed_assets]) == (False, ["bad"])
    assert isinstance(good.run_id, str)
    assert good.run_id != bad.run_id


@pytest.mark.rule("repository 5.2")
def test_every_node_that_was_attempted_is_listed_in_topological_order(build: Build, storage: rs.Storage) -> None:
    last = rs.Asset(name="last")(lambda middle, raw: 1)
    middle = rs.Asset(name="middle")(lambda bad: 1)
    bad = rs.Asset(failing(ValueError("boom")), name="bad")
    free = rs.Asset(name="free")(lambda raw: 1)
    result = build(last, middle, free, bad, raw).materialize(raise_on_error=False)
    assert sorted(result.materialized_assets) == ["bad", "free", "last", "middle", "raw"]
    place = result.materialized_assets.index
    assert place("bad") < place("middle") < place("last")
    assert place("raw") < place("free")
    assert place("raw") < place("last")
    assert subjects_of(storage, result.run_id, "StepStart") == [
        name for name in result.materialized_assets if name not in ("middle", "last")
    ]


@pytest.mark.rule("repository 5.3")
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("boom"), "ValueError: boom"),
        (KeyError("k"), "KeyError: 'k'"),
        (OSError(2, "missing"), "FileNotFoundError: [Errno 2] missing"),
        (TimeoutError(), "TimeoutError: "),
    ],
)
def test_a_failure_is_its_type_and_what_it_says_of_itself(build: Build, error: BaseException, text: str) -> None:
    down = rs.Asset(name="down")(lambda bad: bad)
    result = build(rs.Asset(failing(error), name="bad"), down).materialize(raise_on_error=False)
    assert result.failed_assets == [("bad", text), ("down", SKIPPED)]


@pytest.mark.rule("repository 5.3")
def test_failures_are_listed_in_the_order_in_which_they_happened(build: Build) -> None:
    late = rs.Asset(name="a_late")(lambda raw: 1 / 0)
    early = rs.Asset(failing(ValueError("1")), name="z_early")
    result = build(late, early, raw).materialize(raise_on_error=False)
    assert [name for name, _ in result.failed_assets] == ["z_early", "a_late"]


@pytest.mark.rule("repository 5.4")
def test_the_repr_shows_success_the_id_and_the_counts(build: Build) -> None:
    repo = build(raw, rs.Asset(failing(ValueError("boom")), name="bad"))
    text = repr(repo.materialize(raise_on_error=False, run_id_override="mine"))
    assert all(part in text for part in ("False", "mine", "2", "1"))


@pytest.mark.rule("repository 5.8")
def test_submitting_without_a_queue_says_what_is_missing(build: Build) -> None:
    with pytest.raises(ExecutionError, match="RunQueueConfig"):
        build(raw)._submit_run(["raw"])


@pytest.mark.rule("repository 5.7")
def test_a_handle_tells_the_status_and_gives_up_waiting_when_told(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, run_queue=rs.RunQueueConfig())
    handle = repo._submit_run(["raw"])
    assert isinstance(handle, rs.RunHandle)
    assert handle.status == "Queued"
    with pytest.raises(TimeoutError):
        handle.wait(timeout=0.001)
    handle.cancel()
    assert handle.status == "Canceled"
    result = handle.wait()
    assert (result.success, result.run_id, result.materialized_assets) == (False, handle.run_id, [])
    handle.cancel()
    assert handle.status == "Canceled"


@pytest.mark.rule("repository 5.7")
@ASYNC
async def test_a_handle_of_a_submitted_run_waits_for_its_result(storage: rs.Storage) -> None:
    bad = rs.Asset(name="bad")(lambda raw: 1 / 0)
    repo = rs.CodeRepository([raw, bad], run_queue=rs.RunQueueConfig())
    async with rs.automation_graph(repo, storage=storage) as graph:
        handles = [graph.repo._submit_run(names) for names in (["raw"], ["raw", "bad"])]
        good, failed = [await graph.clock.offload(("wait", handle.run_id), handle.wait, 30) for handle in handles]
    assert good == rs.RunResult(True, handles[0].run_id, ["raw"], [])
    assert failed.failed_assets == [("bad", "ZeroDivisionError: division by zero")]
    assert [handle.status for handle in handles] == ["Success", "Failure"]
    handles[0].cancel()
    assert handles[0].status == "Success"


@pytest.mark.rule("repository 5.7")
@ASYNC
async def test_a_started_run_is_cancelled_through_its_handle(storage: rs.Storage) -> None:
    began = threading.Event()

    @rs.Asset
    def waits(context: rs.AssetExecutionContext) -> None:
        began.set()
        while not context.cancelled:
            time.sleep(0.002)

    later = rs.Asset(name="later", deps=[rs.AssetDef.dep("waits")])(lambda: 1)
    repo = rs.CodeRepository([waits, later], run_queue=rs.RunQueueConfig())
    async with rs.automation_graph(repo, storage=storage) as graph:
        handle = graph.repo._submit_run(["waits", "later"])
        assert await graph.clock.offload(("began",), began.wait, 30)
        assert handle.status in ("Started", "Running")
        handle.cancel()
        result = await graph.clock.offload(("wait",), handle.wait, 30)
    assert (result.success, handle.status) == (False, "Canceled")
    assert "later" not in result.materialized_assets


@pytest.mark.rule("repository 5.7")
@ASYNC
async def test_a_handle_tells_the_newer_end_of_a_run_that_was_resumed(storage: rs.Storage) -> None:
    tries: list[int] = []

    def shaky(raw: int) -> int:
        tries.append(1)
        return raw // (len(tries) - 1)

    repo = rs.CodeRepository([raw, rs.Asset(shaky)], run_queue=rs.RunQueueConfig())
    async with rs.automation_graph(repo, storage=storage) as graph:
        handle = graph.repo._submit_run(["raw", "shaky"])
        failed = await graph.clock.offload(("wait",), handle.wait, 30)
        assert (failed.success, [name for name, _ in failed.failed_assets]) == (False, ["shaky"])
        resumed = graph.repo.materialize(run_id_override=handle.run_id, resume=True)
        assert resumed == handle.wait() == rs.RunResult(True, handle.run_id, ["raw", "shaky"], [])
        assert handle.status == "Success"
