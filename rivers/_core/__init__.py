"""Import paths that the reference API documents, such as ``rivers._core.AutomationDaemon``.

Every name is a re-export that is resolved at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME_OF = {
    "AutomationDaemon": "rivers.daemons.host",
    "CodeRepository": "rivers.repository.code_repository",
    "Storage": "rivers.storage",
}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'rivers._core' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
