"""``GET /api/health``: which code is served, how its daemons are, what runs."""

from __future__ import annotations

import os
from typing import Any, Final

from starlette.requests import Request
from starlette.routing import Route

from rivers.server.replies import answering
from rivers.server.served import Served

_DOWN: Final = ("failed", "restarting")


def health_routes(served: Served) -> list[Route]:
    """Return the routes of this resource."""

    async def health(request: Request) -> dict[str, Any]:
        return health_document(served)

    return [Route("/api/health", answering(health))]


def health_document(served: Served) -> dict[str, Any]:
    """Return the answer. ``healthy`` is false while a daemon has failed and does not run; ages are seconds."""
    document: dict[str, Any] = {
        "module": served.module,
        "repo_var": served.repo_var,
        "pid": os.getpid(),
        "state": "stopping" if served.stopping else "running",
        "now": served.clock.now_ns(),
        "healthy": True,
        "daemons": {},
        "abandoned_evaluations": {},
        "running_runs": 0,
    }
    if served.graph is None:
        return document
    health = served.graph.health()
    document["daemons"] = {
        name: {
            "state": str(daemon.state),
            "restarts": daemon.restart_count,
            "last_error": _error_text(daemon.last_error),
        }
        for name, daemon in health.daemons.items()
    }
    document["healthy"] = all(daemon.state not in _DOWN for daemon in health.daemons.values())
    document["abandoned_evaluations"] = dict(health.abandoned_evaluations)
    document["running_runs"] = health.running_runs
    return document


def _error_text(error: BaseException | None) -> str | None:
    return None if error is None else f"{type(error).__name__}: {error}"
