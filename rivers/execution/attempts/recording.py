"""Storing what the function of a step returned, and the stored form of what is recorded about it."""

from __future__ import annotations

from typing import Any, cast

from rivers.definitions.argument_checks import require_text, storable
from rivers.definitions.functions.asset_contexts import AssetExecutionContext
from rivers.definitions.values.metadata import MetadataValue
from rivers.definitions.values.metadata_encoding import coerce_metadata, metadata_to_json
from rivers.definitions.values.output_report import OutputContext
from rivers.definitions.values.results import Materialization, Observation, Output
from rivers.execution.attempts.outcomes import StepOutput
from rivers.execution.steps.compiled_steps import StepTarget
from rivers.partitions import PartitionContext, PartitionKey


def value_of(returned: Any) -> Any:
    """Return what the function computed: an ``Output`` unwrapped, ``None`` when it stored or only observed its data."""
    if isinstance(returned, Output):
        return returned.value
    return None if isinstance(returned, Materialization | Observation) else returned


Reported = tuple[dict[str, MetadataValue], str | None]
"""Metadata and data version."""


def reported_to(context: Any) -> Reported:
    """Return what the function has reported to its context so far. A data version is taken out of the context."""
    if not isinstance(context, AssetExecutionContext):
        return {}, None
    asset_context = cast("AssetExecutionContext[Any]", context)
    return asset_context.output_metadata or {}, asset_context.drain_data_version()


def failed_partitions(context: Any) -> tuple[tuple[PartitionKey, str], ...]:
    """Return the keys that the function has marked as failed, with its reasons, in the order of the step's keys."""
    if not isinstance(context, AssetExecutionContext):
        return ()
    asset_context = cast("AssetExecutionContext[Any]", context)
    marked = asset_context.partition_failures
    if not marked or asset_context.partition is None:
        return ()
    return tuple((key, marked[str(key)]) for key in asset_context.partition.keys if str(key) in marked)


def store(
    target: StepTarget,
    reported: Reported,
    returned: Any,
    *,
    partition: PartitionContext | None = None,
    observed: bool = False,
) -> StepOutput:
    """Hand the value to the target's handler, unless the function says that there is nothing to store.

    ``partition`` is the context that the handler gets. ``observed`` says that the function only looked at data that is
    elsewhere. Metadata and data version of the handler win over those of the result, and these over what was
    ``reported`` to the context.

    :raises TypeError: a metadata value has no stored form, or the data version is no text
    :raises ValueError: the data version cannot be stored
    """
    metadata = dict(reported[0])
    version = reported[1]
    if isinstance(returned, Output | Materialization | Observation):
        metadata.update(coerce_metadata(returned.metadata or {}))
        version = returned.data_version if returned.data_version is not None else version
    observed = observed or isinstance(returned, Observation)
    if not observed and not isinstance(returned, Materialization):
        output = OutputContext(target.name, target.metadata, partition, target.type_hint)
        if metadata:
            output.add_output_metadata(metadata)
        target.handler.handle_output(output, value_of(returned))
        metadata = output.output_metadata or {}
        registered = output.drain_data_version()
        version = registered if registered is not None else version
    if version is not None:
        require_text("data_version", version)
    encoded = tuple((storable(key), storable(metadata_to_json(value))) for key, value in metadata.items())
    return StepOutput(target.name, "Observation" if observed else "Materialization", encoded, version)
