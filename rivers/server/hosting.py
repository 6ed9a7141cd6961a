"""Binding a socket and serving an ASGI application on it, on asyncio or trio, inside the caller's task group."""

from __future__ import annotations

import ipaddress
import logging
import socket
from typing import Any, Final

import anyio
from hypercorn.config import Config

from rivers.clock.loops import trio_is_running

BACKLOG: Final = 128
GRACEFUL_SECONDS: Final = 2.0

_log = logging.getLogger("rivers.server")


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises ``OSError`` when the address cannot be had.

    Listening before anything is served means that an address can be told to others as soon as this has returned: their
    connections wait in the backlog.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def address_of(sock: socket.socket) -> str:
    """Return the URL at which a bound socket answers; one bound to every interface is named by its loopback address."""
    host, port = sock.getsockname()[:2]
    ip = ipaddress.ip_address(host)
    if ip.is_unspecified:
        ip = ipaddress.ip_address("::1" if ip.version == 6 else "127.0.0.1")
    return f"http://[{ip}]:{port}" if ip.version == 6 else f"http://{ip}:{port}"


async def serve(app: Any, sock: socket.socket, until: anyio.Event) -> None:
    """Answer requests on ``sock``, which is closed at the end, until the event is set.

    Requests in flight then get two seconds to end.
    """
    config = Config()
    config.bind = [f"fd://{sock.detach()}"]
    config.backlog = BACKLOG
    config.graceful_timeout = GRACEFUL_SECONDS
    config.include_server_header = False
    config.errorlog = _log
    config.accesslog = None
    if trio_is_running():
        from hypercorn.trio import serve as serve_on_trio  # pyright: ignore[reportUnknownVariableType]

        await serve_on_trio(app, config, shutdown_trigger=until.wait)
    else:
        from hypercorn.asyncio import serve as serve_on_asyncio  # pyright: ignore[reportUnknownVariableType]

        await serve_on_asyncio(app, config, shutdown_trigger=until.wait)
