"""``/api/automations`` and ``/api/ticks``."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import anyio
import pytest

from rivers.storage import Storage
from rivers.storage.changes import TickCommitted


async def ticked(storage: Storage, name: str, clock: Any) -> None:
    """Return once ``name`` has a tick; woken by its commit, not by time."""
    arrived = anyio.Event()

    def look(changes: Any) -> None:
        if any(isinstance(change, TickCommitted) and change.tick.automation_name == name for change in changes):
            clock.post(arrived.set)

    unsubscribe = storage.subscribe(look)
    if not storage.get_ticks(name, 1):
        await arrived.wait()
    unsubscribe()


async def listed(api: Any) -> dict[str, Any]:
    return {each["name"]: each for each in await api.get("/api/automations")}


@pytest.mark.anyio
async def test_the_list_tells_status_reason_last_tick_cursor_and_next_time(serve_api: Any) -> None:
    async with serve_api() as api:
        await ticked(api.served.storage, "watch", api.served.clock)
        found = await listed(api)
        assert list(found) == ["stopped", "yearly", "watch"]
        watch = found["watch"]
        assert (watch["kind"], watch["status"], watch["why"], watch["cursor"]) == ("sensor", "running", "default", "17")
        assert watch["last_tick"]["skip_reason"] == "nothing new"
        assert watch["next_fire_at"] == watch["last_tick"]["timestamp"] + 3600 * 10**9
        assert (found["stopped"]["status"], found["stopped"]["next_fire_at"]) == ("stopped", None)
        assert found["yearly"]["next_fire_at"] > api.served.clock.now_ns()


@pytest.mark.anyio
@pytest.mark.parametrize("daemon", [True, False])
async def test_pause_resume_and_reset_are_stored_and_answered_with_the_new_state(serve_api: Any, daemon: bool) -> None:
    async with serve_api(daemon=daemon) as api:
        paused = await api.post("/api/automations/schedule/pause/yearly")
        assert (paused["status"], paused["why"]) == ("stopped", "choice")
        assert api.served.storage.trigger_state("schedule", "yearly").choice == "stopped"
        resumed = await api.post("/api/automations/schedule/resume/stopped")
        assert (resumed["status"], resumed["why"]) == ("running", "choice")
        reset = await api.post("/api/automations/schedule/reset/stopped")
        assert (reset["status"], reset["why"]) == ("stopped", "default")


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["a/b", "new%0Aline", "%2e%2e", "%3Fq=1%23f", "%F0%9F%98%80"])
async def test_any_name_is_taken_from_the_path_as_it_is(serve_api: Any, name: str) -> None:
    async with serve_api() as api:
        status, message = await api.error("POST", f"/api/automations/schedule/pause/{name}")
        assert (status, message) == (404, f"Schedule '{unquote(name)}' not found")


@pytest.mark.anyio
@pytest.mark.parametrize("daemon", [True, False])
async def test_a_trigger_that_does_not_exist_is_not_found_and_nothing_is_stored(serve_api: Any, daemon: bool) -> None:
    async with serve_api(daemon=daemon) as api:
        status, message = await api.error("POST", "/api/automations/sensor/pause/yearly")
        assert (status, "yearly" in message) == (404, True)
        assert api.served.storage.trigger_state("sensor", "yearly") is None
        assert (await api.error("POST", "/api/automations/schedule/explode/yearly"))[0] == 404
        assert (await api.error("POST", "/api/automations/job/pause/yearly"))[0] == 404


@pytest.mark.anyio
async def test_ticks_are_listed_by_name_and_for_all_and_limited(serve_api: Any) -> None:
    async with serve_api() as api:
        await ticked(api.served.storage, "watch", api.served.clock)
        (tick,) = await api.get("/api/ticks?name=watch")
        assert (tick["automation_name"], tick["seq"], tick["cursor"]) == ("watch", 1, "17")
        assert await api.get("/api/ticks") == [tick]
        assert await api.get("/api/ticks?limit=0") == []
        assert await api.get("/api/ticks?name=nope") == []
        assert (await api.error("GET", "/api/ticks?limit=-1"))[0] == 400
        assert (await api.error("GET", "/api/ticks?limit=many"))[0] == 400
