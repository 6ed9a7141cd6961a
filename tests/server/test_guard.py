"""The guard, asked directly: what it lets through and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from rivers.server.guard import LOOPBACK_NAMES, Guard

TOKEN = "s3cret"
PORT = 4711


async def answer(path: str, *headers: tuple[bytes, bytes]) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of a GET that reaches the guard with these headers."""
    guard = Guard(PlainTextResponse("inside"), hosts=LOOPBACK_NAMES, port=PORT, token=TOKEN)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await guard({"type": "http", "method": "GET", "path": path, "headers": list(headers)}, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


def host(text: str) -> tuple[bytes, bytes]:
    return b"host", text.encode()


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["127.0.0.1:4711", "localhost:4711", "LOCALHOST:4711", "[::1]:4711"])
async def test_a_request_that_names_the_server_and_has_the_token_comes_in(name: str) -> None:
    assert (await answer("/api/health", host(name), bearer(TOKEN)))[0] == 200


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["evil.example:4711", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:4711.evil.example", ""])
async def test_a_rebound_name_is_refused_even_with_the_token(name: str) -> None:
    status, _, body = await answer("/api/health", host(name), bearer(TOKEN))
    assert status == 421
    assert b"inside" not in body


@pytest.mark.anyio
async def test_a_request_with_no_host_or_two_hosts_is_refused() -> None:
    assert (await answer("/api/health", bearer(TOKEN)))[0] == 421
    twice = await answer("/api/health", host("localhost:4711"), host("evil.example"), bearer(TOKEN))
    assert twice[0] == 421


@pytest.mark.anyio
async def test_the_api_wants_the_token_and_says_so_in_json() -> None:
    status, headers, body = await answer("/api/health", host("localhost:4711"))
    assert (status, headers[b"www-authenticate"]) == (401, b"Bearer")
    assert "token" in json.loads(body)["error"]["message"]


@pytest.mark.anyio
@pytest.mark.parametrize("given", [bearer("wrong"), bearer(""), bearer(TOKEN + "x"), (b"authorization", b"\xff\xfe")])
async def test_another_token_is_refused(given: tuple[bytes, bytes]) -> None:
    assert (await answer("/api", host("localhost:4711"), given))[0] == 401


@pytest.mark.anyio
async def test_only_paths_below_api_want_the_token() -> None:
    assert (await answer("/", host("localhost:4711")))[0] == 200
    assert (await answer("/apiary", host("localhost:4711")))[0] == 200
    assert (await answer("/api/", host("localhost:4711")))[0] == 401
