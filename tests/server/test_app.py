"""The whole application: everything below ``/api`` is guarded, and nothing else is there."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/health"),
        ("GET", "/api/automations"),
        ("POST", "/api/automations/schedule/pause/yearly"),
        ("GET", "/api/ticks"),
        ("GET", "/api/runs"),
        ("POST", "/api/runs"),
        ("GET", "/api/runs/x"),
        ("POST", "/api/runs/x/cancel"),
        ("GET", "/api/runs/x/log"),
        ("GET", "/api/nope"),
    ],
)
async def test_every_route_wants_the_token_and_the_name_of_the_server(serve_api: Any, method: str, path: str) -> None:
    async with serve_api(daemon=False) as api:
        assert (await api.error(method, path, headers={"Authorization": ""}))[0] == 401
        assert (await api.error(method, path, headers={"Authorization": "Bearer x"}))[0] == 401
        assert (await api.error(method, path, headers={"Host": "evil.example"}))[0] == 421


@pytest.mark.anyio
async def test_an_unknown_path_and_a_wrong_method_are_client_errors(serve_api: Any) -> None:
    async with serve_api(daemon=False) as api:
        assert (await api.client.get("/api/nope")).status_code == 404
        assert (await api.client.get("/")).status_code == 404
        assert (await api.client.delete("/api/runs")).status_code == 405
