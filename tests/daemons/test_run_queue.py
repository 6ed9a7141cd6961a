"""The queue admits within the limits, tells what it admitted, and looks again unasked in case nobody told it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rivers.channels.messages import RunsAdmitted, RunsChanged, RunsEnded, RunsQueued
from rivers.channels.ports import RunQueuePorts
from rivers.daemons.run_queue import RunQueueDaemon
from rivers.daemons.safety import IDLE_SECONDS
from rivers.queueing.admission import Limits, TagLimit

pytestmark = pytest.mark.anyio

ONE_AT_A_TIME = Limits(max_concurrent_runs=1)


class Gate:
    """A queue daemon and the edges around it. Looks unasked after 10 s while work is outstanding."""

    def __init__(self, play: Any, limits: Limits | None, interval: float) -> None:
        self.play = play
        self.schedules, self.sensors, self.people = play.channel(), play.channel(), play.channel()
        self.ended, self.reclaimed, self.outside = play.channel(), play.channel(), play.channel()
        self.admitted, self.launching = play.channel(), play.channel()
        ports = RunQueuePorts(
            queued_by_schedules=self.schedules.recv,
            queued_by_sensors=self.sensors.recv,
            queued_by_people=self.people.recv,
            ended=self.ended.recv,
            reclaimed=self.reclaimed.recv,
            changed_outside=self.outside.recv,
            admitted=self.admitted.send,
            launching=self.launching.send,
        )
        self.daemon = RunQueueDaemon(ports, play.store, play.clock, limits, interval)

    async def hint(self, channel: Any, message: Any) -> None:
        channel.send.send_nowait(message)
        await self.play.clock.settle()

    def queue(self, *run_ids: str, **columns: Any) -> None:
        for run_id in run_ids:
            self.play.create(run_id, status="Queued", **columns)

    def end(self, run_id: str) -> None:
        self.play.start(run_id)
        assert self.play.storage.finish_run(run_id, "Success", self.play.clock.now_ns())

    def statuses(self, *run_ids: str) -> list[str]:
        return [self.play.status(run_id) for run_id in run_ids]

    def reasons(self, *run_ids: str) -> list[str | None]:
        return [self.play.storage.get_run(run_id).block_reason for run_id in run_ids]


@asynccontextmanager
async def open_gate(
    stage: Callable[..., Any], limits: Limits | None = ONE_AT_A_TIME, interval: float = 10
) -> AsyncGenerator[Gate]:
    async with stage() as play:
        yield Gate(play, limits, interval)


@pytest.mark.rule("queue 1.5")
async def test_what_waits_at_the_start_is_admitted_up_to_the_limit(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_gate(stage, Limits(max_concurrent_runs=2)) as gate:
        gate.queue("a", "b", "c")
        await gate.play.play(gate.daemon)
        assert gate.statuses("a", "b", "c") == ["NotStarted", "NotStarted", "Queued"]
        assert gate.reasons("a", "b", "c") == [None, None, "global run limit (2/2)"]
        assert heard(gate.admitted) == heard(gate.launching) == [RunsAdmitted(run_ids=("a", "b"))]


@pytest.mark.rule("queue 1.9")
async def test_an_end_lets_the_next_one_through_in_the_same_instant(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_gate(stage) as gate:
        gate.queue("a", "b")
        await gate.play.play(gate.daemon)
        heard(gate.admitted)
        gate.end("a")
        await gate.hint(gate.ended, RunsEnded(run_ids=("a",)))
        assert heard(gate.admitted) == [RunsAdmitted(run_ids=("b",))]
        assert gate.reasons("b") == [None]
        assert gate.play.clock.monotonic() == 0


@pytest.mark.rule("queue 1.6")
async def test_priority_goes_first_then_age(stage: Callable[..., Any], heard: Callable[..., Any]) -> None:
    async with open_gate(stage, Limits(max_concurrent_runs=1)) as gate:
        gate.queue("old")
        await gate.play.clock.advance("1s")
        gate.queue("new")
        gate.queue("urgent", priority=5)
        await gate.play.play(gate.daemon)
        order: list[str] = []
        for _ in range(3):
            for message in heard(gate.admitted):
                order += message.run_ids
            gate.end(order[-1])
            await gate.hint(gate.ended, RunsEnded(run_ids=(order[-1],)))
        assert order == ["urgent", "old", "new"]


@pytest.mark.rule("queue 1.7")
async def test_a_tag_limit_lets_others_pass_and_says_why_it_does_not(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    limits = Limits(max_concurrent_runs=10, tag_limits=(TagLimit("team", 1, value="blue"),))
    async with open_gate(stage, limits) as gate:
        gate.queue("blue1", "blue2", tags=(("team", "blue"),))
        gate.queue("red", tags=(("team", "red"),))
        await gate.play.play(gate.daemon)
        assert heard(gate.admitted) == [RunsAdmitted(run_ids=("blue1", "red"))]
        assert gate.reasons("blue2") == ["tag limit: team=blue (1/1)"]


async def test_the_global_reason_outlives_a_page_of_runs_that_wait_for_a_tag(stage: Callable[..., Any]) -> None:
    limits = Limits(max_concurrent_runs=2, tag_limits=(TagLimit("team", 1),))
    async with open_gate(stage, limits) as gate:
        gate.queue("first", priority=99)
        gate.queue("blue", tags=(("team", "blue"),), priority=99)
        gate.queue(*(f"blue{number:03}" for number in range(200)), tags=(("team", "blue"),), priority=9)
        gate.queue("z1", "z2")
        await gate.play.play(gate.daemon)
        assert gate.reasons("z2") == ["global run limit (2/2)"]
        gate.end("first")
        await gate.hint(gate.ended, RunsEnded(run_ids=("first",)))
        assert gate.statuses("z1", "z2") == ["NotStarted", "Queued"]
        assert gate.reasons("blue000", "z2") == ["tag limit: team (1/1)", "global run limit (2/2)"]


async def test_a_long_queue_is_walked_past_its_first_page(stage: Callable[..., Any]) -> None:
    limits = Limits(max_concurrent_runs=3, tag_limits=(TagLimit("team", 1),))
    async with open_gate(stage, limits) as gate:
        gate.queue(*(f"blue{number:03}" for number in range(250)), tags=(("team", "blue"),), priority=9)
        gate.queue("z1", "z2", "z3")
        await gate.play.play(gate.daemon)
        assert gate.statuses("blue000", "blue001", "z1", "z2", "z3") == [
            "NotStarted",
            "Queued",
            "NotStarted",
            "NotStarted",
            "Queued",
        ]


@pytest.mark.parametrize("edge", ["schedules", "sensors", "people", "ended", "reclaimed", "outside"])
async def test_every_edge_wakes_it(stage: Callable[..., Any], heard: Callable[..., Any], edge: str) -> None:
    async with open_gate(stage) as gate:
        await gate.play.play(gate.daemon)
        gate.queue("a")
        message = {"ended": RunsEnded(run_ids=()), "reclaimed": RunsEnded(run_ids=()), "outside": RunsChanged()}
        await gate.hint(getattr(gate, edge), message.get(edge, RunsQueued(run_ids=("a",))))
        assert heard(gate.admitted) == [RunsAdmitted(run_ids=("a",))]


@pytest.mark.rule("queue 1.9")
async def test_without_any_hint_it_looks_after_the_interval(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_gate(stage) as gate:
        gate.queue("a", "b")
        await gate.play.play(gate.daemon)
        heard(gate.admitted)
        gate.end("a")
        await gate.play.clock.advance("9s")
        assert gate.statuses("b") == ["Queued"]
        await gate.play.clock.advance("1s")
        assert heard(gate.admitted) == [RunsAdmitted(run_ids=("b",))]


async def test_an_idle_queue_is_looked_at_every_quarter_of_an_hour(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_gate(stage) as gate:
        await gate.play.play(gate.daemon)
        gate.queue("a")
        await gate.play.clock.advance(IDLE_SECONDS - 1)
        assert heard(gate.admitted) == []
        await gate.play.clock.advance(1)
        assert heard(gate.admitted) == [RunsAdmitted(run_ids=("a",))]


async def test_what_was_admitted_and_never_started_is_told_again(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_gate(stage) as gate:
        gate.queue("a")
        await gate.play.play(gate.daemon)
        assert heard(gate.admitted) == [RunsAdmitted(run_ids=("a",))]
        await gate.play.clock.advance("10s")
        assert heard(gate.admitted) == [RunsAdmitted(run_ids=("a",))]
        gate.play.start("a")
        await gate.play.clock.advance("1h")
        assert heard(gate.admitted) == []


@pytest.mark.rule("queue 1.2")
async def test_zero_admits_nothing(stage: Callable[..., Any]) -> None:
    async with open_gate(stage, Limits(max_concurrent_runs=0)) as gate:
        gate.queue("a")
        await gate.play.play(gate.daemon)
        await gate.play.clock.advance("1h")
        assert (gate.statuses("a"), gate.reasons("a")) == (["Queued"], ["global run limit (0/0)"])


@pytest.mark.rule("queue 1.2")
async def test_a_negative_number_sets_no_limit(stage: Callable[..., Any]) -> None:
    async with open_gate(stage, Limits(max_concurrent_runs=-1)) as gate:
        names = [f"r{number:03}" for number in range(450)]
        gate.queue(*names)
        await gate.play.play(gate.daemon)
        assert set(gate.statuses(*names)) == {"NotStarted"}


async def test_the_common_reason_goes_when_a_slot_is_free(stage: Callable[..., Any]) -> None:
    async with open_gate(stage, Limits(max_concurrent_runs=1, tag_limits=(TagLimit("team", 0),))) as gate:
        gate.queue("a")
        gate.queue("never", tags=(("team", "blue"),))
        await gate.play.play(gate.daemon)
        gate.end("a")
        await gate.hint(gate.ended, RunsEnded(run_ids=("a",)))
        assert gate.reasons("never") == ["tag limit: team (0/0)"]


async def test_without_a_queue_runs_are_passed_on_as_they_are(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_gate(stage, None) as gate:
        await gate.play.play(gate.daemon)
        for run_id in ("a", "b"):
            gate.play.create(run_id)
        gate.schedules.send.send_nowait(RunsQueued(run_ids=("a",)))
        await gate.hint(gate.sensors, RunsQueued(run_ids=("b",)))
        assert [sorted(message.run_ids) for message in heard(gate.admitted)] == [["a", "b"]]
        await gate.hint(gate.ended, RunsEnded(run_ids=("a",)))
        assert heard(gate.admitted) == []


async def test_a_queue_that_the_repository_no_longer_has_is_emptied(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_gate(stage, None) as gate:
        gate.queue("left over")
        await gate.play.play(gate.daemon)
        assert heard(gate.admitted) == [RunsAdmitted(run_ids=("left over",))]


async def test_a_restart_reads_the_queue_again(stage: Callable[..., Any], heard: Callable[..., Any]) -> None:
    async with open_gate(stage) as gate:
        gate.queue("a", "b")
        await gate.play.play(gate.daemon)
        gate.play.supervisor.signal_stop()
        await gate.play.clock.settle()
    async with open_gate(stage) as second:
        second.queue("a", "b")
        second.play.storage.admit_runs(["a"], 0)
        await second.play.play(second.daemon)
        assert heard(second.admitted) == [RunsAdmitted(run_ids=("a",))]
        assert second.reasons("b") == ["global run limit (1/1)"]


async def test_messages_that_come_all_the_time_do_not_put_off_the_look(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_gate(stage, None) as gate:
        await gate.play.play(gate.daemon)
        gate.play.create("untold")
        for _ in range(16):
            await gate.play.clock.advance("1m")
            await gate.hint(gate.schedules, RunsQueued(run_ids=("told",)))
        assert RunsAdmitted(run_ids=("untold",)) in heard(gate.admitted)
