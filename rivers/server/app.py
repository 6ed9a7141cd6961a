"""The application: which routes there are, behind the guard."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware

from rivers.server.automations import automation_routes
from rivers.server.guard import LOOPBACK_NAMES, Guard
from rivers.server.health import health_routes
from rivers.server.run_routes import run_routes
from rivers.server.served import Served


def build_app(served: Served, *, port: int, token: str, hosts: Sequence[str] = LOOPBACK_NAMES) -> Starlette:
    """Return the application for one served system, listening on ``port`` under the names ``hosts``."""
    return Starlette(
        routes=[*health_routes(served), *automation_routes(served), *run_routes(served)],
        middleware=[Middleware(Guard, hosts=tuple(hosts), port=port, token=token)],
    )
