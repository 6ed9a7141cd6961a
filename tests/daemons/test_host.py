"""``AutomationDaemon`` on real time: it starts whole or raises, stops once, and carries on where the last one stopped.

Nothing here sleeps: every wait is for something that the store tells of. What schedules and sensors do is tested on
simulated time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any

import pytest

import rivers as rs
from rivers._core import AutomationDaemon
from rivers.clock import WallClock
from rivers.daemons.schedules import ScheduleDaemon
from rivers.exceptions import RiversError
from rivers.storage import Storage
from rivers.storage.changes import Change

PATIENCE_SECONDS = 30


@rs.Asset
def raw() -> int:
    return 1


def repo_of(*triggers: rs.Schedule | rs.Sensor, **arguments: Any) -> rs.CodeRepository:
    return rs.CodeRepository(
        [raw],
        jobs=[rs.Job("j", [raw])],
        schedules=[each for each in triggers if isinstance(each, rs.Schedule)],
        sensors=[each for each in triggers if isinstance(each, rs.Sensor)],
        default_executor=rs.Executor.in_process(),
        **arguments,
    )


class Watched:
    """A store, and the changes that it has published since it was opened."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._changes: list[Change] = []
        self._news = threading.Condition()
        storage.subscribe(self._hear)

    def _hear(self, changes: Sequence[Change]) -> None:
        with self._news:
            self._changes.extend(changes)
            self._news.notify_all()

    def wait_for(self, condition: Callable[[], Any]) -> None:
        """Return when the condition holds, looking whenever something has been committed."""
        with self._news:
            assert self._news.wait_for(condition, PATIENCE_SECONDS), "it did not happen"

    def ended(self, status: str = "Success") -> list[rs.RunRecord]:
        return self.storage.get_runs(status=status)


@pytest.fixture
def store() -> Generator[Watched]:
    with Storage.memory() as storage:
        yield Watched(storage)


@pytest.fixture
def daemon(store: Watched) -> Generator[Callable[..., AutomationDaemon]]:
    """Makes daemons over repositories with these triggers, and stops them after the test."""
    made: list[tuple[AutomationDaemon, rs.CodeRepository]] = []

    def make(*triggers: Any, settings: dict[str, Any] | None = None, **arguments: Any) -> AutomationDaemon:
        repo = repo_of(*triggers, **arguments)
        repo.resolve(store.storage)
        made.append((AutomationDaemon(repo, store.storage, **(settings or {})), repo))
        return made[-1][0]

    yield make
    for each, repo in made:
        each.stop()
        repo.shutdown()


Make = Callable[..., AutomationDaemon]


# -- construction, start, stop -----------------------------------------------------------------------------------------


def test_what_is_no_repository_is_refused(store: Watched) -> None:
    with pytest.raises(TypeError, match="CodeRepository"):
        AutomationDaemon("repo", store.storage)


def test_an_interval_that_is_no_duration_is_refused(store: Watched) -> None:
    with pytest.raises(ValueError, match=r"condition_eval_interval.*zz"):
        AutomationDaemon(repo_of(), store.storage, condition_eval_interval="zz")


def test_the_repository_has_to_be_resolved_first(store: Watched) -> None:
    with pytest.raises(RiversError, match="resolve"):
        AutomationDaemon(repo_of(), store.storage).start()


def test_it_is_healthy_between_start_and_stop_only(daemon: Make) -> None:
    each = daemon()
    with pytest.raises(RiversError, match="not running"):
        each.health()
    each.start()
    assert {health.state for health in each.health().daemons.values()} == {"running"}
    each.stop()
    with pytest.raises(RiversError, match="not running"):
        each.health()


def test_a_second_start_is_a_no_op(daemon: Make) -> None:
    each = daemon()
    each.start()
    before = each.health().daemons["ScheduleDaemon"].started_at
    each.start()
    assert each.health().daemons["ScheduleDaemon"].started_at == before


def test_stop_may_be_called_twice_and_a_start_after_it_warns(daemon: Make) -> None:
    each = daemon()
    each.start()
    each.stop()
    assert each.stop() is None
    with pytest.warns(UserWarning, match=r"is stopped; start\(\) did nothing"):
        each.start()


def test_a_stop_before_the_start_finishes_it_as_well(daemon: Make) -> None:
    each = daemon()
    each.stop()
    with pytest.warns(UserWarning, match="is stopped"):
        each.start()


def test_a_daemon_that_cannot_start_is_raised_and_leaves_no_thread(
    daemon: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: ScheduleDaemon) -> None:
        raise OSError("the disk is on fire")

    monkeypatch.setattr(ScheduleDaemon, "recover", fail)
    each = daemon()
    with pytest.raises(RiversError, match="'ScheduleDaemon' could not start: the disk is on fire"):
        each.start()
    assert not [thread for thread in threading.enumerate() if "portal" in thread.name.lower()]
    monkeypatch.undo()
    each.start()
    assert each.health().daemons


