"""The status of an error answer says whose fault it was."""

from __future__ import annotations

import json

import pytest

from rivers.exceptions import (
    AssetNotFoundError,
    GraphValidationError,
    NodeNotFoundError,
    StorageError,
    StorageLocked,
    _NegativeCount,
)
from rivers.server.replies import BadRequest, error_response
from rivers.server.served import NotAccepted
from rivers.views.documents import AmbiguousRun


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
        (StorageError("Unknown run status: x"), 400),
        (StorageError("disk full"), 503),
        (StorageLocked("x"), 503),
        (RuntimeError("a bug"), 500),
    ],
)
def test_each_error_has_its_status_type_and_message_and_no_traceback(error: Exception, status: int) -> None:
    response = error_response(error)
    assert response.status_code == status
    assert json.loads(bytes(response.body)) == {"error": {"type": type(error).__name__, "message": str(error)}}


def test_an_error_is_called_by_its_public_name_and_its_text_can_be_sent() -> None:
    class _Particular(NodeNotFoundError):
        pass

    response = error_response(_Particular("no \udcff"))
    assert json.loads(bytes(response.body)) == {"error": {"type": "NodeNotFoundError", "message": "no \\udcff"}}
