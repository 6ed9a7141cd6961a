"""The loop that user coroutines run on: from any thread, never stopped by what a coroutine does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest

from rivers.exceptions import ExecutionError
from rivers.execution.attempts.coroutine_host import CoroutineHost, HostedCoroutine, settle

LIMIT = 30.0


@pytest.fixture
def host() -> Generator[CoroutineHost]:
    made = CoroutineHost()
    yield made
    made.close()


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_a_coroutine_runs_on_asyncio_in_another_thread(host: CoroutineHost) -> None:
    async def where() -> int:
        assert asyncio.get_running_loop().is_running()
        return threading.get_ident()

    assert host.run(where) != threading.get_ident()
    assert host.submit(answer).result(LIMIT) == 42


def test_the_future_is_handed_out_before_the_coroutine_begins(host: CoroutineHost) -> None:
    order: list[object] = []

    def take_slowly(future: Future[None]) -> None:
        host.run(answer)  # the loop has had its turn, and would have begun what was already there
        order.append(future)

    async def begin() -> None:
        order.append("begun")

    future = host.submit(begin, take_slowly)
    future.result(LIMIT)
    assert order == [future, "begun"]


def test_coroutines_run_beside_each_other(host: CoroutineHost) -> None:
    met = asyncio.Event()

    async def wait() -> str:
        await met.wait()
        return "met"

    async def meet() -> None:
        met.set()

    waiting = host.submit(wait)
    host.run(meet)
    assert waiting.result(LIMIT) == "met"


@pytest.mark.parametrize("fault", [ValueError("boom"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_a_coroutine_raises_comes_back_and_the_loop_lives_on(
    host: CoroutineHost, fault: BaseException
) -> None:
    async def fail() -> None:
        raise fault

    with pytest.raises(type(fault)) as caught:
        host.run(fail)
    assert caught.value is fault
    assert host.run(answer) == 42


async def cancelled_by_itself() -> None:
    raise asyncio.CancelledError


async def cancelled_through_its_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def cancelled_with_what_it_awaits() -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    task.cancel()
    await task


@pytest.mark.parametrize("coroutine", [cancelled_by_itself, cancelled_through_its_task, cancelled_with_what_it_awaits])
def test_a_cancellation_that_nobody_asked_for_comes_back_as_an_error(
    host: CoroutineHost, coroutine: Callable[[], Coroutine[None, None, None]]
) -> None:
    with pytest.raises(ExecutionError, match=r"CancelledError.*nobody had cancelled it") as caught:
        host.run(coroutine)
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    assert host.run(answer) == 42


def test_a_coroutine_cancelled_before_it_began_comes_back_as_an_error(host: CoroutineHost) -> None:
    async def cancel_every_task_with_a_new_one() -> None:
        met.append(host.submit(answer))
        await asyncio.sleep(0)  # the new task exists now, and its first step comes in the next round
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    met: list[Future[int]] = []
    host.run(cancel_every_task_with_a_new_one)
    with pytest.raises(ExecutionError, match="nobody had cancelled it"):
        met[0].result(LIMIT)
    assert host.run(answer) == 42


@pytest.mark.parametrize("fault", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_a_task_of_a_coroutine_ends_neither_the_loop_nor_another_coroutine(
    host: CoroutineHost, fault: type[BaseException]
) -> None:
    async def leave() -> None:
        raise fault

    async def start_a_task_that_leaves() -> None:
        await asyncio.create_task(leave())

    met = asyncio.Event()
    waiting = host.submit(met.wait)
    with pytest.raises(fault):
        host.submit(start_a_task_that_leaves).result(LIMIT)

    async def meet() -> None:
        met.set()

    host.submit(meet).result(LIMIT)
    assert waiting.result(LIMIT)


def test_the_coroutine_sees_the_context_of_the_submitting_thread(host: CoroutineHost) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="unset")

    async def read() -> str:
        return variable.get()

    variable.set("set here")
    assert host.run(read) == "set here"


def test_cancelling_the_future_cancels_the_coroutine(host: CoroutineHost) -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def hang() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    future = host.submit(hang)
    assert started.wait(LIMIT)
    assert future.cancel()
    assert cancelled.wait(LIMIT)


def test_a_coroutine_asked_to_end_is_over_when_it_has_cleaned_up(host: CoroutineHost) -> None:
    started, cleaning, cleaned = threading.Event(), asyncio.Event(), threading.Event()

    async def hang() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await cleaning.wait()
            cleaned.set()

    async def let_it_clean_up() -> None:
        assert not future.done()
        cleaning.set()

    future = host.submit(hang)
    assert started.wait(LIMIT)
    host.ask_to_end(future)
    host.ask_to_end(future, lambda: True)  # or it would be disturbed
    host.run(let_it_clean_up)
    with pytest.raises(CancelledError):
        future.result(LIMIT)
    assert cleaned.is_set()
    host.ask_to_end(future)


def test_a_coroutine_asked_to_end_before_it_began_never_begins(host: CoroutineHost) -> None:
    begun: list[bool] = []
    until_then = threading.Event()

    async def begins() -> None:
        begun.append(True)

    async def blocks() -> None:
        until_then.wait(LIMIT)

    blocking = host.submit(blocks)
    future = host.submit(begins)
    host.ask_to_end(future)
    until_then.set()
    with pytest.raises(CancelledError):
        future.result(LIMIT)
    blocking.result(LIMIT)
    assert not begun


def test_a_coroutine_asked_to_end_may_return_or_fail_all_the_same(host: CoroutineHost) -> None:
    started = threading.Event()

    async def ends_with(outcome: Exception | None) -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if outcome is not None:
                raise outcome from None
        return "as if nothing had been"

    for outcome in (None, ValueError("while it cleaned up")):
        started.clear()
        future = host.submit(lambda outcome=outcome: ends_with(outcome))
        assert started.wait(LIMIT)
        host.ask_to_end(future)
        if outcome is None:
            assert future.result(LIMIT) == "as if nothing had been"
        else:
            assert future.exception(LIMIT) is outcome


def test_a_coroutine_may_block_on_another_one_from_the_loops_own_thread(host: CoroutineHost) -> None:
    async def outer() -> int:
        return host.run(answer)

    assert host.submit(outer).result(LIMIT) == 42


def test_a_loop_is_held_until_the_wait_that_blocks_it_is_over(host: CoroutineHost) -> None:
    over = threading.Event()
    assert not host.is_held
    host.hold(over)
    assert host.is_held
    over.set()
    assert not host.is_held


def test_closing_cancels_what_runs_and_a_new_loop_serves_afterwards(host: CoroutineHost) -> None:
    started = threading.Event()

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    future = host.submit(hang)
    assert started.wait(LIMIT)
    host.close()
    with pytest.raises(CancelledError):
        future.result(LIMIT)
    assert host.run(answer) == 42
    host.close()
    host.close()


def test_who_waits_for_a_coroutine_that_refuses_to_end_is_told_when_the_loop_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rivers.execution.attempts.coroutine_host.CLOSE_GRACE_SECONDS", 0.05)
    host, going = CoroutineHost(), threading.Event()

    async def refuses() -> None:
        going.set()
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    waiting = host.submit(refuses)
    assert going.wait(LIMIT)
    host.close()
    with pytest.raises(ExecutionError, match="had not ended when its loop was closed"):
        waiting.result(LIMIT)


def test_a_caller_whom_coroutines_wait_for_gets_a_loop_apart(host: CoroutineHost) -> None:
    until_then, going = threading.Event(), threading.Event()

    async def blocks() -> bool:
        going.set()
        return until_then.wait(LIMIT)

    blocking = host.submit(blocks)
    assert going.wait(LIMIT)
    assert host.run_apart(answer) == 42
    until_then.set()
    assert blocking.result(LIMIT)


Step = Callable[["HostedCoroutine[Any]"], object]


def outcome(make: Callable[[], Coroutine[Any, Any, Any]], *steps: Step, is_hosted: bool = True) -> Future[Any]:
    """Run a hosted on a loop of its own; between two rounds of the loop each of ``steps`` is done."""

    async def host() -> Future[Any]:
        hosted = HostedCoroutine(make, asyncio.get_running_loop(), lambda loop: is_hosted)
        task = hosted.begin()
        for step in steps:
            step(hosted)
            await asyncio.sleep(0)
        await asyncio.wait([task])
        return hosted.future

    return asyncio.run(host())


def nothing(hosted: HostedCoroutine[Any]) -> None:
    """Let the loop go round."""


def ask(hosted: HostedCoroutine[Any]) -> None:
    hosted.ask_to_end(lambda: False)


async def answers() -> int:
    return 42


async def waits() -> None:
    await asyncio.Event().wait()


async def cancels_itself() -> None:
    raise asyncio.CancelledError


async def cleans_up_in_two_rounds() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        raise ValueError("cleaned up")


def test_what_it_returns_and_raises_is_its_outcome() -> None:
    assert outcome(answers).result() == 42
    with pytest.raises(ExecutionError, match="nobody had cancelled it"):
        outcome(cancels_itself).result()


def test_a_cancellation_with_the_host_is_none_of_its_own() -> None:
    assert outcome(cancels_itself, is_hosted=False).cancelled()


@pytest.mark.parametrize("steps", [(ask,), (nothing, ask)], ids=["before it began", "when it had begun"])
def test_it_is_cancelled_when_it_was_asked_to_end(steps: tuple[Step, ...]) -> None:
    with pytest.raises(CancelledError):
        outcome(waits, *steps).result()


def test_it_is_done_when_it_has_cleaned_up_and_not_disturbed_when_it_knows() -> None:
    seen: list[bool] = []

    def ask_again(hosted: HostedCoroutine[Any]) -> None:
        seen.append(hosted.future.done())
        hosted.ask_to_end(lambda: True)

    ended = outcome(cleans_up_in_two_rounds, nothing, ask, ask_again)
    with pytest.raises(ValueError, match="cleaned up"):
        ended.result()
    assert seen == [False]


def test_who_cancels_the_future_waits_for_nothing() -> None:
    assert outcome(cleans_up_in_two_rounds, nothing, lambda hosted: hosted.future.cancel()).cancelled()


def test_an_outcome_that_is_there_stays() -> None:
    future: Future[int] = Future()
    settle(future.set_result, 1)
    settle(future.set_exception, ValueError("too late"))
    assert future.result() == 1
