"""Start and end of a served system: advertised when it answers, drained before it goes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from rivers.server.hosting import bind
from rivers.server.serving import drain, serving
from rivers.storage import Storage, read_sidecar
from tests.shop import shop


@pytest.mark.anyio
async def test_an_embedded_store_tells_where_its_server_is_while_it_is_there(tmp_path: Path) -> None:
    folder = str(tmp_path / "s")
    with Storage.embedded(folder) as storage, bind("127.0.0.1", 0) as sock:
        repo = shop()
        repo.resolve(storage)
        async with serving(repo, storage, sock, module="shop"):
            sidecar = read_sidecar(folder)
            assert sidecar is not None
            assert sidecar.address is not None
            headers = {"Authorization": f"Bearer {sidecar.token}"}
            async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
                assert (await client.get(f"{sidecar.address}/api/health")).status_code == 200
        after = read_sidecar(folder)
        assert after is not None
        assert (after.address, after.token) == (None, None)
        repo.shutdown()


@pytest.mark.anyio
async def test_draining_waits_for_runs_refuses_new_ones_and_keeps_answering(serve_api: Any) -> None:
    begun, gate = threading.Event(), threading.Event()

    def wait() -> int:
        begun.set()
        gate.wait(20)
        return 1

    async with serve_api(shop(good=wait)) as api:
        run_id = (await api.post("/api/runs", {"selection": ["good"]}))["run_id"]
        await anyio.to_thread.run_sync(begun.wait, 20)
        waiting = anyio.Event()
        counts: list[int] = []

        def on_waiting(count: int) -> None:
            counts.append(count)
            waiting.set()

        async with anyio.create_task_group() as group:
            group.start_soon(drain, api.served, on_waiting)
            await waiting.wait()
            assert (await api.get("/api/health"))["state"] == "stopping"
            assert (await api.error("POST", "/api/runs", json={}))[0] == 409
            assert (await api.error("POST", "/api/automations/schedule/pause/yearly"))[0] == 409
            gate.set()
        assert counts == [1]
        assert (await api.get(f"/api/runs/{run_id}"))["status"] == "Success"


@pytest.mark.anyio
async def test_draining_an_idle_system_waits_for_nothing(serve_api: Any) -> None:
    async with serve_api() as api:
        counts: list[int] = []
        await drain(api.served, counts.append)
        assert counts == []
