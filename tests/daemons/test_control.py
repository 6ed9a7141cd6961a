"""Requests of people are persisted, passed on to whom they concern, and only then answered."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

import rivers as rs
from rivers.channels.messages import (
    AddTriggers,
    CancelRun,
    ChangeTrigger,
    ChooseTrigger,
    RemoveTrigger,
    Reply,
    RunsQueued,
    SubmitRun,
)
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
        self.daemon = ControlDaemon(ports, play.store, play.clock, self.repo)

    async def ask(self, request: Any) -> Any:
        return await self.play.ask(self.requests.send, request)


@asynccontextmanager
async def open_desk(stage: Callable[..., Any], declared: rs.CodeRepository = REPO) -> AsyncGenerator[Desk]:
    async with stage() as play:
        desk = Desk(play, declared)
        await play.play(desk.daemon)
        yield desk
        desk.repo.shutdown()


NIGHTLY = rs.Schedule(name="nightly", cron_schedule="@daily", job_name="one")


@pytest.mark.parametrize(
    "request_",
    [
        ChooseTrigger(kind="schedule", name="nightly", choice="running"),
        ChooseTrigger(kind="sensor", name="inbox", choice=None),
        AddTriggers(kind="schedule", triggers=(NIGHTLY,)),
        AddTriggers(kind="sensor", triggers=(inbox,)),
        ChangeTrigger(kind="schedule", trigger=NIGHTLY),
        RemoveTrigger(kind="sensor", name="inbox"),
    ],
    ids=lambda request: f"{type(request).__name__} of a {request.kind}",
)
async def test_a_command_for_a_trigger_goes_to_the_daemon_of_its_kind_with_its_reply(
    stage: Callable[..., Any], heard: Callable[..., Any], request_: Any
) -> None:
    async with open_desk(stage) as desk:
        desk.requests.send.send_nowait(request_)
        await desk.play.clock.settle()
        concerned, silent = (desk.schedules, desk.sensors)
        if request_.kind == "sensor":
            concerned, silent = silent, concerned
        assert heard(concerned) == [request_]
        assert heard(silent) == []


UNKNOWN_JOB = rs.Schedule(name="odd", cron_schedule="@daily", job_name="nope")
UNKNOWN_ASSET = rs.Sensor(lambda: None, name="odd", asset_selection=["nope"])


@pytest.mark.parametrize(
    ("request_", "error", "text"),
    [
        (
            AddTriggers(kind="schedule", triggers=(UNKNOWN_JOB,)),
            rs.exceptions.ScheduleDefinitionError,
            "Schedule 'odd': job 'nope' not found",
        ),
        (
            ChangeTrigger(kind="sensor", trigger=UNKNOWN_ASSET),
            rs.exceptions.SensorDefinitionError,
            "Sensor 'odd': asset 'nope'",
        ),
    ],
)
async def test_a_trigger_that_the_repository_could_not_declare_is_refused(
    stage: Callable[..., Any], heard: Callable[..., Any], request_: Any, error: type[Exception], text: str
) -> None:
    async with open_desk(stage) as desk:
        with pytest.raises(error, match=text):
            await desk.ask(replace(request_, reply=Reply()))
        assert heard(desk.schedules) == heard(desk.sensors) == []


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
