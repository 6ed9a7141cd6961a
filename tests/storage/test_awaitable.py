"""The awaitable twins answer what the plain calls answer."""

from __future__ import annotations

import inspect

import pytest

from rivers.storage import Storage
from rivers.storage.awaitable import AwaitableReads


@pytest.mark.anyio
async def test_the_twins_give_the_same_answers(now, step):
    with Storage.memory() as storage:
        storage._create_run("r", "j", "Success", now)
        storage.record_events("r", step("a", now))
        await storage.async_kv_set("k", b"1")
        await storage.async_add_dynamic_partitions("d", ["x"])
        assert await storage.async_kv_get("k") == b"1"
        assert await storage.async_get_run("r") == storage.get_run("r")
        assert await storage.async_get_runs(5, status="Success") == storage.get_runs(5, "Success")
        assert await storage.async_get_events_for_run("r") == storage.get_events_for_run("r")
        assert await storage.async_get_events_for_asset("a", limit=1) == storage.get_events_for_asset("a", 1)
        assert await storage.async_get_dynamic_partitions("d") == ["x"]
        assert await storage.async_get_latest_materialization("a") == storage.get_latest_materialization("a")


def test_every_twin_has_the_parameters_of_its_original():
    twins = [name for name in vars(AwaitableReads) if name.startswith("async_")]
    assert len(twins) > 15
    for name in twins:
        original = getattr(Storage, name.removeprefix("async_"))
        assert str(inspect.signature(getattr(Storage, name))) == str(inspect.signature(original))
