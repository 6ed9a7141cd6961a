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


@pytest.mark.anyio
async def test_the_api_wants_the_token_and_the_name_of_the_server(serve_api: Any) -> None:
    async with serve_api() as api:
        assert (await api.error("GET", "/api/health", headers={"Authorization": ""}))[0] == 401
        assert (await api.error("GET", "/api/health", headers={"Host": "evil.example"}))[0] == 421
        assert (await api.error("POST", "/api/runs", headers={"Authorization": "Bearer x"}, json={}))[0] == 401


@pytest.mark.anyio
async def test_an_unknown_path_and_a_wrong_method_are_client_errors(serve_api: Any) -> None:
    async with serve_api() as api:
        assert (await api.client.get("/api/nope")).status_code == 404
        assert (await api.client.delete("/api/runs")).status_code == 405
