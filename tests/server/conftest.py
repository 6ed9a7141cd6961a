"""A real graph behind a real socket, and a client that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

import rivers as rs
from rivers.server.hosting import address_of, bind
from rivers.server.served import Served
from rivers.server.serving import serving
from rivers.storage import Storage
from tests.shop import shop

TOKEN = "s3cret"


class Api:
    """A client with the token, and the served system for looking behind the API."""

    def __init__(self, client: httpx.AsyncClient, served: Served) -> None:
        self.client = client
        self.served = served

    async def get(self, path: str) -> Any:
        """The document at a path that must answer 200."""
        response = await self.client.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: Any = None) -> Any:
        """The answer to a POST that must be 200."""
        response = await self.client.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    async def error(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Status and message of a request that must be refused."""
        response = await self.client.request(method, path, **options)
        assert response.status_code >= 400, response.text
        return response.status_code, response.json()["error"]["message"]

    async def finished(self, run_id: str) -> list[dict[str, Any]]:
        """All lines of a run's stream, which ends with the run."""
        async with self.client.stream("GET", f"/api/runs/{run_id}/log") as response:
            assert response.status_code == 200
            import json

            return [json.loads(line) async for line in response.aiter_lines()]


@asynccontextmanager
async def api(repo: rs.CodeRepository | None = None, *, daemon: bool = True) -> AsyncGenerator[Api]:
    """Serve a repository on a store in memory."""
    repo = repo if repo is not None else shop()
    with Storage.memory() as storage, bind("127.0.0.1", 0) as sock:
        repo.resolve(storage)
        base = address_of(sock)
        with anyio.fail_after(30):
            async with serving(repo, storage, sock, module="shop", daemon=daemon, token=TOKEN) as served:
                headers = {"Authorization": f"Bearer {TOKEN}"}
                async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as client:
                    yield Api(client, served)
        repo.shutdown()


@pytest.fixture
def serve_api() -> Any:
    """The context manager ``api``; a fixture, since test modules cannot import each other."""
    return api
