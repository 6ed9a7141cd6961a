"""The status of an error answer says whose fault it was."""

from __future__ import annotations

import json

import pytest

from rivers.exceptions import (
    AmbiguousRun,
    AssetNotFoundError,
    BadRequest,
    GraphValidationError,
    NodeNotFoundError,
    NotAccepted,
    StorageError,
    StorageLocked,
    _NegativeCount,
    _UnknownRunStatus,
)
from rivers.server.replies import error_response
from rivers.storage.faults import Conflict


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NodeNotFoundError("x"), 404),
        (AssetNotFoundError("x"), 404),
        (NotAccepted("x"), 409),
        (AmbiguousRun("x"), 409),
        (BadRequest("x"), 400),
        (GraphValidationError("x"), 400),
        (_NegativeCount("x"), 400),
        (_UnknownRunStatus("x"), 400),
        (StorageError("disk full"), 503),
        (StorageLocked("x"), 503),
        (RuntimeError("a bug"), 500),
    ],
)
def test_each_error_has_its_status_type_and_message_and_no_traceback(error: Exception, status: int) -> None:
    response = error_response(error)
    assert response.status_code == status
    document = json.loads(bytes(response.body))["error"]
    assert (document["type"], document["message"]) == (type(error).__name__, str(error))
    assert "Traceback" not in str(document)


def test_an_error_is_called_by_its_public_name_and_its_text_can_be_sent() -> None:
    class _Particular(NodeNotFoundError):
        pass

    response = error_response(_Particular("no \udcff"))
    assert json.loads(bytes(response.body)) == {"error": {"type": "NodeNotFoundError", "message": "no \\udcff"}}


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (NodeNotFoundError.of("Job", "abc", ["abd"]), {"kind": "Job", "name": "abc", "near": ["abd"]}),
        (NodeNotFoundError("x", name="\udcff", near=["\x00"]), {"name": "\\udcff", "near": ["\\x00"]}),
        (BadRequest("x", name="limit", value="-1"), {"name": "limit", "value": "-1"}),
        (StorageError("x"), {"retryable": False}),
        (Conflict("x"), {"retryable": True}),
        (ModuleNotFoundError("x", name="a module, not ours to tell"), {}),
    ],
)
def test_an_error_of_rivers_has_the_fields_that_are_known(error: Exception, fields: dict[str, object]) -> None:
    document = json.loads(bytes(error_response(error).body))["error"]
    assert {key: value for key, value in document.items() if key not in ("type", "message")} == fields
