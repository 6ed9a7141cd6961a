"""Daemons recover in the order of their ranks; each acts on one drained mailbox at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from chrono_daemon import RestartPolicy, Supervisor

from rivers.channels.edges import Edges
from rivers.channels.mailbox import Wake, tell
from rivers.channels.messages import CancelRun
from rivers.clock import SimClock, rank
from rivers.daemons.loop import MailboxDaemon
from rivers.exceptions import Superseded

pytestmark = pytest.mark.anyio


class Actor(MailboxDaemon[Any]):
    """Notes what it does and fails as it is told to. It wakes by itself once, ten seconds after its start."""

    def __init__(
        self, clock: SimClock, name: str, log: list[Any], failures: list[Exception] | None = None, *ports: Any
    ) -> None:
        super().__init__(clock, *ports)
        self.name = name
        self.log = log
        self.failures = failures or []
        self.act_seconds = 0.0
        self.wake_at: float | None = 10.0

    async def recover(self) -> None:
        self.log.append((self.name, "recovers", rank.get()))

    def next_wake(self) -> Wake | None:
        return None if self.wake_at is None else Wake(monotonic=self.wake_at)

    async def act(self, messages: Sequence[Any], *, stopping: bool) -> None:
        self.wake_at = None
        self.log.append((self.name, "acts on", sorted(map(str, messages)), self.clock.monotonic(), rank.get()))
        if self.failures:
            raise self.failures.pop(0)
        await self.clock.sleep(self.act_seconds)


async def test_daemons_recover_and_wake_in_the_order_of_their_ranks(stage: Callable[..., Any]) -> None:
    log: list[Any] = []
    async with stage() as play:
        names = [f"daemon {number}" for number in range(6)]
        await play.play(*(Actor(play.clock, name, log) for name in names))
        assert log == [(name, "recovers", position) for position, name in enumerate(names)]
        log.clear()
        await play.clock.advance("10s")
        assert log == [(name, "acts on", [], 10.0, position) for position, name in enumerate(names)]


async def test_what_arrives_while_a_daemon_acts_waits_for_the_next_time(stage: Callable[..., Any]) -> None:
    log: list[Any] = []
    async with stage() as play:
        one, other = play.channel(), play.channel()
        actor = Actor(play.clock, "slow", log, None, one.recv, other.recv)
        actor.wake_at, actor.act_seconds = None, 5.0
        await play.play(actor)
        log.clear()
        tell(one.send, "a")
        tell(other.send, "b")
        await play.clock.advance("1s")
        tell(one.send, "c")
        await play.clock.advance("10s")
        assert log == [("slow", "acts on", ["a", "b"], 0.0, 0), ("slow", "acts on", ["c"], 5.0, 0)]


@pytest.mark.parametrize("wrapped", [False, True], ids=["itself", "in a task of its own"])
async def test_a_daemon_whose_graph_was_superseded_ends_quietly(stage: Callable[..., Any], wrapped: bool) -> None:
    error = Superseded("replaced")
    async with stage() as play:
        await play.play(Actor(play.clock, "old", [], [ExceptionGroup("tasks", [error]) if wrapped else error]))
        await play.clock.advance("10s")
        assert play.supervisor.snapshot()["old"].state == "stopped"


async def test_a_restart_recovers_again_with_the_same_rank_and_answers_the_command_that_it_lost() -> None:
    log: list[Any] = []
    clock = SimClock()
    policy = RestartPolicy(base=1.0)
    async with Edges() as edges, Supervisor(clock=clock, on_error="restart", restart=policy) as supervisor:
        channel = edges.open()
        actor = Actor(clock, "phoenix", log, [ValueError("boom")], channel.recv)
        actor.rank, actor.wake_at = 4, None
        supervisor.add(actor)
        await clock.settle()
        command = CancelRun(run_id="r")
        tell(channel.send, command)
        await clock.settle()
        with pytest.raises(ValueError, match="boom"):
            await command.reply.wait()
        await clock.advance("1s")
        tell(channel.send, "next")
        await clock.settle()
        assert supervisor.snapshot()["phoenix"].restart_count == 1
        await supervisor.stop(grace=0)

    assert [entry[1] for entry in log] == ["recovers", "acts on", "recovers", "acts on"]
    assert {entry[-1] for entry in log} == {4}
