"""The registered objects behind names: IO handlers, retry policies, partitions definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rivers.definitions.assets.jobs import Job
from rivers.definitions.partition_arguments import PartitionsReference
from rivers.definitions.policies.retries import RetryPolicy
from rivers.exceptions import (
    AssetDefinitionError,
    ConfigurationError,
    _UnknownHandler,  # pyright: ignore[reportPrivateUsage]
)
from rivers.graph.nodes import Graph
from rivers.partitions.definitions import PartitionsDefinition


def resolve_handler(asset: str, reference: Any, resources: Mapping[str, Any]) -> Any:
    """Return the IO handler behind ``reference``: a resource key, or the handler itself (``None`` stays ``None``).

    :raises ConfigurationError: when no resource has that key (also an ``AssetDefinitionError``)
    :raises AssetDefinitionError: when the resource of that key is not an IO handler
    """
    if not isinstance(reference, str):
        return reference
    if reference not in resources:
        raise _UnknownHandler(
            f"Asset '{asset}': io_handler '{reference}' is not a registered resource (available: {_listed(resources)})",
            name=asset,
            value=reference,
        )
    handler = resources[reference]
    if not (hasattr(handler, "handle_output") and hasattr(handler, "load_input")):
        raise AssetDefinitionError(
            f"Asset '{asset}': io_handler '{reference}' names a {type(handler).__name__}, which has no handle_output "
            f"and load_input",
            name=asset,
            value=reference,
        )
    return handler


def resolve_retry(
    owner: str, reference: RetryPolicy | str | None, retries: Mapping[str, RetryPolicy]
) -> RetryPolicy | None:
    """Return the policy behind ``reference``. ``owner`` is how a message calls the place that it stands in.

    :raises ConfigurationError: when no policy is registered under that name
    """
    if not isinstance(reference, str):
        return reference
    if reference not in retries:
        raise ConfigurationError(
            f"{owner}: retry '{reference}' is not a registered retry policy (available: {_listed(retries)})"
        )
    return retries[reference]


def resolve_partitions(
    asset: str, reference: PartitionsReference | None, partition_defs: Mapping[str, PartitionsDefinition]
) -> PartitionsDefinition | None:
    """Return the partitions definition behind ``reference``: a registered name, or the definition itself.

    :raises ConfigurationError: when no definition is registered under that name
    """
    if not isinstance(reference, str):
        return reference
    if reference not in partition_defs:
        raise ConfigurationError(
            f"Asset '{asset}': partitions_def '{reference}' is not a registered partitions definition "
            f"(available: {_listed(partition_defs)})",
            kind="Asset",
            name=asset,
            value=reference,
        )
    return partition_defs[reference]


def check_handlers(graph: Graph, resources: Mapping[str, Any]) -> None:
    """Resolve every IO handler that the graph refers to, for its errors. For ``resolve()`` only, not ``validate()``."""
    for node in graph:
        resolve_handler(node.name, node.settings.io_handler, resources)
        for dep in node.step.override_of.values():
            resolve_handler(node.name, dep.io_handler, resources)


def check_names(
    graph: Graph,
    jobs: Iterable[Job],
    *,
    retries: Mapping[str, RetryPolicy],
    default_retry: RetryPolicy | str | None,
) -> None:
    """Resolve every retry policy that is referred to by name, for its errors."""
    for node in graph:
        resolve_retry(f"Asset '{node.name}'", node.definition.retry, retries)
    for job in jobs:
        resolve_retry(f"Job '{job.name}'", job.retry, retries)
    resolve_retry("default_retry_policy", default_retry, retries)


def _listed(registered: Mapping[str, Any]) -> str:
    return ", ".join(sorted(registered)) or "none"
