"""The errors of the engine, as callers tell them apart."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError
from rivers.storage.faults import Broken, Conflict, Duplicate, Lost, fault_from, raise_first


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("An error occurred: rivers:lost", Lost),
        ("Database record `t:1` already exists", Duplicate),
        ("This transaction can be retried", Conflict),
        ("Log error: IO error: No space left on device", Broken),
        ("anything else", StorageError),
    ],
)
def test_engine_texts_become_the_right_fault(text: str, kind: type[StorageError]) -> None:
    assert type(fault_from(text)) is kind


def test_the_culprit_of_a_failed_transaction_is_named() -> None:
    follow_on = ("ERR", "The query was not executed due to a failed transaction")
    with pytest.raises(StorageError, match="the reason"):
        raise_first([("OK", 1), follow_on, ("ERR", "the reason"), follow_on])
    with pytest.raises(StorageError, match="not executed"):
        raise_first([follow_on])
    raise_first([("OK", None)])
