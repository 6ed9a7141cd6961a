"""As much of the flatbuffers format as an Arrow schema message needs: tables, strings, vectors of tables and integers.

Written forwards: a table first, what it refers to behind it, so that offsets are positive and filled in afterwards.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

Scalar = Literal["?", "B", "h", "i", "q"]
_OFFSET: Final = "I"


@dataclass(frozen=True, slots=True)
class Number:
    """A field that is stored in its table, by its code in ``struct``."""

    code: Scalar
    value: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be written; ``None`` leaves the field of that slot out."""

    fields: Sequence[Number | Table | str | Sequence[Table] | Sequence[int] | None]


def write_root(table: Table) -> bytes:
    """A buffer whose root is ``table``, of a length that 8 divides."""
    buffer = bytearray(4)
    struct.pack_into("<I", buffer, 0, _write(buffer, table))
    _pad(buffer, 8)
    return bytes(buffer)


def _write(buffer: bytearray, value: Table | str | Sequence[Table] | Sequence[int]) -> int:
    """Append ``value`` and everything it refers to; returns where it begins."""
    if isinstance(value, Table):
        return _write_table(buffer, value)
    _pad(buffer, 4)
    start = len(buffer)
    if isinstance(value, str):
        text = value.encode()
        buffer += struct.pack("<I", len(text)) + text + b"\0"
        return start
    buffer += struct.pack("<I", len(value))
    places = len(buffer)
    buffer += bytes(4 * len(value))
    for index, item in enumerate(value):
        place = places + 4 * index
        if isinstance(item, Table):
            struct.pack_into("<I", buffer, place, _write(buffer, item) - place)
        else:
            struct.pack_into("<i", buffer, place, item)
    return start


def _write_table(buffer: bytearray, table: Table) -> int:
    codes = [(slot, _code(field)) for slot, field in enumerate(table.fields) if field is not None]
    places: dict[int, int] = {}
    size = 4
    for slot, code in sorted(codes, key=lambda item: -struct.calcsize(item[1])):
        width = struct.calcsize(code)
        size += -size % width
        places[slot] = size
        size += width
    slots = max(places, default=-1) + 1
    vtable = struct.pack(f"<HH{slots}H", 4 + 2 * slots, size, *(places.get(slot, 0) for slot in range(slots)))
    buffer += bytes(-(len(buffer) + len(vtable)) % 8)
    buffer += vtable
    start = len(buffer)
    buffer += struct.pack("<i", len(vtable)) + bytes(size - 4)
    for slot, place in places.items():
        field = table.fields[slot]
        if isinstance(field, Number):
            struct.pack_into("<" + field.code, buffer, start + place, field.value)
        elif field is not None:
            at = start + place
            struct.pack_into("<I", buffer, at, _write(buffer, field) - at)
    return start


def _code(field: object) -> str:
    return field.code if isinstance(field, Number) else _OFFSET


def _pad(buffer: bytearray, width: int) -> None:
    buffer += bytes(-len(buffer) % width)


class TableReader:
    """A table in a buffer. What lies outside of the buffer raises ``struct.error``."""

    __slots__ = ("_buffer", "_start", "_vtable")

    def __init__(self, buffer: bytes, start: int) -> None:
        self._buffer = buffer
        self._start = start
        self._vtable = start - self._read("i", start)

    @classmethod
    def root(cls, buffer: bytes) -> TableReader:
        """The root of a buffer."""
        [start] = struct.unpack_from("<I", buffer, 0)
        return cls(buffer, start)

    def number(self, slot: int, code: Scalar, default: int = 0) -> int:
        """The number in a slot."""
        place = self._place(slot)
        return default if place is None else self._read(code, place)

    def text(self, slot: int) -> str | None:
        """The string in a slot."""
        start = self._target(slot)
        if start is None:
            return None
        length = self._read("I", start)
        text = self._buffer[start + 4 : start + 4 + length]
        if len(text) < length:
            raise struct.error("a string reaches past the end")
        return text.decode()

    def table(self, slot: int) -> TableReader | None:
        """The table in a slot."""
        start = self._target(slot)
        return None if start is None else TableReader(self._buffer, start)

    def tables(self, slot: int) -> list[TableReader]:
        """The tables of the vector in a slot."""
        start = self._target(slot)
        if start is None:
            return []
        places = range(start + 4, start + 4 + 4 * self._read("I", start), 4)
        return [TableReader(self._buffer, self._follow(place)) for place in places]

    def integers(self, slot: int) -> list[int]:
        """The 32-bit integers of the vector in a slot."""
        start = self._target(slot)
        if start is None:
            return []
        return [self._read("i", place) for place in range(start + 4, start + 4 + 4 * self._read("I", start), 4)]

    def _place(self, slot: int) -> int | None:
        position = 4 + 2 * slot
        if position >= self._read("H", self._vtable):
            return None
        return ((offset := self._read("H", self._vtable + position)) and self._start + offset) or None

    def _target(self, slot: int) -> int | None:
        place = self._place(slot)
        return None if place is None else self._follow(place)

    def _follow(self, place: int) -> int:
        offset = self._read("I", place)
        if not offset:
            raise struct.error("an offset that points at itself")
        return place + offset

    def _read(self, code: str, place: int) -> int:
        if place < 0:
            raise struct.error("an offset before the beginning")
        return cast("int", struct.unpack_from("<" + code, self._buffer, place)[0])
