"""A reply is given once and reaches whoever waits for it."""

from __future__ import annotations

import anyio
import pytest

from rivers.channels.messages import CancelRun, Reply
from rivers.clock import SimClock

pytestmark = pytest.mark.anyio


async def test_the_first_answer_stands() -> None:
    reply = Reply[int]()
    reply.answer(1)
    reply.answer(2)
    assert await reply.wait() == 1


async def test_an_exception_is_raised_where_the_reply_is_awaited() -> None:
    reply = Reply[int]()
    reply.answer(LookupError("no such run"))
    with pytest.raises(LookupError, match="no such run"):
        await reply.wait()


async def test_waiting_at_most_gives_up_on_the_clock() -> None:
    clock = SimClock(0)
    reply = Reply[int]()
    answers: list[int | None] = []

    async def wait() -> None:
        answers.append(await reply.wait_at_most(clock, 5))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await clock.advance("4s")
        assert answers == []
        await clock.advance("1s")
    assert answers == [None]


async def test_waiting_at_most_takes_an_answer_that_comes_in_time() -> None:
    clock = SimClock(0)
    reply = Reply[int]()
    answers: list[int | None] = []

    async def wait() -> None:
        answers.append(await reply.wait_at_most(clock, 5))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await clock.advance("4s")
        reply.answer(7)
        await clock.settle()
    assert answers == [7]


async def test_every_command_has_a_reply_of_its_own() -> None:
    assert CancelRun(run_id="a").reply is not CancelRun(run_id="a").reply
