"""The shape of answers: JSON documents, and errors as ``{"error": {"type", "message"}}`` with a fitting status."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rivers.definitions.argument_checks import storable
from rivers.exceptions import AssetNotFoundError, NodeNotFoundError, StorageError, is_of_rivers
from rivers.server.served import NotAccepted
from rivers.views.documents import AmbiguousRun

Handler = Callable[[Request], Awaitable[Response]]


class BadRequest(Exception):
    """The request itself is malformed: a parameter of the wrong type, a body that is no JSON object."""


def answering(handler: Callable[[Request], Awaitable[Any]]) -> Handler:
    """A handler that may return any JSON value or a ``Response``, and whose exceptions become error answers."""

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
    """The answer to a request that could not be carried out."""
    # A class for two names of one fault is private; its first base is what callers know.
    name = next(cls.__name__ for cls in type(error).__mro__ if not cls.__name__.startswith("_"))
    document = {"error": {"type": name, "message": storable(str(error))}}
    return JSONResponse(document, status_code=int(_status_of(error)))


def _status_of(error: Exception) -> HTTPStatus:
    match error:
        case NodeNotFoundError() | AssetNotFoundError():
            return HTTPStatus.NOT_FOUND
        case NotAccepted() | AmbiguousRun():
            return HTTPStatus.CONFLICT
        case StorageError() if str(error).startswith("Unknown run status"):
            return HTTPStatus.BAD_REQUEST
        case StorageError():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _ if isinstance(error, BadRequest) or is_of_rivers(error):
            return HTTPStatus.BAD_REQUEST
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def limit_of(request: Request, default: int = 100) -> int:
    """The query parameter ``limit``; raises :class:`BadRequest` unless it is a whole number of at least 0."""
    text = request.query_params.get("limit")
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise BadRequest(f"limit must be a whole number of at least 0, got '{text}'")
    return int(text)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object in the body; ``{}`` when there is none.

    Raises :class:`BadRequest` for anything else, also for text that is not Unicode: JSON can spell half a surrogate
    pair, which no name holds and no answer could repeat.
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
