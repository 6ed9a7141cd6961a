"""The wire format of the engine: frames of CBOR with SurrealQL, its parameters and the result of every statement.

We speak it ourselves because the SDK decodes only the first statement and takes three times as long for a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cbor2

from rivers.exceptions import StorageError
from rivers.storage.faults import fault_from, raise_first

NONE = cbor2.CBORTag(6, None)
"""NONE of SurrealQL as a parameter, which removes a field. Python's ``None`` is its NULL, which is stored."""

_NONE_TAG = 6
_RECORD_ID_TAG = 8
_INTEGER_LIMIT = 2**63


def record_id(table: str, *key: str | int) -> cbor2.CBORTag:
    """Return a record id as a parameter. Its key is an array of strings and whole numbers; floats would sort apart."""
    return cbor2.CBORTag(_RECORD_ID_TAG, [table, list(key)])


def whole(number: int) -> int:
    """Return ``number`` itself.

    :raises StorageError: ``number`` needs more than 63 bits; the engine would store another one without a word
    """
    if not -_INTEGER_LIMIT < number < _INTEGER_LIMIT:
        raise StorageError(f"{number} does not fit the 63 bits that a stored whole number has")
    return number


def clamped(number: int) -> int:
    """Return the nearest number that can be part of a key, for values whose order matters and whose size does not."""
    return max(1 - _INTEGER_LIMIT, min(_INTEGER_LIMIT - 1, number))


def pack(value: Any) -> bytes:
    """Return the encoded body of a row, which no query looks into.

    :raises StorageError: a value in it has no encoding
    """
    try:
        return cbor2.dumps(value)
    except (cbor2.CBORError, ValueError, TypeError) as error:
        raise StorageError(f"a value cannot be stored: {error}") from error


def pack_array(items: Sequence[bytes]) -> bytes:
    """Return the encoded array of items that are encoded already."""
    head = cbor2.dumps(len(items))
    # An array's head is that of the unsigned number of its length with another major type in the top three bits.
    return bytes([head[0] | 0x80]) + head[1:] + b"".join(items)


def unpack(body: bytes) -> Any:
    """Return the value that :func:`pack` encoded; tuples come back as lists."""
    return cbor2.loads(body)


def _plain(tag: cbor2.CBORTag, immutable: bool = False) -> Any:
    """Return ``None`` for NONE and the key of a record id. The table is known to whoever reads."""
    if tag.tag == _NONE_TAG:
        return None
    if tag.tag == _RECORD_ID_TAG:
        return tag.value[1]
    return tag


def request(method: str, parameters: list[Any]) -> bytes:
    """Return a request frame.

    :raises StorageError: a parameter has no encoding
    """
    return pack({"id": "1", "method": method, "params": parameters})


def query_request(sql: str, variables: Mapping[str, Any]) -> bytes:
    """Return the request frame that runs a script."""
    return request("query", [sql, variables])


def results(reply: bytes) -> list[Any]:
    """Return the result of every statement of a script, in order. BEGIN and COMMIT have none.

    :raises StorageError: a statement failed; the subclasses in ``faults`` tell the reasons apart
    """
    answer = cbor2.loads(reply, tag_hook=_plain)
    if "error" in answer:
        raise fault_from(str(answer["error"].get("message", answer["error"])))
    entries = answer["result"]
    raise_first([(entry["status"], entry["result"]) for entry in entries])
    return [entry["result"] for entry in entries]


def checked_limit(limit: int) -> int:
    """Return ``limit`` itself.

    :raises OverflowError: ``limit`` is negative
    """
    if limit < 0:
        raise OverflowError(f"limit must not be negative, got {limit}")
    return limit
