"""Following a run: every event and line of output once, in order, and the end last."""

from __future__ import annotations

import json
import threading
from typing import Any

import anyio
import pytest

from rivers.clock import SimClock
from rivers.records import NewEvent
from rivers.server.run_stream import run_lines
from rivers.server.served import Served
from rivers.storage import AsyncStore, Storage
from tests.shop import shop


@pytest.mark.anyio
async def test_a_submitted_run_is_executed_and_can_be_followed_to_its_end(serve_api: Any) -> None:
    async with serve_api() as api:
        run_id = (await api.post("/api/runs", {"selection": ["good"], "tags": {"who": "me"}}))["run_id"]
        lines = await api.finished(run_id)
        kinds = [line["event_type"] for line in lines if line["kind"] == "event"]
        assert [kind for kind in kinds if kind.startswith("Step")] == ["StepStart", "StepSuccess"]
        assert [line["stdout"] for line in lines if line["kind"] == "log"] == ["hello from good\n"]
        assert (lines[-1]["kind"], lines[-1]["status"], lines[-1]["tags"]) == ("run", "Success", {"who": "me"})
        assert [line["kind"] for line in lines].count("run") == 1


@pytest.mark.anyio
async def test_a_run_that_has_ended_is_streamed_whole(serve_api: Any) -> None:
    async with serve_api() as api:
        run_id = (await api.post("/api/runs", {"job": "job"}))["run_id"]
        first = await api.finished(run_id)
        assert await api.finished(run_id) == first
        assert await api.finished(run_id[:8]) == first


@pytest.mark.anyio
async def test_a_failed_run_ends_its_stream_with_error_and_traceback(serve_api: Any) -> None:
    async with serve_api() as api:
        run_id = (await api.post("/api/runs", {"selection": ["bad"]}))["run_id"]
        end = (await api.finished(run_id))[-1]
        assert (end["status"], end["error"]) == ("Failure", "ValueError: boom")
        detail = await api.get(f"/api/runs/{run_id}")
        assert detail["traceback"] == end["traceback"]
        assert [event["event_type"] for event in detail["events"]] == ["StepStart", "StepFailure"]


@pytest.mark.anyio
async def test_closing_ends_the_streams_that_are_open(serve_api: Any) -> None:
    begun, gate = threading.Event(), threading.Event()

    def wait() -> int:
        begun.set()
        gate.wait(20)
        return 1

    async with serve_api(shop(good=wait)) as api:
        run_id = (await api.post("/api/runs", {"selection": ["good"]}))["run_id"]
        await anyio.to_thread.run_sync(begun.wait, 20)
        async with api.client.stream("GET", f"/api/runs/{run_id}/log") as response:
            lines = response.aiter_lines()
            assert '"StepStart"' in await anext(lines)
            api.served.closing.set()
            rest = [line async for line in lines]
        gate.set()
        assert '"status": "Started"' in rest[-1]


@pytest.mark.anyio
async def test_a_look_reads_what_is_new_and_not_again_what_has_been_sent() -> None:
    clock, storage = SimClock(), Storage.memory()
    served = Served("module", "repo", shop(), storage, AsyncStore(storage, clock), clock)
    storage._create_run("r", "job", "Started", 0)
    rows_read, lines = 0, []
    query = storage._engine.query

    def counted(sql: str, **variables: Any) -> list[Any]:
        nonlocal rows_read
        results = query(sql, **variables)
        rows_read += sum(len(rows) for rows in results if isinstance(rows, list))
        return results

    async def follow() -> None:
        async for line in run_lines(served, "r"):
            lines.append(json.loads(line))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follow)
        storage._engine.query = counted
        for at in range(20):
            storage.record_events("r", [NewEvent("StepStart", at, f"s{at}")])
            storage.record_log("r", f"s{at}", at, "out", None, None)
            await clock.advance("1s")
        storage.finish_run("r", "Success", 20)
        await clock.advance("1s")
    assert [line["kind"] for line in lines] == ["event", "log"] * 20 + ["run"]
    assert rows_read == 40, "a page of events and a page of logs for each commit"
