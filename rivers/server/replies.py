"""The shape of answers: JSON documents, and errors as ``{"error": {"type", "message"}}`` with a fitting status.

An error of rivers also has the fields that its message is made from: ``kind``, ``name``, ``value`` and ``near``, each
where it is known. One of the store says whether it is ``retryable``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rivers.definitions.argument_checks import storable
from rivers.exceptions import (
    AmbiguousRun,
    AssetNotFoundError,
    BadRequest,
    NodeNotFoundError,
    NotAccepted,
    StorageError,
    is_of_rivers,
    public_name,
)

Handler = Callable[[Request], Awaitable[Response]]


def answering(handler: Callable[[Request], Awaitable[Any]]) -> Handler:
    """Make a handler of a function that may return any JSON value or a ``Response``; errors become error answers."""

    async def answer(request: Request) -> Response:
        try:
            _refuse_nul(request)
            document = await handler(request)
        except HTTPException:
            raise
        except Exception as error:
            return error_response(error)
        return document if isinstance(document, Response) else JSONResponse(document)

    return answer


def _refuse_nul(request: Request) -> None:
    parameters = (*request.path_params.values(), *request.query_params.values())
    if any("\x00" in str(value) for value in parameters):
        raise BadRequest("the address holds a NUL character, which is in no name")


def error_response(error: Exception) -> Response:
    """Return the answer to a request that could not be carried out."""
    document = {"type": public_name(error), "message": storable(str(error)), **_fields_of(error)}
    return JSONResponse({"error": document}, status_code=int(_status_of(error)))


def _fields_of(error: Exception) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if is_of_rivers(error):
        for field in ("kind", "name", "value"):
            text = getattr(error, field, None)
            if text is not None:
                fields[field] = storable(text)
        near = getattr(error, "near", ())
        if near:
            fields["near"] = list(map(storable, near))
    if isinstance(error, StorageError):
        fields["retryable"] = error.retryable
    return fields


def _status_of(error: Exception) -> HTTPStatus:
    match error:
        case NodeNotFoundError() | AssetNotFoundError():
            return HTTPStatus.NOT_FOUND
        case NotAccepted() | AmbiguousRun():
            return HTTPStatus.CONFLICT
        case StorageError() if not isinstance(error, ValueError):  # not what was asked for: the store is at fault
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _ if is_of_rivers(error):
            return HTTPStatus.BAD_REQUEST
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def limit_of(request: Request, default: int = 100) -> int:
    """Return the query parameter ``limit``.

    :raises BadRequest: unless it is a whole number of at least 0
    """
    text = request.query_params.get("limit")
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise BadRequest(f"limit must be a whole number of at least 0, got '{text}'", name="limit", value=text)
    return int(text)


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body; ``{}`` when there is none.

    :raises BadRequest: for anything else, also for text that is not Unicode: JSON can spell half a surrogate pair,
        which no name holds and no answer could repeat
    """
    raw = await request.body()
    if not raw:
        return {}
    try:
        document: Any = await request.json()
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f"the body holds text that is not Unicode: {error.reason}") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadRequest("the body must be a JSON object")
    return document  # pyright: ignore[reportUnknownVariableType]
