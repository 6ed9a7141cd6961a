"""A reply is given once and reaches whoever waits for it."""

from __future__ import annotations

import pytest

from rivers.channels.messages import CancelRun, Reply

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


async def test_every_command_has_a_reply_of_its_own() -> None:
    assert CancelRun(run_id="a").reply is not CancelRun(run_id="a").reply
