"""From what a step's function returned to what is stored, and to the stored form of what is said about it."""

from __future__ import annotations

from typing import Any, Final, cast

from rivers.definitions.argument_checks import require_text, storable
from rivers.definitions.functions.asset_contexts import AssetExecutionContext
from rivers.definitions.values.metadata import MetadataValue
from rivers.definitions.values.metadata_encoding import coerce_metadata, metadata_to_json
from rivers.definitions.values.output_report import OutputContext
from rivers.definitions.values.results import Materialization, Observation, Output
from rivers.execution.attempts.outcomes import StepOutput
from rivers.execution.steps.compiled_steps import StepTarget
from rivers.partitions import PartitionContext, PartitionKey

_INT64: Final = range(-(2**63), 2**63)


def value_of(returned: Any) -> Any:
    """What the function computed: an ``Output`` unwrapped, ``None`` when it stored or only observed its data."""
    if isinstance(returned, Output):
        return returned.value
    return None if isinstance(returned, Materialization | Observation) else returned


Told = tuple[dict[str, MetadataValue], str | None]
"""Metadata and data version."""


def told_to(context: Any) -> Told:
    """What the function has told its context so far. A data version is taken from it."""
    if not isinstance(context, AssetExecutionContext):
        return {}, None
    told = cast("AssetExecutionContext[Any]", context)
    return told.output_metadata or {}, told.drain_data_version()


def failed_partitions(context: Any) -> tuple[tuple[PartitionKey, str], ...]:
    """The keys that the function has marked as failed, in order of the keys of its step."""
    if not isinstance(context, AssetExecutionContext):
        return ()
    told = cast("AssetExecutionContext[Any]", context)
    marked = told.partition_failures
    if not marked or told.partition is None:
        return ()
    return tuple((key, marked[str(key)]) for key in told.partition.keys if str(key) in marked)


def store(
    target: StepTarget,
    told: Told,
    returned: Any,
    *,
    partition: PartitionContext | None = None,
    observed: bool = False,
) -> StepOutput:
    """Hand the value to the target's handler, unless the function says that there is nothing to store.

    ``partition`` is what the handler is told of the keys. ``observed`` says that the function only looked at data that
    is elsewhere. Of metadata and data versions the nearest to the data wins: what the context was ``told``, then the
    result, then the handler.

    :raises TypeError: for a metadata value that has no stored form, or a data version that is no text
    :raises ValueError: for a data version that cannot be stored
    """
    metadata = dict(told[0])
    version = told[1]
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
