"""Where rivers keeps what must not be forgotten: SurrealDB behind one facade, with one module a noun.

``engine`` is the only door to the database; the modules of the nouns hold its SurrealQL, which appears nowhere else in
rivers. Nothing here decides anything: decisions come in whole and are written whole or not at all.
"""

from __future__ import annotations

from rivers.storage.async_store import AsyncStore
from rivers.storage.facade import Storage
from rivers.storage.folder import Sidecar, read_sidecar
from rivers.storage.triggers import GROUP_MAX

__all__ = ["GROUP_MAX", "AsyncStore", "Sidecar", "Storage", "read_sidecar"]
