"""From what a step's function returned to what is stored, and to the stored form of what is said about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from rivers.definitions.argument_checks import require_text
from rivers.definitions.asset_contexts import AssetExecutionContext
from rivers.definitions.metadata import MetadataValue
from rivers.definitions.metadata_encoding import coerce_metadata, coerce_metadata_value, metadata_to_json
from rivers.definitions.results import Materialization, Observation, Output
from rivers.definitions.storable_text import storable
from rivers.execution.steps import Step
from rivers.records import OutputContext

_INT64: Final = range(-(2**63), 2**63)


def value_of(returned: Any) -> Any:
    """What the function computed: an ``Output`` unwrapped, ``None`` when it stored or only observed its data."""
    if isinstance(returned, Output):
        return returned.value
    return None if isinstance(returned, Materialization | Observation) else returned


def store(step: Step, context: Any, returned: Any) -> tuple[str, dict[str, Any], str | None]:
    """Hand the value to the step's handler, unless the function says that there is nothing to store.

    :returns: the type of the event to record, its metadata, and the data version if anybody gave one; the nearest to
        the data wins: context, then result, then handler.
    """
    metadata: dict[str, Any] = {}
    version: str | None = None
    if isinstance(context, AssetExecutionContext):
        metadata.update(context.output_metadata or {})
        version = context.drain_data_version()
    if isinstance(returned, Output | Materialization | Observation):
        metadata.update(coerce_metadata(returned.metadata or {}))
        version = returned.data_version if returned.data_version is not None else version
    if version is not None:
        require_text("data_version", version)
    if isinstance(returned, Observation):
        return "Observation", metadata, version
    if not isinstance(returned, Materialization):
        output = OutputContext(step.name, step.metadata, type_hint=step.type_hint)
        if metadata:
            output.add_output_metadata(metadata)
        step.handler.handle_output(output, value_of(returned))
        metadata = output.output_metadata or {}
        registered = output.drain_data_version()
        version = registered if registered is not None else version
    if version is not None:
        require_text("data_version", version)
    return "Materialization", metadata, version


def encoded_metadata(metadata: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The stored form of metadata; ``TypeError`` for a value that has none."""
    return tuple((storable(key), storable(_encoded(value))) for key, value in metadata.items())


def _encoded(value: Any) -> str:
    """The stored form. Plain text and integers, which handlers report for every value, take a short way to the same."""
    if isinstance(value, str):
        return f'{{"Text":{{"value":{json.dumps(value, ensure_ascii=False)}}}}}'
    if isinstance(value, int) and not isinstance(value, bool) and value in _INT64:
        return f'{{"Int":{{"value":{value}}}}}'
    return metadata_to_json(value if isinstance(value, MetadataValue) else coerce_metadata_value(value))
