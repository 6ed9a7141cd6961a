"""``/api/automations`` and ``/api/ticks``: what there is, what it did, and pausing, resuming and resetting it."""

from __future__ import annotations

from typing import Any

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.routing import Route

from rivers.channels.messages import ChooseTrigger
from rivers.exceptions import NodeNotFoundError
from rivers.records import AutomationKind, TriggerState
from rivers.server.replies import answering, limit_of
from rivers.server.served import Served
from rivers.views import documents


class AnyName(PathConvertor):
    """A convertor for the rest of the path, slashes and line breaks included: a trigger may have any name."""

    regex = "(?s:.*)"


register_url_convertor("any_name", AnyName())


def automation_routes(served: Served) -> list[Route]:
    """Return the routes of these resources."""

    async def automations(request: Request) -> list[dict[str, Any]]:
        return await served.store.run(documents.automations, served.repo, served.clock.now_ns())

    async def choose(request: Request) -> dict[str, Any]:
        kind, action = request.path_params["kind"], request.path_params["action"]
        if kind not in documents.TRIGGER_KINDS or action not in documents.CHOICES:
            raise NodeNotFoundError(f"no action '{action}' on a '{kind}'", kind="action", name=action)
        state = await _choose(served, kind, request.path_params["name"], documents.CHOICES[action])
        return await _document_of(served, state)

    async def ticks(request: Request) -> list[dict[str, Any]]:
        return await served.store.run(documents.ticks, request.query_params.get("name"), limit_of(request))

    return [
        Route("/api/automations", answering(automations)),
        Route("/api/automations/{kind}/{action}/{name:any_name}", answering(choose), methods=["POST"]),
        Route("/api/ticks", answering(ticks)),
    ]


async def _choose(served: Served, kind: AutomationKind, name: str, choice: documents.Choice) -> TriggerState:
    if served.graph is None:
        if name not in documents.declared_triggers(served.repo, kind):
            raise NodeNotFoundError.of(kind.capitalize(), name)
        return await served.store.run(documents.choose, kind, name, choice, served.clock.now_ns())
    return await served.working_graph().control(ChooseTrigger(kind=kind, name=name, choice=choice))


async def _document_of(served: Served, state: TriggerState) -> dict[str, Any]:
    """Return the automation as it stands after the choice."""
    for document in await served.store.run(documents.automations, served.repo, served.clock.now_ns()):
        if (document["kind"], document["name"]) == (state.kind, state.name):
            return document
    raise NodeNotFoundError.of(state.kind.capitalize(), state.name)
