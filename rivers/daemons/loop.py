"""The loop that every daemon of rivers runs: wait, let the instant come to rest, drain the mailbox, act."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

import anyio
import anyio.abc
from chrono_daemon import Context, Daemon, ReceiveStream

from rivers.channels.mailbox import Mailbox, Wake
from rivers.channels.messages import Command
from rivers.clock import Clock, rank
from rivers.daemons.failures import innermost
from rivers.exceptions import Superseded

M = TypeVar("M")


class MailboxDaemon(Daemon, Generic[M]):
    """A daemon with a rank on the clock and one mailbox, into which all of its ports lead.

    ``rank`` is set by the graph when it adds the daemon. Of the sleepers that are due at one instant, those of the
    daemon with the lowest rank wake first. ``ports`` are the receive ends of the edges that end here.
    """

    rank: int = 0

    def __init__(self, clock: Clock, *ports: ReceiveStream[Any]) -> None:
        self.clock = clock
        self.start_attempted = anyio.Event()
        """Set once the first ``on_start`` has ended, well or with ``start_error``. A supervisor that restarts what
        fails reports a start only when it succeeds."""
        self.start_error: Exception | None = None
        self._receives = ports
        self._superseded = False

    @abstractmethod
    async def recover(self) -> None:
        """Read from storage what there is to do. A restart calls it again."""

    @abstractmethod
    async def act(self, messages: Sequence[M], *, stopping: bool) -> None:
        """Load, decide, persist, tell: whatever the drained messages and the moment ask for.

        Nothing else of this daemon acts until this has returned. What arrives meanwhile waits in the mailbox.
        ``stopping``: the supervisor has asked the daemon to stop, so nothing new may begin.
        """

    def next_wake(self) -> Wake | None:
        """When to act although no message has come; ``None`` waits for a message."""
        return None

    async def rest(self) -> None:
        """Let the instant come to rest, so that all its messages are in the mailbox when that is drained."""
        await self.clock.idle(self.rank)

    def opened(self, group: anyio.abc.TaskGroup, mailbox: Mailbox[M]) -> None:
        """Take note of the task group and the mailbox of the loop that begins now."""

    @property
    def unfinished(self) -> bool:
        """Whether the loop has to go on although the supervisor has asked it to stop."""
        return False

    async def on_start(self, ctx: Context) -> None:
        """Take the rank, let all daemons of the same start come to rest, then recover in the order of the ranks."""
        rank.set(self.rank)
        await self.clock.idle(self.rank)
        try:
            await self.recover()
        except Superseded:
            self._superseded = True
        except Exception as error:
            if not self.start_attempted.is_set():
                self.start_error = error
            raise
        finally:
            self.start_attempted.set()

    async def run(self, ctx: Context) -> None:
        """Loop until the supervisor asks to stop and nothing is unfinished."""
        rank.set(self.rank)
        if self._superseded:
            return
        try:
            await self._loop(ctx)
        except Exception as error:
            # The graph of this daemon has been killed and replaced: not a failure of its own, and no cause to restart.
            if not isinstance(innermost(error), Superseded):
                raise

    async def _loop(self, ctx: Context) -> None:
        mailbox = Mailbox[M](*self._receives)
        async with anyio.create_task_group() as group:
            self.opened(group, mailbox)
            mailbox.open(group, ctx)
            while not mailbox.stopping or self.unfinished:
                await mailbox.wait(self.clock, None if mailbox.stopping else self.next_wake())
                await self.rest()
                await self._act(mailbox.drain(), stopping=mailbox.stopping)
            group.cancel_scope.cancel()

    async def _act(self, messages: Sequence[M], *, stopping: bool) -> None:
        try:
            await self.act(messages, stopping=stopping)
        except Exception as error:
            # A daemon that fails is started again, but the commands in its hand are lost: their senders must not wait.
            for message in messages:
                if isinstance(message, Command):
                    cast("Command[Any]", message).reply.answer(error)
            raise
