"""Daemons recover in the order of their ranks, and their tasks carry the rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from chrono_daemon import Context, RestartPolicy, Supervisor

from rivers.clock import SimClock, rank
from rivers.daemons.ranked import RankedDaemon
from rivers.exceptions import Superseded

pytestmark = pytest.mark.anyio


class Actor(RankedDaemon):
    """Notes what it does, and fails as it is told to."""

    def __init__(self, clock: SimClock, name: str, log: list[Any], failures: list[Exception] | None = None) -> None:
        super().__init__(clock)
        self.name = name
        self.log = log
        self.failures = failures or []

    def recover(self) -> None:
        self.log.append((self.name, "recovers", rank.get()))

    async def serve(self, ctx: Context) -> None:
        self.log.append((self.name, "serves", rank.get()))
        if self.failures:
            raise self.failures.pop(0)
        await self.clock.sleep(10)
        self.log.append((self.name, "wakes", rank.get()))
        await ctx.stop_event.wait()


async def test_daemons_recover_and_wake_in_the_order_of_their_ranks(stage: Callable[..., Any]) -> None:
    log: list[Any] = []
    async with stage() as play:
        names = [f"daemon {number}" for number in range(6)]
        await play.play(*(Actor(play.clock, name, log) for name in names))
        recovered = [entry for entry in log if entry[1] == "recovers"]
        log.clear()
        await play.clock.advance("10s")

    assert recovered == [(name, "recovers", position) for position, name in enumerate(names)]
    assert log == [(name, "wakes", position) for position, name in enumerate(names)]


async def test_a_daemon_whose_graph_was_superseded_ends_quietly(stage: Callable[..., Any]) -> None:
    log: list[Any] = []
    async with stage() as play:
        await play.play(Actor(play.clock, "old", log, [Superseded("replaced")]))
        assert play.supervisor.snapshot()["old"].state == "stopped"


async def test_so_it_does_when_a_task_of_its_own_was_told(stage: Callable[..., Any]) -> None:
    log: list[Any] = []
    async with stage() as play:
        await play.play(Actor(play.clock, "old", log, [ExceptionGroup("tasks", [Superseded("replaced")])]))
        assert play.supervisor.snapshot()["old"].state == "stopped"


async def test_a_restart_recovers_again_with_the_same_rank() -> None:
    log: list[Any] = []
    clock = SimClock()
    async with Supervisor(clock=clock, on_error="restart", restart=RestartPolicy(base=1.0)) as supervisor:
        actor = Actor(clock, "phoenix", log, [ValueError("boom")])
        actor.rank = 4
        supervisor.add(actor)
        await clock.settle()
        await clock.advance("1s")
        assert supervisor.snapshot()["phoenix"].restart_count == 1
        await supervisor.stop(grace=0)

    assert log == [("phoenix", what, 4) for what in ("recovers", "serves", "recovers", "serves")]
