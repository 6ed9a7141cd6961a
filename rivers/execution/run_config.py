"""The override document of one run: config of nodes, metadata of assets, fields of resources.

Two shapes are read. Flat: ``{node: {field: value}}``. Sectioned: ``{"assets": {node: {"config": .., "metadata": ..}},
"resources": {key: {field: value}}, "execution": {"executor": .., ..}}``, when every key is one of those sections.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from rivers.exceptions import ConfigurationError
from rivers.execution.dispatch.executors import EXECUTORS, option_names

SECTIONS: Final = ("assets", "execution", "resources")


@dataclass(frozen=True)
class RunConfig:
    """The overrides of one run, checked. ``execution`` is what the document says about executors."""

    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    resources: Mapping[str, Any] = field(default_factory=dict[str, Any])
    execution: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read_run_config(document: Mapping[str, Any] | None, nodes: Collection[str]) -> RunConfig:
    """Check an override document against the nodes of the run; ``None`` and ``{}`` mean no overrides.

    :raises ConfigurationError: naming the path at fault and what would be accepted there
    """
    if not document:
        return RunConfig()
    given = _mapping("config", document)
    try:
        json.dumps(given)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"config must be JSON-serializable: {error}") from error
    if names := [key for key in given if key not in SECTIONS]:
        for name in names:
            _require_node(f"config.{name}", name, nodes)
        for name in given:
            if name not in nodes:
                raise _fault(f"config.{name}", f": a section cannot stand beside names of nodes ({names[0]!r})")
        return RunConfig(config={name: _mapping(f"config.{name}", values) for name, values in given.items()})
    config, metadata = _assets(_section(given, "assets"), nodes)
    return RunConfig(config, metadata, _section(given, "resources"), _execution(_section(given, "execution")))


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    return {} if section is None else _mapping(f"config.{name}", section)


def _assets(
    section: Mapping[str, Any], nodes: Collection[str]
) -> tuple[dict[str, Mapping[str, Any]], dict[str, Mapping[str, Any]]]:
    config: dict[str, Mapping[str, Any]] = {}
    metadata: dict[str, Mapping[str, Any]] = {}
    for name, entry in section.items():
        path = f"config.assets.{name}"
        _require_node(path, name, nodes)
        for key, value in _mapping(path, entry).items():
            if key == "config":
                config[name] = _mapping(f"{path}.config", value)
            elif key == "metadata":
                metadata[name] = _mapping(f"{path}.metadata", value)
            else:
                raise _fault(f"{path}.{key}", ": unknown key; expected config, metadata")
    return config, metadata


def _execution(section: Mapping[str, Any]) -> Mapping[str, Any]:
    keys = ["executor", *(option for entry in EXECUTORS.values() for option in option_names(entry))]
    for key in section:
        if key not in keys:
            raise _fault(f"config.execution.{key}", f": unknown key; expected {', '.join(dict.fromkeys(keys))}")
    executor = section.get("executor")
    if executor is not None and executor not in EXECUTORS:
        raise _fault("config.execution.executor", f": {executor!r} is none of {', '.join(EXECUTORS)}", str(executor))
    if executor == "in_process" and section.get("max_workers") is not None:
        raise _fault("config.execution.max_workers", " applies to the parallel executor, not to in_process")
    for key in ("max_workers", "max_async_concurrent"):
        count = section.get(key)
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
            raise _fault(f"config.execution.{key}", f" must be a whole number from 0, got {count!r}", str(count))
    return section


def _require_node(path: str, name: str, nodes: Collection[str]) -> None:
    if name not in nodes:
        sections = ", ".join(SECTIONS)
        raise _fault(path, f": '{name}' is neither part of this run nor one of the sections {sections}", name)


def _mapping(path: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _fault(path, f" must be a dict, got {type(value).__name__}")
    return cast("Mapping[str, Any]", value)


def _fault(path: str, text: str, value: str | None = None) -> ConfigurationError:
    return ConfigurationError(f"{path}{text}", kind="config", name=path, value=value)
