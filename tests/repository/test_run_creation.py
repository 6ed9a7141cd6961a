"""A run that is executed at once: created, or started once more under the id that it has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.queueing.leases import ORPHANED
from rivers.records import NewEvent, NewRun
from rivers.repository.run_creation import completed_steps, enter_run


@pytest.fixture
def storage() -> Generator[rs.Storage]:
    with rs.Storage.memory() as made:
        yield made


def asked_for(at: int = 1, **fields: Any) -> NewRun:
    return NewRun("r", fields.pop("job_name", None), ("a",), "Started", at, **fields)


def record(storage: rs.Storage) -> rs.RunRecord:
    found = storage.get_run("r")
    assert found is not None
    return found


def test_a_new_run_is_created_with_a_lease(storage: rs.Storage) -> None:
    enter_run(storage, asked_for(), resume=True)
    assert (record(storage).status, record(storage).started_at) == ("Started", 1)
    assert storage.renew_leases(storage.session, 9) == 1


@pytest.mark.rule("repository 3.4.7")
def test_a_resumed_run_stays_the_run_of_its_job_and_its_launcher(storage: rs.Storage) -> None:
    by = rs.LaunchedBy.schedule("nightly")
    tags = (("rivers/priority", "3"), ("team", "x"))
    enter_run(storage, asked_for(job_name="job", launched_by=by, tags=tags, run_key="k"), resume=False)
    storage.finish_run("r", "Failure", 2, error="E: boom")
    enter_run(storage, asked_for(3), resume=True)
    found = record(storage)
    assert (found.job_name, found.launched_by, found.run_key) == ("job", by, "k")
    assert (found.tags, found.priority) == (list(tags), 3)
    assert (found.status, found.start_time, found.started_at, found.end_time) == ("Started", 1, 3, None)
    assert (found.error, found.traceback) == (None, None)
    storage.finish_run("r", "Failure", 4)
    enter_run(storage, asked_for(5, tags=(("team", "y"),)), resume=True)
    assert (record(storage).tags, record(storage).priority) == ([("team", "y")], 0)


def test_a_new_run_under_a_used_id_is_described_by_what_was_asked_for_last(storage: rs.Storage) -> None:
    enter_run(storage, asked_for(job_name="job", tags=(("team", "x"),)), resume=False)
    storage.finish_run("r", "Success", 2)
    enter_run(storage, asked_for(3, config={"a": {"rows": 1}}), resume=False)
    found = record(storage)
    assert (found.status, found.job_name, found.tags, found.config) == ("Started", None, [], {"a": {"rows": 1}})


@pytest.mark.parametrize("status", ["Queued", "NotStarted"])
def test_a_run_that_has_not_ended_is_refused_by_name_and_status(storage: rs.Storage, status: str) -> None:
    storage._create_run("r", "job", status, 1)
    with pytest.raises(ExecutionError, match=f"'r' is {status}"):
        enter_run(storage, asked_for(2), resume=True)
    assert record(storage).status == status


def test_a_run_that_is_executed_just_now_is_refused(storage: rs.Storage) -> None:
    enter_run(storage, asked_for(), resume=False)
    with pytest.raises(ExecutionError, match="'r' is Started"):
        enter_run(storage, asked_for(2), resume=True)


def test_what_a_killed_process_left_behind_has_failed_when_the_next_run_begins(tmp_path: Path) -> None:
    program = "import os, sys, rivers as rs\nleave = rs.Asset(name='leave')(lambda: os._exit(3))\n"
    program += "repo = rs.CodeRepository([leave])\nrepo.resolve(rs.Storage.embedded(sys.argv[1]))\nrepo.materialize()"
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 3
    with rs.Storage.embedded(str(tmp_path)) as storage:
        [left] = storage.get_runs()
        assert left.status == "Started"
        enter_run(storage, asked_for(left.start_time + 1), resume=False)
        enter_run(storage, NewRun("other", None, ("a",), "Started", left.start_time + 2), resume=False)
        ended = storage.get_run(left.run_id)
        assert ended is not None
        assert (ended.status, ended.error, ended.end_time) == ("Failure", ORPHANED, left.start_time + 1)
        assert record(storage).status == "Started"


def told(storage: rs.Storage, *events: tuple[str, str]) -> None:
    storage.record_events("r", [NewEvent(kind, at, name, data_version="v") for at, (kind, name) in enumerate(events)])


def test_what_succeeded_last_in_a_run_is_done_with_the_version_that_it_made(storage: rs.Storage) -> None:
    enter_run(storage, asked_for(), resume=False)
    told(storage, ("StepStart", "a"), ("Materialization", "a"), ("StepSuccess", "a"), ("StepStart", "b"))
    told(storage, ("StepFailure", "b"), ("StepSuccess", "c"), ("StepStart", "c"))
    assert completed_steps(storage, "r", None) == {"a": "v"}
    assert completed_steps(storage, "unknown", None) == {}


def test_nothing_is_done_that_was_done_before_a_run_was_begun_anew(storage: rs.Storage) -> None:
    enter_run(storage, asked_for(), resume=False)
    told(storage, ("StepStart", "a"), ("StepSuccess", "a"))
    storage.finish_run("r", "Success", 5)
    enter_run(storage, asked_for(), resume=True)
    assert completed_steps(storage, "r", None) == {"a": None}
    told(storage, ("StepStart", "b"), ("StepSuccess", "b"))
    storage.finish_run("r", "Success", 5)
    enter_run(storage, asked_for(), resume=False)
    assert completed_steps(storage, "r", None) == {}
    told(storage, ("StepStart", "c"), ("StepSuccess", "c"))
    storage.finish_run("r", "Success", 5)
    enter_run(storage, asked_for(), resume=True)
    assert completed_steps(storage, "r", None) == {"c": None}


def test_nothing_is_done_of_a_run_for_another_partition(storage: rs.Storage) -> None:
    enter_run(storage, asked_for(partition_key=rs.PartitionKey.single("x")), resume=False)
    told(storage, ("StepStart", "a"), ("StepSuccess", "a"))
    assert completed_steps(storage, "r", rs.PartitionKey.single("y")) == completed_steps(storage, "r", None) == {}
    assert completed_steps(storage, "r", rs.PartitionKey.single("x")) == {"a": None}
