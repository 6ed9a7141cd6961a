"""Errors of the engine, told apart so that callers can act on them.

A user sees :class:`rivers.exceptions.StorageError`. Only the storage package looks at the subclass.
"""

from __future__ import annotations

from rivers.exceptions import RiversError, StorageError


class Duplicate(StorageError, RiversError):
    """A row with that id exists already; nothing of the transaction was written."""


class Lost(StorageError, RiversError):
    """A compare-and-set found another value than it expected; nothing of the transaction was written."""

    retryable = True  # a call reads anew what it compares with


class Conflict(StorageError, RiversError):
    """Another client wrote the same rows at the same moment; the transaction can be repeated as it is."""

    retryable = True


class OutcomeUnknown(StorageError, RiversError):
    """The connection broke before the reply came: the transaction may or may not have been committed."""

    retryable = True  # what a decision creates is named by its content, so that writing it twice is refused


class Broken(OutcomeUnknown):
    """The engine could not read or write its files, as on a full disk. It accepts nothing until it is opened again,
    and then has the transaction whole or not at all."""


LOST = "rivers:lost"
"""The text that our scripts THROW when they lose a compare-and-set."""

_IO_FAULT = "Log error: IO error"
_FOLLOW_ON = "The query was not executed"


def fault_from(text: str) -> StorageError:
    """Return the exception for an error text of the engine."""
    if LOST in text:
        return Lost("a compare-and-set was lost: the row has changed since it was read")
    if "already exists" in text or "already contains" in text:
        return Duplicate(text)
    if "can be retried" in text:
        return Conflict(text)
    if _IO_FAULT in text:
        return Broken(text)
    return StorageError(text)


def raise_first(statuses: list[tuple[str, object]]) -> None:
    """Raise the error of the statement that failed, if one did.

    When a transaction fails, every statement reports an error. Only the one that failed says why, so the texts of the
    others count last.
    """
    texts = [str(result) for status, result in statuses if status != "OK"]
    if not texts:
        return
    raise fault_from(next((text for text in texts if not text.startswith(_FOLLOW_ON)), texts[0]))
