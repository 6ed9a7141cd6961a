"""The result of ``repo.observe``: the outcome of a run, and the observation of each asset in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rivers.definitions.assets.external_assets import ExternalAsset
from rivers.definitions.values.metadata import MetadataValue
from rivers.definitions.values.metadata_encoding import metadata_from_json
from rivers.execution.runs.results import RunResult
from rivers.graph.nodes import Graph
from rivers.graph.selection import in_order, is_runnable
from rivers.storage import Storage


@dataclass(frozen=True, eq=False, repr=False)
class ObserveResult(Mapping[str, dict[str, MetadataValue]], RunResult):
    """A ``RunResult`` that is also a mapping from each observed asset to the metadata of its observation."""

    observations: Mapping[str, dict[str, MetadataValue]] = field(default_factory=dict[str, dict[str, MetadataValue]])

    def __getitem__(self, asset: str) -> dict[str, MetadataValue]:
        return self.observations[asset]

    def __iter__(self) -> Iterator[str]:
        return iter(self.observations)

    def __len__(self) -> int:
        return len(self.observations)

    def __repr__(self) -> str:
        return f"ObserveResult(success={self.success}, run_id={self.run_id!r}, observations={dict(self.observations)})"


def observable_nodes(graph: Graph, names: Sequence[str] | None) -> list[str]:
    """Return the external assets with an observe function among ``names``, or among all nodes for ``None``."""
    found = [
        name
        for name in dict.fromkeys(graph.nodes if names is None else names)
        if name in graph and isinstance(graph[name].definition, ExternalAsset) and is_runnable(graph, name)
    ]
    return list(in_order(graph, found))


def observed(result: RunResult, storage: Storage) -> ObserveResult:
    """Return the result together with the observations in the events of its run."""
    seen: dict[str, dict[str, Any]] = {}
    for event in storage.get_events_for_run(result.run_id):
        if event.event_type == "Observation" and event.asset_key is not None:
            seen[event.asset_key] = {key: metadata_from_json(text) for key, text in event.metadata}
    return ObserveResult(result.success, result.run_id, result.materialized_assets, result.failed_assets, seen)
