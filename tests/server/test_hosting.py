"""A bound socket answers on both backends until it is told to stop."""

from __future__ import annotations

import socket

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from rivers.server.hosting import address_of, bind, serve


async def hello(request: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


def test_port_zero_takes_a_free_port_that_is_in_the_address() -> None:
    with bind("127.0.0.1", 0) as sock:
        assert address_of(sock) == f"http://127.0.0.1:{sock.getsockname()[1]}"


def test_every_interface_is_addressed_by_its_loopback() -> None:
    with bind("0.0.0.0", 0) as sock:
        assert address_of(sock).startswith("http://127.0.0.1:")


def test_a_taken_port_is_refused_when_it_is_bound() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", taken.getsockname()[1])


@pytest.mark.anyio
async def test_requests_are_answered_until_the_event_is_set() -> None:
    sock, until = bind("127.0.0.1", 0), anyio.Event()
    address = address_of(sock)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(serve, Starlette(routes=[Route("/", hello)]), sock, until)
            async with httpx.AsyncClient(trust_env=False) as client:
                assert (await client.get(address)).text == "hello"
            until.set()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), timeout=5)


@pytest.mark.anyio
async def test_a_stream_reaches_its_reader_line_by_line() -> None:
    proceed, until = anyio.Event(), anyio.Event()

    async def stream(request: object) -> StreamingResponse:
        async def lines():
            yield b"first\n"
            await proceed.wait()
            yield b"second\n"

        return StreamingResponse(lines())

    sock = bind("127.0.0.1", 0)
    address = address_of(sock)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(serve, Starlette(routes=[Route("/", stream)]), sock, until)
            async with httpx.AsyncClient(trust_env=False) as client, client.stream("GET", address) as response:
                seen = []
                async for line in response.aiter_lines():
                    seen.append(line)
                    proceed.set()
            assert seen == ["first", "second"]
            until.set()
