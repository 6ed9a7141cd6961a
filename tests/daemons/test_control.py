"""Requests of people are persisted, passed on to whom they concern, and only then answered."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest

import rivers as rs
from rivers.channels.messages import CancelRun, ChooseTrigger, ReloadTrigger, Reply, RunsQueued, SubmitRun
from rivers.channels.ports import ControlPorts
from rivers.daemons.control import ControlDaemon

pytestmark = pytest.mark.anyio


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def derived(raw: int) -> int:
    return raw


@rs.Sensor(job_name="one")
def inbox() -> None:
    return None


REPO = rs.CodeRepository(
    [raw, derived],
    jobs=[rs.Job("one", [raw])],
    schedules=[rs.Schedule(name="nightly", cron_schedule="@daily", job_name="one")],
    sensors=[inbox],
)


PARTED = rs.CodeRepository(
    [rs.Asset(lambda: 1, name="parted", partitions_def=rs.PartitionsDefinition.static_(["a", "b"]))]
)


class Desk:
    """A control daemon and the edges around it."""

    def __init__(self, play: Any, declared: rs.CodeRepository) -> None:
        self.play = play
        self.requests, self.schedules, self.sensors = play.channel(), play.channel(), play.channel()
        self.cancellations, self.queued = play.channel(), play.channel()
        self.repo = declared.bound(play.storage, play.clock, play.ids)
        ports = ControlPorts(
            requests=self.requests.recv,
            schedule_commands=self.schedules.send,
            sensor_commands=self.sensors.send,
            cancellations=self.cancellations.send,
            runs_queued=self.queued.send,
        )
        self.daemon = ControlDaemon(ports, play.storage, play.clock, self.repo)

    async def ask(self, request: Any) -> Any:
        return await self.play.ask(self.requests.send, request)


@asynccontextmanager
async def open_desk(stage: Callable[..., Any], declared: rs.CodeRepository = REPO) -> AsyncGenerator[Desk]:
    async with stage() as play:
        desk = Desk(play, declared)
        await play.play(desk.daemon)
        yield desk
        desk.repo.shutdown()


@pytest.mark.parametrize(("kind", "name"), [("schedule", "nightly"), ("sensor", "inbox")])
async def test_a_choice_is_stored_and_told_to_the_daemon_of_its_kind(
    stage: Callable[..., Any], heard: Callable[..., Any], kind: Any, name: str
) -> None:
    async with open_desk(stage) as desk:
        state = await desk.ask(ChooseTrigger(kind=kind, name=name, choice="running"))
        assert (state.kind, state.name, state.choice) == (kind, name, "running")
        assert desk.play.storage.trigger_state(kind, name) == state
        told, silent = (desk.schedules, desk.sensors) if kind == "schedule" else (desk.sensors, desk.schedules)
        (command,) = heard(told)
        assert isinstance(command, ReloadTrigger)
        assert command.name == name
        assert heard(silent) == []


async def test_the_answer_is_that_of_the_daemon_when_it_gives_one(stage: Callable[..., Any]) -> None:
    async with open_desk(stage) as desk:
        # The daemon moves the checkpoint before it answers; here that is done for it.
        reloaded = desk.play.storage.set_trigger_choice("schedule", "nightly", "running", 0, checkpoint=99)

        async def answer() -> None:
            (await desk.schedules.recv.receive()).reply.answer(reloaded)

        async with anyio.create_task_group() as group:
            group.start_soon(answer)
            state = await desk.ask(ChooseTrigger(kind="schedule", name="nightly", choice="running"))
        assert state.checkpoint == 99
        assert desk.play.clock.monotonic() == 0


async def test_a_daemon_that_is_silent_delays_the_answer_and_does_not_prevent_it(stage: Callable[..., Any]) -> None:
    async with open_desk(stage) as desk:
        state = await desk.ask(ChooseTrigger(kind="sensor", name="inbox", choice=None))
        assert state.choice is None
        assert desk.play.clock.monotonic() == 5


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [("schedule", "inbox", "Schedule 'inbox' not found"), ("sensor", "nope", "Sensor 'nope' not found")],
)
async def test_an_unknown_trigger_is_the_askers_error(
    stage: Callable[..., Any], kind: Any, name: str, text: str
) -> None:
    async with open_desk(stage) as desk:
        with pytest.raises(rs.exceptions.NodeNotFoundError, match=text):
            await desk.ask(ChooseTrigger(kind=kind, name=name, choice="stopped"))
        assert desk.play.storage.trigger_state(kind, name) is None


@pytest.mark.parametrize(
    ("request_", "job_name", "nodes"),
    [
        (SubmitRun(), None, ["raw", "derived"]),
        (SubmitRun(selection=("raw",)), None, ["raw"]),
        (SubmitRun(selection=("derived",), include_upstream=True), None, ["raw", "derived"]),
        (SubmitRun(job_name="one", tags=(("rivers/priority", "7"), ("team", "blue"))), "one", ["raw"]),
    ],
)
async def test_a_run_that_a_person_asked_for_is_created_and_told(
    stage: Callable[..., Any], heard: Callable[..., Any], request_: SubmitRun, job_name: str | None, nodes: list[str]
) -> None:
    async with open_desk(stage) as desk:
        run_id = await desk.ask(replace(request_, reply=Reply()))
        record = desk.play.storage.get_run(run_id)
        assert (record.job_name, record.node_names, record.status) == (job_name, nodes, "NotStarted")
        assert record.tags == list(request_.tags)
        assert record.priority == (7 if request_.tags else 0)
        assert record.launched_by == rs.LaunchedBy.manual()
        assert heard(desk.queued) == [RunsQueued(run_ids=(run_id,))]


@pytest.mark.parametrize(
    ("request_", "error", "text"),
    [
        (SubmitRun(selection=("nope",)), rs.exceptions.AssetNotFoundError, "nope"),
        (SubmitRun(job_name="nope"), rs.exceptions.NodeNotFoundError, "nope"),
        (SubmitRun(selection=("derived",)), rs.exceptions.GraphValidationError, "raw"),
        (SubmitRun(selection=("raw",), partition_key="k"), rs.exceptions.PartitionValidationError, "'raw' is not part"),
    ],
)
async def test_a_run_that_cannot_be_is_refused_and_not_stored(
    stage: Callable[..., Any], heard: Callable[..., Any], request_: SubmitRun, error: type[Exception], text: str
) -> None:
    async with open_desk(stage) as desk:
        with pytest.raises(error, match=text):
            await desk.ask(replace(request_, reply=Reply[str]()))
        assert desk.play.storage.get_runs() == []
        assert heard(desk.queued) == []
        assert (await desk.ask(SubmitRun())) is not None, "the daemon goes on"


async def test_a_cancellation_goes_to_the_launcher_with_its_reply(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with open_desk(stage) as desk:
        request = CancelRun(run_id="r1")
        desk.requests.send.send_nowait(request)
        await desk.play.clock.settle()
        assert heard(desk.cancellations) == [request]


async def test_a_run_is_for_the_partition_that_was_asked_for(stage: Callable[..., Any]) -> None:
    async with open_desk(stage, PARTED) as desk:
        record = desk.play.storage.get_run(await desk.ask(SubmitRun(partition_key="a")))
        assert record.partition_key == rs.PartitionKey.single("a")


@pytest.mark.parametrize(("key", "text"), [(None, "without partition_key"), ("c", "Invalid partition_key 'c'")])
async def test_a_run_without_a_partition_that_there_is_is_refused(
    stage: Callable[..., Any], key: str | None, text: str
) -> None:
    async with open_desk(stage, PARTED) as desk:
        with pytest.raises(rs.exceptions.ExecutionError, match=text):
            await desk.ask(SubmitRun(partition_key=key))
        assert desk.play.storage.get_runs() == []
