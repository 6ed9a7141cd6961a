"""``/api/runs``: submitting, following, reading and cancelling."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest

from tests.shop import shop


@pytest.mark.anyio
async def test_runs_are_listed_newest_first_and_by_status(serve_api: Any) -> None:
    async with serve_api() as api:
        for name in ("good", "bad"):
            await api.finished((await api.post("/api/runs", {"selection": [name]}))["run_id"])
        assert [run["node_names"] for run in await api.get("/api/runs")] == [["bad"], ["good"]]
        assert [run["node_names"] for run in await api.get("/api/runs?status=Failure")] == [["bad"]]
        status, message = await api.error("GET", "/api/runs?status=Nope")
        assert (status, message) == (400, "Unknown run status: Nope")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        {"selection": "good"},
        {"selection": [1]},
        {"job": 1},
        {"selection": ["good"], "include_upstream": 1},
        {"tags": {"a": 1}},
        {"tags": ["a"]},
        {"tags": ""},
        {"select": ["good"]},
        [],
        "text",
    ],
)
async def test_a_malformed_submission_is_refused_and_creates_nothing(serve_api: Any, body: Any) -> None:
    async with serve_api() as api:
        assert (await api.error("POST", "/api/runs", json=body))[0] == 400
        assert await api.get("/api/runs") == []


@pytest.mark.anyio
async def test_what_cannot_be_run_is_refused_and_creates_nothing(serve_api: Any) -> None:
    async with serve_api() as api:
        for content in (b"{", b"\xff\xfe{", b"[" * 200_000, rb'{"job": "\ud800"}', rb'{"tags": {"\ud800": "a"}}'):
            assert (await api.error("POST", "/api/runs", content=content))[0] == 400
        status, message = await api.error("POST", "/api/runs", json={"job": "zz"})
        assert (status, "'zz'" in message) == (404, True)
        status, message = await api.error("POST", "/api/runs", json={"selection": ["zz"]})
        assert (status, "zz" in message) == (404, True)
        status, message = await api.error("POST", "/api/runs", json={"module": "other"})
        assert status == 409
        assert "'shop:repo'" in message
        assert "'other:repo'" in message
        assert await api.get("/api/runs") == []


@pytest.mark.anyio
async def test_an_unknown_run_is_not_found(serve_api: Any) -> None:
    async with serve_api() as api:
        for method, path in (("GET", ""), ("GET", "/log"), ("POST", "/cancel")):
            status, message = await api.error(method, f"/api/runs/nope{path}")
            assert (status, "'nope'" in message) == (404, True)
            assert (await api.error(method, f"/api/runs/a%00b{path}"))[0] == 400


@pytest.mark.anyio
async def test_a_beginning_that_several_runs_share_is_a_conflict(serve_api: Any) -> None:
    async with serve_api() as api:
        for name in ("same-1", "same-2"):
            api.served.storage._create_run(name, "job", "Success", 1)
        status, message = await api.error("GET", "/api/runs/same")
        assert (status, message) == (409, "2 runs begin with 'same': give more of the id")


@pytest.mark.anyio
async def test_a_running_run_is_cancelled_while_it_is_followed(serve_api: Any) -> None:
    begun, gate = threading.Event(), threading.Event()

    def wait() -> int:
        begun.set()
        gate.wait(20)
        return 1

    async with serve_api(shop(good=wait)) as api:
        run_id = (await api.post("/api/runs", {"selection": ["good"]}))["run_id"]
        await anyio.to_thread.run_sync(begun.wait, 20)
        ends: list[Any] = []

        async def follow() -> None:
            ends.append((await api.finished(run_id))[-1])

        async with anyio.create_task_group() as group:
            group.start_soon(follow)
            assert (await api.post(f"/api/runs/{run_id}/cancel"))["status"] == "Canceled"
            gate.set()
        assert ends[0]["status"] == "Canceled"
        assert (await api.error("POST", f"/api/runs/{run_id}/cancel"))[0] == 404


@pytest.mark.anyio
async def test_without_daemons_nothing_can_be_submitted(serve_api: Any) -> None:
    async with serve_api(daemon=False) as api:
        status, message = await api.error("POST", "/api/runs", json={})
        assert (status, "--no-daemon" in message) == (409, True)
