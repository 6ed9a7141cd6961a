"""rivers: a data-asset orchestrator whose every moving part runs on an injected clock.

``import rivers as rs`` stays light: every public name is resolved at its first use (PEP 562), so that a module of asset
declarations does not pay for the storage engine, the event loop or pydantic before it needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME_OF: dict[str, str] = {
    "AssetRecord": "rivers.records",
    "EvalMode": "rivers.records",
    "LaunchedBy": "rivers.records",
    "RunRecord": "rivers.records",
    "ScheduleStatus": "rivers.records",
    "SensorStatus": "rivers.records",
    "StaleCause": "rivers.records",
    "StorageType": "rivers.records",
    "StoredEvent": "rivers.records",
    "StoredTick": "rivers.records",
    "InputContext": "rivers.records",
    "OutputContext": "rivers.records",
    "Storage": "rivers.storage",
}

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "exceptions":
        return import_module("rivers.exceptions")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'rivers' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
