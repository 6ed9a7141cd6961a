"""``GET /api/health``."""

from __future__ import annotations

import os
from typing import Any

import pytest


@pytest.mark.anyio
async def test_health_names_the_code_and_every_daemon(serve_api: Any) -> None:
    async with serve_api() as api:
        health = await api.get("/api/health")
        assert (health["module"], health["repo_var"], health["pid"]) == ("shop", "repo", os.getpid())
        assert (health["state"], health["healthy"], health["running_runs"]) == ("running", True, 0)
        assert "ScheduleDaemon" in {name.split("-")[0] for name in health["daemons"]}
        assert {daemon["last_error"] for daemon in health["daemons"].values()} == {None}
        assert health["abandoned_evaluations"] == {}


@pytest.mark.anyio
async def test_health_without_daemons_is_still_answered(serve_api: Any) -> None:
    async with serve_api(daemon=False) as api:
        assert (await api.get("/api/health"))["daemons"] == {}
