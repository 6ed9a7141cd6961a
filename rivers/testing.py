"""Stores for tests. For a whole system on a simulated clock see :mod:`rivers.simulation`."""

from __future__ import annotations

from rivers.storage import Storage


def memory_storage() -> Storage:
    """A fresh store in this process; closed, like every ``Storage``, when its last handle is dropped."""
    return Storage.memory()


def embedded_storage(path: str) -> Storage:
    """The store in a folder, created when there is none. Dropping the last handle frees the folder at once.

    Commits are synced as in production, so that a test of a crash tests what a crash would leave.

    :raises StorageError: the path cannot be a store, or another handle holds it.
    """
    return Storage.embedded(path)
