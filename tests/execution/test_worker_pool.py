"""Who has which worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from multiprocessing.connection import wait

import pytest

from rivers.execution.worker_messages import Execute
from rivers.execution.worker_pool import WorkerPool


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
