"""The way of plain values to metadata values, and the externally tagged JSON that events store these as."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, SupportsIndex, cast

from rivers.definitions.values.metadata import VARIANT_BY_NAME, Float, Int, List, MetadataValue, Null, Text
from rivers.definitions.values.metadata import Schema as MetadataSchema


def coerce_metadata_value(value: object, key: str | None = None) -> MetadataValue:
    """Return the metadata value for a ``str``, ``bool``, ``int``, ``float``, ``None`` or Arrow schema; keep others.

    :raises TypeError: for every other type, naming it and the key that it was given for
    """
    if isinstance(value, MetadataValue):
        return value
    if isinstance(value, str):
        return Text(str.__str__(value))
    if isinstance(value, bool):
        return MetadataValue.bool_(value)
    if isinstance(value, float):
        return Float(float(value))
    if value is None:
        return Null()
    number = _whole_number(value)
    if number is not None:
        return Int(int(number)) if -(2**63) <= number < 2**63 else Text(str(number))
    if hasattr(value, "__arrow_c_schema__") and not isinstance(value, type):
        return MetadataValue.schema(value)
    where = "" if key is None else f", given for '{key}'"
    raise TypeError(
        f"Cannot coerce {type(value).__name__} to MetadataValue{where}; "
        f"say what it is, as MetadataValue.json(text) or MetadataValue.list_([...]) do"
    )


def coerce_metadata(metadata: object) -> dict[str, MetadataValue]:
    """Return every value of a dict, coerced, in its order.

    :raises TypeError: when it is not a dict, a key is not a ``str``, or a value cannot be coerced
    """
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata must be a dict, got {type(metadata).__name__}")
    coerced: dict[str, MetadataValue] = {}
    for key, value in cast("Mapping[object, object]", metadata).items():
        if not isinstance(key, str):
            raise TypeError(f"metadata keys must be str, got {type(key).__name__}")
        coerced[key] = coerce_metadata_value(value, key)
    return coerced


def _whole_number(value: object) -> int | None:
    """Return an int or an integer of numpy, ``None`` for others. The ``__index__`` of an array of numpy refuses."""
    if isinstance(value, int):
        return value
    if not isinstance(value, SupportsIndex):
        return None
    try:
        return value.__index__()
    except TypeError:
        return None


def metadata_to_json(value: MetadataValue) -> str:
    """Return the stored form, such as ``{"Int":{"value":3}}``.

    Plain text and whole numbers, which handlers report for every value, take a short way to the same.
    """
    if type(value) is Text:
        return f'{{"Text":{{"value":{json.dumps(value.value, ensure_ascii=False)}}}}}'
    if type(value) is Int:
        return f'{{"Int":{{"value":{value.value}}}}}'
    return json.dumps(_document(value), separators=(",", ":"), ensure_ascii=False)


def metadata_from_json(text: str) -> MetadataValue:
    """Return the value behind a stored form.

    :raises ValueError: when the text is not the stored form of a metadata value
    """
    return _value(json.loads(text))


def _document(value: MetadataValue) -> Any:
    if isinstance(value, Null):
        return "Null"
    if isinstance(value, List):
        return {"List": {"values": [_document(item) for item in value.values]}}
    members = {field.name: getattr(value, field.name) for field in fields(cast("Any", value))}
    for name, member in members.items():
        if isinstance(member, float) and not math.isfinite(member):
            members[name] = None  # JSON has no word for it
        elif isinstance(member, bytes):
            members[name] = base64.b64encode(member).decode()
    return {type(value).__name__: members}


def _value(document: Any) -> MetadataValue:
    if document == "Null":
        return Null()
    if not isinstance(document, dict) or len(cast("dict[str, Any]", document)) != 1:
        raise ValueError(f"not a stored metadata value: {document!r}")
    [(name, members)] = cast("dict[str, Any]", document).items()
    if name == "List":
        return List([_value(item) for item in members["values"]])
    variant = cast("Callable[..., MetadataValue] | None", VARIANT_BY_NAME.get(name))
    if variant is None:
        raise ValueError(f"no metadata value is stored as {name!r}")
    if name == "Schema":
        return MetadataSchema(base64.b64decode(members["ipc_bytes"]))
    if members.get("value", 0) is None:
        members = {"value": math.nan}
    return variant(**members)
