"""Fan-outs in simulated time: lengths and failures of instances, limits, completion order, crashes, cancellation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.simulation import Faults, Scenario
from tests.execution import fan_out_functions as fn
from tests.soak import SOAK

pytestmark = pytest.mark.anyio


@rs.Task(retry=rs.RetryPolicy(2, backoff=rs.Backoff.constant(60)))
async def later(n: int) -> int:
    return n


def repository(
    task: rs.Task = fn.square, *, cap: int | None = None, stream: bool = False, **options: Any
) -> rs.CodeRepository:
    """The graph asset ``g`` over the four numbers of ``g/ids``, and a job that runs it every hour."""

    def body() -> Any:
        mapped = fn.ids().map(task, max_concurrency=cap)
        return fn.kept(mapped.collect_stream() if stream else mapped.collect())

    handler = options.pop("io_handler", None)
    graph = rs.Asset.from_graph(body, "g", io_handler=handler)
    running = rs.ScheduleStatus.Running
    hourly = rs.Schedule(name="hourly", cron_schedule="0 * * * *", job_name="j", default_status=running)
    return rs.CodeRepository([graph], jobs=[rs.Job("j", [graph])], schedules=[hourly], **options)


def parallel(folder: Path) -> dict[str, Any]:
    handler = rs.PickleIOHandler(store=LocalStore(folder))
    return {"io_handler": handler, "default_executor": rs.Executor.parallel(2)}


async def minutes(sim: Scenario) -> float:
    """How long a run lasts."""
    before = sim.clock.monotonic()
    await sim.materialize()
    return (sim.clock.monotonic() - before) / 60


@pytest.mark.parametrize(("cap", "expected"), [(None, 10), (3, 20), (1, 40)])
async def test_what_is_said_of_a_map_holds_for_each_instance_and_not_for_the_dividing(
    cap: int | None, expected: float
) -> None:
    async with Scenario(repository(later, cap=cap), durations={"g/later": "10m"}) as sim:
        assert await minutes(sim) == expected
        assert sim.repo.load_node("g") == [1, 2, 3, 4]


async def test_an_instance_may_be_given_a_length_of_its_own() -> None:
    durations = {"g/square": "1m", "g/square[2]": "5m", "g/square__collect": "2m"}
    async with Scenario(repository(default_executor=rs.Executor.in_process()), durations=durations) as sim:
        assert await minutes(sim) == 1 + 1 + 5 + 1 + 2


async def test_instances_in_workers_take_their_time_beside_each_other(tmp_path: Path) -> None:
    async with Scenario(repository(**parallel(tmp_path)), durations={"g/square": "10m"}) as sim:
        assert await minutes(sim) == 20
        assert sim.repo.load_node("g") == [1, 4, 9, 16]


async def test_a_stream_is_in_order_of_completion() -> None:
    durations = {"g/later[0]": "9m", "g/later[1]": "3m", "g/later[2]": "6m"}
    async with Scenario(repository(later, stream=True), durations=durations) as sim:
        await sim.materialize()
        assert sim.repo.load_node("g") == [4, 2, 3, 1]


async def test_the_first_attempts_at_each_instance_fail_when_the_map_is_said_to() -> None:
    async with Scenario(repository(later), failures={"g/later": 1, "g/later[3]": 2}) as sim:
        assert await minutes(sim) == 2
        retries = [event["subject"] for event in sim.trace.events("event") if event["type"] == "StepRetry"]
        assert sorted(retries) == ["g/later[0]", "g/later[1]", "g/later[2]", "g/later[3]", "g/later[3]"]


async def test_one_instance_beyond_its_retries_fails_the_run() -> None:
    async with Scenario(repository(later), failures={"g/later[1]": 3}) as sim:
        result = await sim.materialize(raise_on_error=False)
        assert [name for name, _ in result.failed_assets] == ["g/later[1]", "g/later__collect", "g/kept", "g"]


async def test_without_execution_the_map_stands_for_its_instances() -> None:
    async with Scenario(repository(later), execute=False, durations={"g/later": "10m"}) as sim:
        assert await minutes(sim) == 10
        [run] = sim.runs()
        nodes = {event.asset_key for event in sim.storage.get_events_for_run(run.run_id)}
        assert nodes == {"g", "g/ids", "g/later", "g/later__collect", "g/kept"}


@pytest.mark.parametrize("name", ["g/ids[0]", "g/squares[0]", "g/square[0"])
async def test_a_plan_for_what_is_no_instance_of_a_map_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="which is no step"):
        async with Scenario(repository(), durations={name: "1m"}):
            pass


async def test_a_run_is_cancelled_in_the_middle_of_a_fan_out(tmp_path: Path) -> None:
    for options in ({"task": later, "cap": 1}, parallel(tmp_path)):
        name = "later" if "task" in options else "square"
        async with Scenario(repository(**options), durations={f"g/{name}": "10m"}) as sim:
            await sim.clock.advance("65m")
            [run] = sim.runs(status="Started")
            assert await sim.cancel(run.run_id) == "Canceled"
            await sim.clock.advance("30m")
            types = [(e.event_type, e.asset_key) for e in sim.storage.get_events_for_run(run.run_id)]
            assert ("StepFailure", f"g/{name}[0]") in types
            assert ("StepStart", f"g/{name}[3]") not in types
            assert ("StepStart", f"g/{name}__collect") not in types


@rs.Task
def hangs(context: rs.TaskExecutionContext, n: int) -> int:
    if n == 2:
        context.sleep(3600)
    return n


async def test_an_instance_past_its_timeout_fails_alone(tmp_path: Path) -> None:
    config = {"assets": {"g/hangs": {"metadata": {"rivers/timeout": "5m"}}}}
    async with Scenario(repository(hangs, **parallel(tmp_path))) as sim:
        result = await sim.materialize(raise_on_error=False, config=config)
        text = "TimeoutError: step 'g/hangs[1]' did not end within 300 s"
        assert result.failed_assets[0] == ("g/hangs[1]", text)
        assert len(result.failed_assets) == 4


@pytest.mark.parametrize("commit", range(2, 6) if SOAK else (5,))
async def test_a_crash_in_the_middle_leaves_the_next_run_whole(tmp_path: Path, commit: int) -> None:
    faults = Faults(crash_after_commits=(commit,))
    async with Scenario(repository(**parallel(tmp_path)), durations={"g/square": "10m"}, faults=faults) as sim:
        await sim.clock.advance("4h")
        assert sim.runs()[-2].status == "Success"
        assert sim.repo.load_node("g") == [1, 4, 9, 16]


async def test_the_trace_does_not_depend_on_which_worker_was_faster(tmp_path: Path) -> None:
    traces: list[Any] = []
    for _ in range(10 if SOAK else 2):
        async with Scenario(repository(**parallel(tmp_path)), durations={"g/square[1]": "10m"}) as sim:
            await sim.clock.advance("2h 30m")
            traces.append([(event["at"], event["subject"], event["type"]) for event in sim.trace.events("event")])
    assert all(trace == traces[0] for trace in traces)
    assert len(traces[0]) > 40


@rs.Task
def reads_in_parts(context: rs.TaskExecutionContext, v: Iterator[int]) -> list[tuple[int, str]]:
    seen: list[tuple[int, str]] = []
    for n in v:
        context.sleep(60)
        seen.append((n, f"{context.now():%M}"))
    return seen


async def test_a_stream_can_be_read_while_time_passes() -> None:
    graph = rs.Asset.from_graph(lambda: reads_in_parts(fn.ids().map(fn.square).collect_stream(ordered=True)), "g")
    async with Scenario(rs.CodeRepository([graph])) as sim:
        await sim.materialize()
        assert sim.repo.load_node("g") == [(1, "01"), (4, "02"), (9, "03"), (16, "04")]
