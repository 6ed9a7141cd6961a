"""Stores for tests. :mod:`rivers.simulation` has a whole system on a simulated clock."""

from __future__ import annotations

from rivers.storage import Storage


def memory_storage() -> Storage:
    """Return a fresh store in memory. Like every ``Storage`` it is closed when its last handle is dropped."""
    return Storage.memory()


def embedded_storage(path: str) -> Storage:
    """Return the store in a folder, a new one when there is none. Dropping the last handle frees the folder at once.

    Commits are synced as in production, so that a test of a crash sees what a crash would leave.

    :raises StorageError: when the path cannot be a store, or another handle holds it
    """
    return Storage.embedded(path)
