"""``/api/runs``: listing and reading runs, submitting and cancelling them, and following what one does."""

from __future__ import annotations

from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from rivers.channels.messages import CancelRun, SubmitRun
from rivers.exceptions import BadRequest, NodeNotFoundError, NotAccepted
from rivers.server.replies import answering, body_of, limit_of
from rivers.server.run_stream import run_lines
from rivers.server.served import Served
from rivers.storage import Storage
from rivers.views import documents

_SUBMISSION_KEYS: Final = ("selection", "include_upstream", "job", "partition_key", "tags", "module", "repo_var")
"""The members of a submission. The last two say which code the client means."""


def run_routes(served: Served) -> list[Route]:
    """Return the routes of this resource."""

    async def runs(request: Request) -> list[dict[str, Any]]:
        return await served.store.run(documents.runs, request.query_params.get("status"), limit_of(request))

    async def run(request: Request) -> dict[str, Any]:
        detail = await served.store.run(documents.run_detail, request.path_params["run_id"])
        if detail is None:
            raise NodeNotFoundError.of("Run", request.path_params["run_id"])
        return detail

    async def submit(request: Request) -> dict[str, Any]:
        body = await body_of(request)
        _refuse_other_code(served, body)
        run_id = await served.working_graph().control(submission_of(body))
        return {"run_id": run_id}

    async def cancel(request: Request) -> dict[str, Any]:
        run_id = request.path_params["run_id"]
        status = await _cancel(served, run_id)
        if status is None:
            raise NodeNotFoundError(f"Run '{run_id}' not found, or it has ended", kind="Run", name=run_id)
        return {"run_id": run_id, "status": status}

    async def log(request: Request) -> Response:
        found = await served.store.run(documents.find_run, request.path_params["run_id"])
        if found is None:
            raise NodeNotFoundError.of("Run", request.path_params["run_id"])
        return StreamingResponse(run_lines(served, found.run_id), media_type="application/x-ndjson")

    return [
        Route("/api/runs", answering(runs)),
        Route("/api/runs", answering(submit), methods=["POST"]),
        Route("/api/runs/{run_id}", answering(run)),
        Route("/api/runs/{run_id}/cancel", answering(cancel), methods=["POST"]),
        Route("/api/runs/{run_id}/log", answering(log)),
    ]


def submission_of(body: dict[str, Any]) -> SubmitRun:
    """The request in a body ``{"selection"?: [str], "include_upstream"?: bool, "job"?: str, "partition_key"?: str,
    "tags"?: {str: str}}``.

    :raises BadRequest: for a member of another name or type
    """
    unknown = [key for key in body if key not in _SUBMISSION_KEYS]
    if unknown:
        raise BadRequest(
            f"'{unknown[0]}' means nothing here; a submission has {', '.join(_SUBMISSION_KEYS)}", name=unknown[0]
        )
    selection, job, tags = body.get("selection"), body.get("job"), body.get("tags")
    if selection is not None and not _are_texts(selection):
        raise BadRequest("selection must be a list of asset names", name="selection")
    include_upstream = body.get("include_upstream", False)
    if not isinstance(include_upstream, bool):
        raise BadRequest("include_upstream must be true or false", name="include_upstream")
    if job is not None and not isinstance(job, str):
        raise BadRequest("job must be the name of a job", name="job")
    key = body.get("partition_key")
    if key is not None and not isinstance(key, str):
        raise BadRequest("partition_key must be the text of a partition key", name="partition_key")
    pairs: dict[str, str] = {} if tags is None else tags
    if not isinstance(pairs, dict) or not _are_texts([*pairs, *pairs.values()]):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadRequest("tags must be an object of texts", name="tags")
    return SubmitRun(
        selection=None if selection is None else tuple(selection),
        include_upstream=include_upstream,
        job_name=job,
        partition_key=key,
        tags=tuple(pairs.items()),
    )


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in cast("list[Any]", values))


def _refuse_other_code(served: Served, body: dict[str, Any]) -> None:
    """Refuse a client that means other code than the server holds: it must not get a run of this one."""
    module, repo_var = body.get("module", served.module), body.get("repo_var", served.repo_var)
    if (module, repo_var) != (served.module, served.repo_var):
        raise NotAccepted(
            f"the server of this storage serves '{served.module}:{served.repo_var}', not '{module}:{repo_var}'"
        )


async def _cancel(served: Served, run_id: str) -> str | None:
    if served.graph is None or served.stopping:
        # The daemons have gone, but a run that still executes looks for its flag in storage.
        return await served.store.run(Storage.cancel_run, run_id, served.clock.now_ns())
    return await served.graph.control(CancelRun(run_id=run_id))
