"""What runs stand on is taken down after the last of them, not under their feet."""

from __future__ import annotations

import threading
from typing import Any

import rivers as rs
from rivers._core import AutomationDaemon
from rivers.daemons.left_behind import LeftBehind
from rivers.storage.changes import RunSucceeded


def test_with_nobody_left_it_happens_at_once() -> None:
    calls: list[str] = []
    LeftBehind().afterwards(lambda: calls.append("down"))
    assert calls == ["down"]


def test_the_last_thread_takes_it_down() -> None:
    calls: list[str] = []
    left = LeftBehind()
    left.expect()
    left.expect()
    left.done()
    left.afterwards(lambda: calls.append("down"))
    assert calls == []
    left.done()
    assert calls == ["down"]


STARTED, RELEASED = threading.Event(), threading.Event()


class Connection(rs.Resource):
    """Says when it is taken down."""

    def teardown(self) -> None:
        """Called by the graph's own sibling of the repository."""
        TAKEN_DOWN.set()


TAKEN_DOWN = threading.Event()


@rs.Asset
def slow(connection: Any) -> bool:
    """Waits until the daemon has been stopped, and looks whether its resource is still there."""
    STARTED.set()
    assert RELEASED.wait(30)
    return not TAKEN_DOWN.is_set()


def test_a_run_keeps_its_resources_when_the_daemon_is_stopped_under_it() -> None:
    storage = rs.Storage.memory()
    repo = rs.CodeRepository(
        assets=[slow],
        jobs=[rs.Job("job", [slow])],
        schedules=[
            rs.Schedule(
                cron_schedule="* * * * * *",
                job_name="job",
                default_status=rs.ScheduleStatus.Running,
                name="every_second",
            )
        ],
        resources={"connection": Connection()},
        default_executor=rs.Executor.in_process(),
        run_queue=rs.RunQueueConfig(max_concurrent_runs=1),
    )
    repo.resolve(storage)
    ended = threading.Event()

    def watch(changes: Any) -> None:
        if any(isinstance(change, RunSucceeded) for change in changes):
            ended.set()

    storage.subscribe(watch)
    daemon = AutomationDaemon(repo, storage)
    daemon.start()
    assert STARTED.wait(30)
    daemon.stop()
    assert not TAKEN_DOWN.is_set()

    RELEASED.set()
    assert ended.wait(30)
    assert TAKEN_DOWN.wait(30)
    assert storage.get_runs(status="Success")
