"""Runs, events, ticks and assets, kept in SurrealDB behind one facade, with one module for each noun.

``engine`` alone talks to the database. The modules of the nouns hold the SurrealQL, which appears nowhere else in
rivers. Nothing here decides: a decision comes in whole, and is written whole or not at all.
"""

from __future__ import annotations

from rivers.storage.async_store import AsyncStore
from rivers.storage.facade import Storage
from rivers.storage.folder import Sidecar, read_sidecar
from rivers.storage.triggers import GROUP_MAX

__all__ = ["GROUP_MAX", "AsyncStore", "Sidecar", "Storage", "read_sidecar"]
