"""Who has which worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from multiprocessing.connection import wait

import pytest

from rivers.execution.workers.messages import Execute
from rivers.execution.workers.pool import BATCH_MAX, Pace, WorkerPool


@pytest.fixture
def pool() -> Generator[WorkerPool]:
    made = WorkerPool()
    yield made
    made.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_that_came_back_is_lent_again_and_a_surplus_one_ends(pool: WorkerPool) -> None:
    first, second = pool.lend(), pool.lend()
    assert first.pid != second.pid
    pool.take_back(first, keep=1)
    pool.take_back(second, keep=1)
    assert pool.idle_count == 1
    assert pool.lend() is first
    pool.take_back(first, keep=1)
    pool.close()
    assert not is_alive(first.pid)
    assert not is_alive(second.pid)


def test_a_worker_that_comes_back_after_the_end_ends_too(pool: WorkerPool) -> None:
    late = pool.lend()
    pool.close()
    pool.take_back(late, keep=1)
    pool.close()
    assert not is_alive(late.pid)


def test_it_can_be_used_again_after_it_was_closed(pool: WorkerPool) -> None:
    pool.take_back(pool.lend(), keep=1)
    pool.close()
    again = pool.lend()
    again.send(Execute((), ()))
    assert is_alive(again.pid)
    pool.discard(again)


def test_a_worker_that_died_while_it_was_idle_is_not_lent(pool: WorkerPool) -> None:
    dead = pool.lend()
    pool.take_back(dead, keep=1)
    os.kill(dead.pid, signal.SIGKILL)
    assert wait(dead.waited_for(), 30)
    again = pool.lend()
    assert again is not dead
    assert is_alive(again.pid)
    pool.discard(again)


def paced(seconds: float) -> Pace:
    pace = Pace()
    pace.observe(seconds)
    return pace


@pytest.mark.parametrize(
    ("seconds", "remaining", "workers", "batch"),
    [
        (1e-9, 10_000, 2, BATCH_MAX),
        (0.001, 10_000, 2, 20),
        (0.001, 40, 2, 10),  # half of a fair share, so that the workers end together
        (0.001, 1, 2, 1),
        (0.5, 10_000, 2, 1),
    ],
)
def test_a_batch_fits_in_its_time_and_leaves_the_others_their_share(
    seconds: float, remaining: int, workers: int, batch: int
) -> None:
    assert paced(seconds).batch(remaining, workers) == batch


def test_steps_go_one_by_one_until_one_has_been_timed() -> None:
    assert Pace().batch(1000, 2) == 1


def test_a_shorter_step_tells_more_than_a_longer_one() -> None:
    pace = paced(1.0)
    pace.observe(0.0)
    assert pace.seconds == pytest.approx(0.5)
    pace.observe(1.0)
    assert pace.seconds == pytest.approx(0.6)


def test_a_new_worker_is_started_only_for_more_work_than_its_start_takes() -> None:
    assert Pace().deserves_a_new_worker(1, 1)
    assert paced(0.001).deserves_a_new_worker(1, 0)
    assert not paced(0.001).deserves_a_new_worker(100, 1)
    assert paced(0.01).deserves_a_new_worker(100, 1)
    assert not paced(0.01).deserves_a_new_worker(100, 10)
