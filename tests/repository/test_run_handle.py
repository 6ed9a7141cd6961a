"""Submitting to the queue, and the handle on what was submitted."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

import rivers as rs
from rivers.exceptions import (
    ExecutionError,
)
from rivers.execution.run_execution import conclude


@pytest.fixture
def storage() -> Generator[rs.Storage]:
    with rs.Storage.memory() as made:
        yield made


@rs.Asset
def raw() -> int:
    return 1


def test_submitting_needs_a_queue(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([raw])
    repo.resolve(storage)
    with pytest.raises(ExecutionError, match="RunQueueConfig"):
        repo._submit_run(["raw"])


def test_a_submitted_run_is_queued_and_its_handle_waits_for_its_end(storage: rs.Storage) -> None:
    @rs.Asset
    def bad(raw: int) -> int:
        raise ValueError("boom")

    repo = rs.CodeRepository([raw, bad], jobs=[rs.Job("j", [raw, bad])], run_queue=rs.RunQueueConfig())
    repo.resolve(storage)
    handle = repo._submit_run(job_name="j", tags=[("rivers/priority", "3")])
    assert handle.status == "Queued"
    with pytest.raises(TimeoutError):
        handle.wait(timeout=0)
    waited: list[rs.RunResult] = []
    waiter = threading.Thread(target=lambda: waited.append(handle.wait(30)))
    waiter.start()
    assert storage.admit_runs([handle.run_id], 2) == [handle.run_id]
    [record] = storage.start_runs([handle.run_id], owner=storage.session, at=3, lease_until=4)
    assert (record.priority, record.job_name) == (3, "j")
    conclude(repo.storage, repo.carry_out(record))
    waiter.join(30)
    [result] = waited
    assert result == rs.RunResult(False, handle.run_id, ["raw", "bad"], [("bad", "ValueError: boom")])
    handle.cancel()
    assert handle.status == "Failure"
    other = repo._submit_run(["raw"])
    other.cancel()
    assert other.status == "Canceled"
    assert other.wait() == rs.RunResult(False, other.run_id, [], [])
