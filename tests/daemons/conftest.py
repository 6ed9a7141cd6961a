"""One daemon on a stage: a simulated clock, a real store, and channels whose other ends the test holds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import anyio
import pytest
from chrono_daemon import Channel, Supervisor, WouldBlock

from rivers.channels.edges import Edges
from rivers.clock import SimClock
from rivers.daemons.loop import MailboxDaemon
from rivers.ids import SeededIds
from rivers.records import NewRun, RunRecord
from rivers.storage import AsyncStore, Storage

T0 = "2026-01-01T00:00:00Z"
T0_NS = 1_767_225_600_000_000_000
SECOND = 1_000_000_000


class Stage:
    """A clock at midnight of 2026-01-01, a session on a store in memory, and a supervisor that raises failures."""

    def __init__(self, engine: Storage, clock: SimClock, edges: Edges, supervisor: Supervisor) -> None:
        self.engine = engine
        self.clock = clock
        self.ids = SeededIds(1)
        self.storage = engine.bound(clock, self.ids)
        self.store = AsyncStore(self.storage, clock)
        self.edges = edges
        self.supervisor = supervisor

    def channel(self) -> Channel[Any]:
        """An edge; the test holds the end that the daemon does not."""
        return self.edges.open()

    async def play(self, *daemons: MailboxDaemon[Any]) -> None:
        """Let the daemons enter, ranked in this order, and bring the instant to rest."""
        for position, daemon in enumerate(daemons):
            daemon.rank = position
            self.supervisor.add(daemon)
        await self.clock.settle()

    async def ask(self, send: Any, command: Any) -> Any:
        """Send a command that carries a reply, drive the clock, and return the answer or raise it."""
        send.send_nowait(command)
        done = anyio.Event()
        answers: list[Any] = []

        async def wait() -> None:
            try:
                answers.append(await command.reply.wait())
            except Exception as error:
                answers.append(error)
            done.set()

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await self.clock.advance_until(done)
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    def run(self, run_id: str, **columns: Any) -> NewRun:
        """A run of nothing, created now."""
        given = {"job_name": "job", "node_names": ("raw",), "status": "NotStarted", "start_time": self.clock.now_ns()}
        return NewRun(run_id=run_id, **{**given, **columns})

    def create(self, run_id: str, **columns: Any) -> None:
        """Store such a run."""
        assert self.storage.create_run(self.run(run_id, **columns))

    def start(self, *run_ids: str, owner: str | None = None, seconds: float = 900) -> list[RunRecord]:
        """Attach an executor to stored runs, by default this session, with a lease of so many seconds."""
        now = self.clock.now_ns()
        until = now + int(seconds * SECOND)
        return self.storage.start_runs(run_ids, owner=owner or self.storage.session, at=now, lease_until=until)

    def status(self, run_id: str) -> str | None:
        """The stored status of a run."""
        record = self.storage.get_run(run_id)
        return None if record is None else record.status


def heard_on(channel: Channel[Any]) -> list[Any]:
    """Every message that waits in a channel, taken out of it."""
    messages: list[Any] = []
    while True:
        try:
            messages.append(channel.recv.receive_nowait())
        except WouldBlock:
            return messages


@asynccontextmanager
async def open_stage(engine: Storage | None = None) -> AsyncGenerator[Stage]:
    """A stage that is cleared when the block ends; failures of the daemons are raised there."""
    clock = SimClock(T0, patience=10)
    with Storage.memory() if engine is None else engine as store:
        async with Edges() as edges, Supervisor(clock=cast(Any, clock)) as supervisor:
            yield Stage(store, clock, edges, supervisor)
            # A step that sleeps on this clock would sleep for ever, and its run would go on capturing what is printed.
            clock.kill_blocked_threads()
            await clock.settle()
            await supervisor.stop(grace=0)


@pytest.fixture
def stage() -> Callable[..., AbstractAsyncContextManager[Stage]]:
    """The context manager ``open_stage``."""
    return open_stage


@pytest.fixture
def heard() -> Callable[[Channel[Any]], list[Any]]:
    """The function ``heard_on``."""
    return heard_on
