"""Evaluations in flight come back into the mailbox, by themselves or because their time is up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from rivers.clock import SimClock
from rivers.daemons.evaluations import EvaluationFinished, EvaluationsInFlight
from rivers.execution.triggers.evaluated import Evaluated

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
T0_NS = 1_767_225_600_000_000_000

Script = Callable[[SimClock, EvaluationsInFlight, list[EvaluationFinished]], Awaitable[None]]


async def play(script: Script) -> list[EvaluationFinished]:
    """What had come back when the script ended."""
    clock = SimClock(patience=10)
    answers: list[EvaluationFinished] = []
    async with anyio.create_task_group() as group:
        in_flight = EvaluationsInFlight("sensor", clock, group, answers.append)
        await script(clock, in_flight, answers)
        group.cancel_scope.cancel()
    return answers


def taking(clock: SimClock, seconds: float) -> Callable[[], Awaitable[Evaluated]]:
    """An evaluation that waits on the clock and then gives its length as a cursor."""

    async def evaluate() -> Evaluated:
        await clock.sleep(seconds)
        return Evaluated(cursor=str(seconds))

    return evaluate


async def test_an_answer_arrives_with_the_time_that_it_is_for() -> None:
    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        in_flight.start("inbox", T0_NS, 4, taking(clock, 5), None)
        assert "inbox" in in_flight
        assert len(in_flight) == 1
        await clock.advance("4s")
        assert answers == []
        await clock.advance("1s")
        assert "inbox" not in in_flight
        assert len(in_flight) == 0

    (answer,) = await play(script)
    assert answer == EvaluationFinished(name="inbox", started_at=T0_NS, seq=4, evaluated=Evaluated(cursor="5"))


async def test_time_that_is_up_is_an_error_which_names_the_trigger() -> None:
    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        in_flight.start("inbox", T0_NS, 4, taking(clock, 100), 30 * SECOND)
        await clock.advance("29s")
        assert answers == []
        await clock.advance("1s")
        assert "inbox" not in in_flight

    (answer,) = await play(script)
    assert answer.evaluated == Evaluated(error="EvaluationTimeout: sensor 'inbox' timed out after 30s")


async def test_an_answer_in_time_outlives_its_limit() -> None:
    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        in_flight.start("inbox", T0_NS, 4, taking(clock, 29), 30 * SECOND)
        await clock.advance("10m")

    (answer,) = await play(script)
    assert answer.evaluated.cursor == "29"


async def test_evaluations_of_different_triggers_overlap() -> None:
    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        for name, seconds in (("slow", 9), ("quick", 2), ("hung", 1000)):
            in_flight.start(name, T0_NS, 4, taking(clock, seconds), 5 * SECOND if name == "hung" else None)
        await clock.advance("9s")

    assert [answer.name for answer in await play(script)] == ["quick", "hung", "slow"]


async def test_the_end_of_the_daemon_cancels_what_is_in_flight() -> None:
    cancelled: list[str] = []

    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        async def evaluate() -> Evaluated:
            try:
                await clock.sleep(10)
            except anyio.get_cancelled_exc_class():
                cancelled.append("inbox")
                raise
            return Evaluated()

        in_flight.start("inbox", T0_NS, 4, evaluate, None)
        await clock.settle()

    assert await play(script) == []
    assert cancelled == ["inbox"]
