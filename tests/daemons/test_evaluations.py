"""Evaluations in flight come back into the mailbox, by themselves or because their time is up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.clock import SimClock
from rivers.daemons.evaluations import EvaluationFinished, EvaluationsInFlight
from rivers.execution.triggers.evaluated import Evaluated

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
T0_NS = 1_767_225_600_000_000_000

INBOX = rs.Sensor(lambda: None, name="inbox", job_name="job")

Script = Callable[[SimClock, EvaluationsInFlight, list[EvaluationFinished]], Awaitable[None]]


async def play(script: Script) -> list[EvaluationFinished]:
    """What had come back when the script ended."""
    clock = SimClock(patience=10)
    answers: list[EvaluationFinished] = []
    async with anyio.create_task_group() as group:
        in_flight = EvaluationsInFlight[rs.Sensor]("sensor", clock)
        in_flight.open(group, answers.append)
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
        in_flight.start(INBOX, T0_NS, 4, taking(clock, 5), None)
        assert "inbox" in in_flight
        assert len(in_flight) == 1
        await clock.advance("4s")
        assert answers == []
        await clock.advance("1s")
        assert "inbox" in in_flight, "until it is taken"
        assert in_flight.take(answers) == answers
        assert "inbox" not in in_flight
        assert len(in_flight) == 0

    (answer,) = await play(script)
    assert (answer.name, answer.trigger) == ("inbox", INBOX)
    assert (answer.started_at, answer.seq, answer.evaluated) == (T0_NS, 4, Evaluated(cursor="5"))


@pytest.mark.parametrize("given_up_after", ["4s", "5s"], ids=["before its answer", "after its answer"])
async def test_an_evaluation_that_is_given_up_has_no_answer_and_makes_room(given_up_after: str) -> None:
    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        in_flight.start(INBOX, T0_NS, 4, taking(clock, 5), None)
        await clock.advance(given_up_after)
        in_flight.give_up("inbox")
        assert "inbox" not in in_flight
        in_flight.start(INBOX, T0_NS, 5, taking(clock, 7), None)
        await clock.advance("1m")
        assert [answer.seq for answer in in_flight.take(answers)] == [5]
        in_flight.give_up("inbox")

    await play(script)


async def test_time_that_is_up_is_an_error_which_names_the_trigger() -> None:
    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        in_flight.start(INBOX, T0_NS, 4, taking(clock, 100), 30 * SECOND)
        await clock.advance("29s")
        assert answers == []
        await clock.advance("1s")
        assert in_flight.take(answers) == answers

    (answer,) = await play(script)
    assert answer.evaluated == Evaluated(error="EvaluationTimeout: sensor 'inbox' timed out after 30s")


async def test_an_answer_in_time_outlives_its_limit() -> None:
    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        in_flight.start(INBOX, T0_NS, 4, taking(clock, 29), 30 * SECOND)
        await clock.advance("10m")

    (answer,) = await play(script)
    assert answer.evaluated.cursor == "29"


async def test_evaluations_of_different_triggers_overlap() -> None:
    async def script(clock: SimClock, in_flight: EvaluationsInFlight, answers: list[Any]) -> None:
        for name, seconds in (("slow", 9), ("quick", 2), ("hung", 1000)):
            sensor = rs.Sensor(lambda: None, name=name, job_name="job")
            in_flight.start(sensor, T0_NS, 4, taking(clock, seconds), 5 * SECOND if name == "hung" else None)
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

        in_flight.start(INBOX, T0_NS, 4, evaluate, None)
        await clock.settle()

    assert await play(script) == []
    assert cancelled == ["inbox"]
