"""Threads that are kept for the next job."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rivers.clock import threads
from rivers.clock.threads import Seat, ThreadCache, seat_here, sit


def run(cache: ThreadCache, work: Callable[[], object]) -> object:
    """Run one job and wait for its delivery."""
    delivered: list[object] = []
    done = threading.Event()
    cache.run(work, lambda outcome: (delivered.append(outcome), done.set()))
    assert done.wait(10)
    return delivered[0]


def test_an_idle_thread_takes_the_next_job() -> None:
    cache = ThreadCache()
    assert len({run(cache, threading.get_ident) for _ in range(20)}) == 1


def test_jobs_at_one_time_have_threads_of_their_own() -> None:
    cache, barrier, met = ThreadCache(), threading.Barrier(5), threading.Semaphore(0)
    for _ in range(4):
        cache.run(lambda: barrier.wait(10), lambda _: met.release())
    barrier.wait(10)
    for _ in range(4):
        assert met.acquire(timeout=10)


def test_a_job_that_blocks_holds_up_none_of_those_behind_it() -> None:
    cache, release, done = ThreadCache(), threading.Event(), threading.Semaphore(0)
    cache.run(lambda: release.wait(10), lambda _: done.release())
    for _ in range(20):
        cache.run(lambda: None, lambda _: done.release())
    for _ in range(20):
        assert done.acquire(timeout=10)
    release.set()
    assert done.acquire(timeout=10)


def test_a_delivery_that_raises_is_logged_and_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    cache, raised = ThreadCache(), threading.Event()

    def deliver(outcome: object) -> None:
        raised.set()
        raise LookupError("nobody is there")

    cache.run(lambda: None, deliver)
    assert raised.wait(10)
    assert [run(cache, lambda: "next") for _ in range(3)] == ["next"] * 3
    assert "could not be handed over" in caplog.text


def test_a_job_that_no_thread_can_be_started_for_is_refused_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, ran = ThreadCache(), []

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            cache.run(lambda: ran.append("refused"), lambda _: None)
    assert run(cache, lambda: "a later one") == "a later one"
    assert ran == []


def test_threads_are_daemons_and_end_when_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.001)
    cache = ThreadCache()
    thread = run(cache, threading.current_thread)
    assert isinstance(thread, threading.Thread)
    assert thread.daemon
    thread.join(10)
    assert not thread.is_alive()
    assert run(cache, lambda: "a new thread") == "a new thread"


def test_an_idle_thread_keeps_nothing_of_its_last_job_alive() -> None:
    cache, gone = ThreadCache(), threading.Event()

    class Big:
        def __del__(self) -> None:
            gone.set()

    run(cache, Big)
    run(cache, lambda: None)
    assert gone.wait(10)


def test_a_seat_is_known_on_its_own_thread_and_to_its_own_clock() -> None:
    owner, other = object(), object()
    seat = Seat(owner, 0, 0)
    assert sit(seat) is None
    try:
        assert seat_here(owner) is seat
        assert seat_here(other) is None
        assert run(ThreadCache(), lambda: seat_here(owner)) is None
    finally:
        assert sit(None) is seat
