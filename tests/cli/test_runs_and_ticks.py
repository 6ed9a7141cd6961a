"""``rivers runs`` and ``rivers ticks``: tables for people, documents for programs."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from rivers.cli.runs import event_line
from rivers.partitions.keys import PartitionKey
from rivers.records import NewEvent, NewRun
from rivers.storage import Storage

if TYPE_CHECKING:
    from tests.cli.conftest import Project


@pytest.fixture
def stored(project: Project) -> Project:
    """A project with a run that succeeded and one that failed."""
    project.write("failing", "import rivers as rs\n@rs.Asset\ndef bad():\n    raise ValueError('boom')\n"
                             "repo = rs.CodeRepository(assets=[bad])\n")  # fmt: skip
    assert project.rivers("materialize", "pipeline").returncode == 0
    assert project.rivers("materialize", "failing").returncode == 1
    return project


def test_runs_are_listed_newest_first_in_80_columns(stored: Project) -> None:
    done = stored.rivers("runs")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[0].split() == ["RUN", "CREATED", "STATUS", "TARGET", "NOTE"]
    assert done.stdout.index("Failure") < done.stdout.index("Success")


def test_runs_are_filtered_by_status_whatever_its_case_and_limited(stored: Project) -> None:
    (run,) = json.loads(stored.rivers("runs", "--status", "failure", "--json").stdout)
    assert (run["status"], run["error"]) == ("Failure", "ValueError: boom")
    assert len(json.loads(stored.rivers("runs", "--limit", "1", "--json").stdout)) == 1
    assert stored.rivers("runs", "--status", "Queued").stdout == "No runs of status Queued.\n"


def test_show_takes_the_beginning_of_an_id_and_tells_all(stored: Project) -> None:
    failed, succeeded = json.loads(stored.rivers("runs", "--json").stdout)
    shown = stored.rivers("runs", "show", failed["run_id"][:8])
    assert shown.returncode == 0, shown.stderr
    for part in (failed["run_id"], "Failure", "ValueError: boom", "StepFailure", "failing.py"):
        assert part in shown.stdout
    assert "hello from a" in stored.rivers("runs", "show", succeeded["run_id"]).stdout
    document = json.loads(stored.rivers("runs", "show", failed["run_id"], "--json").stdout)
    assert [event["event_type"] for event in document["events"]] == ["StepStart", "StepFailure"]


def test_the_partition_of_a_run_is_shown_in_its_canonical_form(project: Project) -> None:
    batch = PartitionKey.multi({"r": ["y", "x"], "d": "1"})
    with Storage.embedded(str(project.folder / ".rivers" / "storage")) as storage:
        storage.create_run(NewRun("r1", "nightly", ("a",), "NotStarted", 1, partition_key=batch))
        storage.record_events("r1", [NewEvent("StepFailure", 1, "a", PartitionKey.multi({"d": "1", "r": "x"}))])
    assert "nightly [d=1|r=x,y]" in project.rivers("runs").stdout
    shown = project.rivers("runs", "show", "r1").stdout
    assert "Partition:   d=1|r=x,y\n" in shown
    assert "a [d=1|r=x]" in shown
    assert json.loads(project.rivers("runs", "show", "r1", "--json").stdout)["partition_key"] == "d=1|r=x,y"


def test_whatever_a_key_holds_an_event_is_one_line_that_drives_no_terminal() -> None:
    event: dict[str, Any] = {
        "timestamp": 0,
        "event_type": "StepSuccess",
        "step": "a\nb",
        "partition_key": "\x1b[2Jx\ny",
        "metadata": [("rows\r", " 3\n")],
    }
    assert event_line(event) == "1970-01-01 00:00:00 UTC  StepSuccess      a b [ [2Jx y] rows =3"


def test_an_unknown_run_is_named(stored: Project) -> None:
    done = stored.rivers("runs", "show", "nope")
    assert (done.returncode, done.stderr) == (1, "Error: Run 'nope' not found\n")


def test_ticks_are_listed_for_one_automation_and_for_all_and_unknown_ones_get_near_matches(project: Project) -> None:
    with project.serve("pipeline") as server:
        server.expect("sensor watch #1")
        online = project.rivers("ticks", "--json").stdout
        unknown = project.rivers("ticks", "wtch")
    (tick,) = json.loads(project.rivers("ticks", "watch", "--json").stdout)
    assert (tick["status"], tick["skip_reason"], tick["cursor"]) == ("Skipped", "nothing new", "17")
    assert json.loads(online) == [tick]
    for done in (unknown, project.rivers("ticks", "wtch")):
        assert done.returncode == 1
        assert "did you mean 'watch'" in done.stderr
    table = project.rivers("ticks").stdout
    assert "nothing new" in table
    assert max(len(line) for line in table.splitlines()) <= 80
    assert project.rivers("ticks", "yearly").stdout == "No ticks yet.\n"


def test_metadata_is_shown_as_its_values_and_without_the_classes_of_exceptions(stored: Project) -> None:
    failed, succeeded = json.loads(stored.rivers("runs", "--json").stdout)
    assert "storage=memory size_bytes=" in stored.rivers("runs", "show", succeeded["run_id"]).stdout
    shown = stored.rivers("runs", "show", failed["run_id"]).stdout
    assert "StepFailure      bad error=ValueError: boom rivers/failure_reason=error\n" in shown


QUEUED = """
import rivers as rs

@rs.Asset
def a():
    return 1

every_second = rs.Schedule(
    name="every_second", cron_schedule="* * * * * *", job_name="ab", default_status=rs.ScheduleStatus.Running
)
repo = rs.CodeRepository(
    assets=[a],
    jobs=[rs.Job("ab", [a])],
    schedules=[every_second],
    run_queue=rs.RunQueueConfig(max_concurrent_runs=0),
)
"""


def test_a_run_is_cancelled_through_the_server_and_without_one(project: Project) -> None:
    project.write("queued", QUEUED)
    with project.serve("queued") as server:
        first = server.expect(r"run (\w+) queued").group(1)
        left = server.expect(r"run (\w+) queued").group(1)
        done = project.rivers("runs", "cancel", first)
        assert (done.returncode, done.stdout) == (0, f"Run {first} is Canceled.\n")
        server.expect(f"run {first} canceled")
        server.signal(signal.SIGINT)
        assert server.wait() == 0
    assert json.loads(project.rivers("runs", "cancel", left, "--json").stdout)["status"] == "Canceled"
    again = project.rivers("runs", "cancel", left)
    assert (again.returncode, again.stderr) == (1, f"Error: run {left} has ended already, with status Canceled\n")
    assert project.rivers("runs", "cancel", "nope").stderr == "Error: Run 'nope' not found\n"
