"""A coroutine on a loop: its outcome, and what a request to end makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

from rivers.exceptions import ExecutionError
from rivers.execution.coroutine_guest import Guest, settle

Step = Callable[["Guest[Any]"], object]


def outcome(make: Callable[[], Coroutine[Any, Any, Any]], *steps: Step, is_hosted: bool = True) -> Future[Any]:
    """Run a guest on a loop of its own; between two rounds of the loop each of ``steps`` is done."""

    async def host() -> Future[Any]:
        guest = Guest(make, asyncio.get_running_loop(), lambda loop: is_hosted)
        task = guest.begin()
        for step in steps:
            step(guest)
            await asyncio.sleep(0)
        await asyncio.wait([task])
        return guest.future

    return asyncio.run(host())


def nothing(guest: Guest[Any]) -> None:
    """Let the loop go round."""


def ask(guest: Guest[Any]) -> None:
    guest.ask_to_end(lambda: False)


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

    def ask_again(guest: Guest[Any]) -> None:
        seen.append(guest.future.done())
        guest.ask_to_end(lambda: True)

    ended = outcome(cleans_up_in_two_rounds, nothing, ask, ask_again)
    with pytest.raises(ValueError, match="cleaned up"):
        ended.result()
    assert seen == [False]


def test_who_cancels_the_future_waits_for_nothing() -> None:
    assert outcome(cleans_up_in_two_rounds, nothing, lambda guest: guest.future.cancel()).cancelled()


def test_an_outcome_that_is_there_stays() -> None:
    future: Future[int] = Future()
    settle(future.set_result, 1)
    settle(future.set_exception, ValueError("too late"))
    assert future.result() == 1
