"""The engine's wire format: frames of CBOR that carry SurrealQL, its parameters and the result of every statement.

We speak it ourselves because the SDK decodes the first statement only and spends three times as long on a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cbor2

from rivers.exceptions import StorageError
from rivers.storage.faults import fault_from, raise_first

NONE = cbor2.CBORTag(6, None)
"""SurrealQL's NONE as a parameter. Python's ``None`` is its NULL, which is stored; NONE removes a field."""

_NONE_TAG = 6
_RECORD_ID_TAG = 8
_INTEGER_LIMIT = 2**63


def record_id(table: str, *key: str | int) -> cbor2.CBORTag:
    """A record id as a parameter. Keys are arrays of strings and whole numbers, never floats, which sort apart."""
    return cbor2.CBORTag(_RECORD_ID_TAG, [table, list(key)])


def whole(number: int) -> int:
    """``number`` itself.

    :raises StorageError: it needs more than 63 bits; the engine would store another number without a word.
    """
    if not -_INTEGER_LIMIT < number < _INTEGER_LIMIT:
        raise StorageError(f"{number} does not fit the 63 bits that a stored whole number has")
    return number


def clamped(number: int) -> int:
    """The nearest number that can be part of a key, for values whose order matters and whose size does not."""
    return max(1 - _INTEGER_LIMIT, min(_INTEGER_LIMIT - 1, number))


def pack(value: Any) -> bytes:
    """The encoded body of a row that no query looks into.

    :raises StorageError: a value in it has no encoding.
    """
    try:
        return cbor2.dumps(value)
    except (cbor2.CBORError, ValueError, TypeError) as error:
        raise StorageError(f"a value cannot be stored: {error}") from error


def pack_array(items: Sequence[bytes]) -> bytes:
    """One encoded array of items that are encoded already, so that nothing is encoded twice."""
    head = cbor2.dumps(len(items))
    # An array's head is that of the unsigned number of its length with another major type in the top three bits.
    return bytes([head[0] | 0x80]) + head[1:] + b"".join(items)


def unpack(body: bytes) -> Any:
    """The value that :func:`pack` encoded; tuples come back as lists."""
    return cbor2.loads(body)


def _plain(tag: cbor2.CBORTag, immutable: bool = False) -> Any:
    """NONE becomes ``None`` and a record id its key: we always know from which table we read."""
    if tag.tag == _NONE_TAG:
        return None
    if tag.tag == _RECORD_ID_TAG:
        return tag.value[1]
    return tag


def request(method: str, parameters: list[Any]) -> bytes:
    """One request frame.

    :raises StorageError: a parameter has no encoding.
    """
    return pack({"id": "1", "method": method, "params": parameters})


def query_request(sql: str, variables: Mapping[str, Any]) -> bytes:
    """The request frame that runs a script."""
    return request("query", [sql, variables])


def results(reply: bytes) -> list[Any]:
    """The result of every statement of a script, in order; BEGIN and COMMIT have none.

    :raises StorageError: a statement failed. The subclasses of ``faults`` tell the reasons apart.
    """
    answer = cbor2.loads(reply, tag_hook=_plain)
    if "error" in answer:
        raise fault_from(str(answer["error"].get("message", answer["error"])))
    entries = answer["result"]
    raise_first([(entry["status"], entry["result"]) for entry in entries])
    return [entry["result"] for entry in entries]


def checked_limit(limit: int) -> int:
    """``limit`` itself.

    :raises OverflowError: it is negative.
    """
    if limit < 0:
        raise OverflowError(f"limit must not be negative, got {limit}")
    return limit