def test_what_else_keeps_it_from_starting_is_raised_as_it_is(store: Watched) -> None:
    class Broken(rs.Resource):
        setups: int = 0

        def setup(self) -> None:
            broken.append(1)
            if len(broken) > 1:
                raise ConnectionError("no database there")

    broken: list[int] = []
    repo = repo_of(resources={"database": Broken()})
    repo.resolve(store.storage)
    each = AutomationDaemon(repo, store.storage)
    with pytest.raises(ConnectionError, match="no database there"):
        each.start()
    each.stop()
    repo.shutdown()


def test_a_graph_that_has_ended_by_itself_is_told_at_the_next_call(daemon: Make) -> None:
    each = daemon()
    each.start()
    hosting = each._hosting
    assert hosting is not None
    hosting._portal.call(hosting._stop.set)
    hosting._serving.result(PATIENCE_SECONDS)
    for call in (each.health, each.start):
        with pytest.raises(RiversError, match="the graph has ended"):
            call()
    each.stop()


def test_it_may_share_a_clock(store: Watched) -> None:
    repo = repo_of()
    repo.resolve(store.storage)
    clock = WallClock()
    each = AutomationDaemon(repo, store.storage, clock=clock)
    each.start()
    started = each.health().daemons["ScheduleDaemon"].started_at
    assert started is not None
    assert started <= clock.now()
    each.stop()
    repo.shutdown()


# -- what it does ------------------------------------------------------------------------------------------------------


def test_a_schedule_of_every_second_fires_each_second(store: Watched, daemon: Make) -> None:
    @rs.Schedule(cron_schedule="* * * * * *", job_name="j", default_status=rs.ScheduleStatus.Running)
    def every_second(context: rs.ScheduleEvaluationContext) -> rs.RunRequest:
        return rs.RunRequest(tags={"at": context.scheduled_execution_time})

    each = daemon(every_second)
    each.start()
    store.wait_for(lambda: len(store.ended()) >= 2)
    each.stop()

    ticks = store.storage.get_ticks("every_second")[::-1]
    times = [tick.scheduled_at for tick in ticks]
    assert all(time is not None and time % 10**9 == 0 for time in times)
    assert len(set(times)) == len(times)
    runs = {run.run_id: run for run in store.storage.get_runs()}
    for tick in ticks:
        assert tick.timestamp >= (tick.scheduled_at or 0)
        for run_id in tick.run_ids:
            assert dict(runs[run_id].tags)["at"].endswith("Z")
            assert runs[run_id].launched_by == rs.LaunchedBy.schedule("every_second")


def test_at_most_so_many_ticks_are_kept_after_any_write(store: Watched, daemon: Make) -> None:
    counts: list[int] = []

    @rs.Sensor(job_name="j", minimum_interval="1ms", default_status=rs.SensorStatus.Running)
    def busy() -> list[rs.RunRequest]:
        return []

    store.storage.subscribe(lambda changes: counts.append(len(store.storage.get_ticks("busy"))))
    each = daemon(busy, settings={"max_ticks_retained": 3})
    each.start()
    store.wait_for(lambda: len(counts) >= 8)
    each.stop()
    assert max(counts) == len(store.storage.get_ticks("busy")) == 3


def test_cursors_and_ticks_carry_over_to_the_next_one(store: Watched, daemon: Make) -> None:
    @rs.Sensor(job_name="j", minimum_interval="1ms", default_status=rs.SensorStatus.Running)
    def counter(context: rs.SensorEvaluationContext) -> rs.SensorResult:
        n = int(context.cursor or 0) + 1
        return rs.SensorResult(run_requests=[rs.RunRequest(run_key=str(n // 2))], cursor=str(n))

    for expected in (3, 6, 9):
        each = daemon(counter)
        each.start()
        store.wait_for(lambda expected=expected: len(store.storage.get_ticks("counter")) >= expected)
        each.stop()
    ticks = store.storage.get_ticks("counter")[::-1]
    assert [tick.cursor for tick in ticks] == [str(number + 1) for number in range(len(ticks))]
    assert [tick.seq for tick in ticks] == list(range(1, len(ticks) + 1))
    keys = [run.run_key for run in store.storage.get_runs()]
    assert len(keys) == len(set(keys)) == len(ticks) // 2 + 1


def test_a_stop_drains_the_evaluation_in_flight(store: Watched, daemon: Make) -> None:
    entered, release = threading.Event(), threading.Event()

    @rs.Sensor(job_name="j", minimum_interval="1h", default_status=rs.SensorStatus.Running)
    def held() -> rs.SensorResult:
        entered.set()
        release.wait(PATIENCE_SECONDS)
        return rs.SensorResult(cursor="drained")

    each = daemon(held)
    each.start()
    assert entered.wait(PATIENCE_SECONDS)
    stopping = threading.Thread(target=each.stop)
    stopping.start()
    assert store.storage.get_ticks("held") == []
    release.set()
    stopping.join(PATIENCE_SECONDS)
    assert [tick.cursor for tick in store.storage.get_ticks("held")] == ["drained"]
