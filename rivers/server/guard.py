"""Who may talk to the server: the Host header must name it, and the API wants the token.

A page on the internet can make a browser send requests to a loopback port, and by DNS rebinding even read the answers.
The first is stopped by the token, the second by the Host header, which then names the attacker's site.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
GUARDED_PREFIX: Final = "/api"


class Guard:
    """ASGI middleware in front of everything else.

    ``hosts`` are the names, without port, under which the server may be addressed. Requests below ``/api`` also need
    ``Authorization: Bearer <token>``; it is compared in constant time.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], port: int, token: str) -> None:
        self._app = app
        self._hosts = frozenset(f"{host}:{port}".lower().encode("ascii") for host in hosts)
        self._authorization = f"Bearer {token}".encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            await _refuse(send, HTTPStatus.MISDIRECTED_REQUEST, "the Host header does not name this server")
        elif _is_guarded(scope["path"]) and not self._is_authorized(headers):
            await _refuse(send, HTTPStatus.UNAUTHORIZED, "the API wants the token of this server as a bearer token")
        else:
            await self._app(scope, receive, send)

    def _is_authorized(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        given = [value for name, value in headers if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._authorization)


def _is_guarded(path: str) -> bool:
    return path == GUARDED_PREFIX or path.startswith(f"{GUARDED_PREFIX}/")


async def _refuse(send: Send, status: HTTPStatus, message: str) -> None:
    body = json.dumps({"error": {"type": status.phrase, "message": message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode("ascii"))]
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
