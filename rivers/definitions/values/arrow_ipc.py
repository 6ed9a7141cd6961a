"""An Arrow schema as the bytes of an IPC schema message, and back."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Final

from rivers.definitions.values.arrow_fields import KEYS_SORTED, NULLABLE, ORDERED, ArrowField
from rivers.definitions.values.flat_tables import Number, Table, TableReader, write_root

_CONTINUATION: Final = b"\xff\xff\xff\xff"
_SCHEMA_MESSAGE: Final = 1
_METADATA_VERSION: Final = 4

_UNITS: Final = "smun"
_INTEGERS: Final = {"c": (8, 1), "C": (8, 0), "s": (16, 1), "S": (16, 0), "i": (32, 1), "I": (32, 0), "l": (64, 1)}
_INTEGERS["L"] = (64, 0)
_PLAIN: Final[Mapping[str, int]] = {
    "n": 1,
    "z": 4,
    "u": 5,
    "b": 6,
    "+l": 12,
    "+s": 13,
    "Z": 19,
    "U": 20,
    "+L": 21,
    "+r": 22,
    "vz": 23,
    "vu": 24,
    "+vl": 25,
    "+vL": 26,
}
"""The types without parameters: their formats, and their numbers in the message."""
_FLOATS: Final = "efg"
_INTERVALS: Final = ("tiM", "tiD", "tin")
_DEPTH_MAX: Final = 200


def encode_schema(root: ArrowField) -> bytes:
    """The encapsulated message of the schema whose columns are the children of ``root``.

    :raises ValueError: for a type that the format has no word for
    """
    ids = count()
    fields = [_field_table(child, ids) for child in root.children]
    schema = Table((Number("h", 0), fields, _metadata_tables(root.metadata)))
    message = write_root(Table((Number("h", _METADATA_VERSION), Number("B", _SCHEMA_MESSAGE), schema, Number("q", 0))))
    return _CONTINUATION + struct.pack("<i", len(message)) + message


def decode_schema(message: bytes) -> ArrowField:
    """The schema in the first message of ``message``, as a root whose children are the columns.

    :raises ValueError: when the bytes are no schema message
    """
    try:
        start = 8 if message[:4] == _CONTINUATION else 4  # messages of before Arrow 0.15 have no continuation
        [length] = struct.unpack_from("<i", message, start - 4)
        body = message[start : start + length]
        if length <= 0 or len(body) < length:
            raise ValueError("these bytes are no Arrow schema: the message is cut off")
        envelope = TableReader.root(body)
        schema = envelope.table(2)
        if envelope.number(1, "B") != _SCHEMA_MESSAGE or schema is None:
            raise ValueError("these bytes are no Arrow schema, but another message")
        children = tuple(_read_field(field, 0) for field in schema.tables(1))
        return ArrowField("+s", "", 0, _read_metadata(schema.tables(2)), children)
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ValueError(f"these bytes are no Arrow schema: {error}") from error


def _field_table(field: ArrowField, ids: Iterator[int]) -> Table:
    values = field if field.dictionary is None else field.dictionary
    number, type_table = _type_of(values)
    encoding: Table | None = None
    if field.dictionary is not None:
        _, index = _type_of(field)
        ordered = Number("?", bool(field.flags & ORDERED))
        encoding = Table((Number("q", next(ids)), index, ordered))
    children = [_field_table(child, ids) for child in values.children]
    nullable = Number("?", bool(field.flags & NULLABLE))
    metadata = _metadata_tables(field.metadata)
    return Table((field.name, nullable, Number("B", number), type_table, encoding, children, metadata))


def _metadata_tables(metadata: Sequence[tuple[str, str]]) -> list[Table] | None:
    return [Table((key, value)) for key, value in metadata] or None


def _read_metadata(tables: Sequence[TableReader]) -> tuple[tuple[str, str], ...]:
    return tuple((table.text(0) or "", table.text(1) or "") for table in tables)


def _read_field(table: TableReader, depth: int) -> ArrowField:
    if depth > _DEPTH_MAX:
        raise ValueError("this Arrow schema is nested too deeply")
    type_table = table.table(3)
    if type_table is None:
        raise ValueError("these bytes are no Arrow schema: a field has no type")
    number = table.number(2, "B")
    text = _format_of(number, type_table)
    name, metadata = table.text(0) or "", _read_metadata(table.tables(6))
    flags = NULLABLE if table.number(1, "?") else 0
    if number == 17 and type_table.number(0, "?"):
        flags |= KEYS_SORTED
    children = tuple(_read_field(child, depth + 1) for child in table.tables(5))
    encoding = table.table(4)
    if encoding is None:
        return ArrowField(text, name, flags, metadata, children)
    index = encoding.table(1)
    index_format = "i" if index is None else _format_of(2, index)
    flags |= ORDERED if encoding.number(2, "?") else 0
    return ArrowField(index_format, name, flags, metadata, (), ArrowField(text, "", NULLABLE, (), children))


def _type_of(field: ArrowField) -> tuple[int, Table]:
    """The number and the table of the type that a field's format names."""
    text = field.format
    if text in _PLAIN:
        return _PLAIN[text], Table(())
    if text in _INTEGERS:
        width, signed = _INTEGERS[text]
        return 2, Table((Number("i", width), Number("?", signed)))
    if text and text in _FLOATS:
        return 3, Table((Number("h", _FLOATS.index(text)),))
    if text in _INTERVALS:
        return 11, Table((Number("h", _INTERVALS.index(text)),))
    if text == "+m":
        return 17, Table((Number("?", bool(field.flags & KEYS_SORTED)),))
    try:
        return _parametric(text)
    except (ValueError, IndexError):
        raise ValueError(f"field '{field.name}' has a type without a word in Arrow IPC: {text!r}") from None


def _parametric(text: str) -> tuple[int, Table]:
    head, _, tail = text.partition(":")
    if head == "d":
        precision, scale, *width = (int(part) for part in tail.split(","))
        return 7, Table((Number("i", precision), Number("i", scale), Number("i", *width or [128])))
    if head == "w":
        return 15, Table((Number("i", int(tail)),))
    if head == "+w":
        return 16, Table((Number("i", int(tail)),))
    if head in ("+ud", "+us"):
        return 14, Table((Number("h", int(head == "+ud")), [int(part) for part in tail.split(",") if part]))
    if text in ("tdD", "tdm"):
        return 8, Table((Number("h", int(text == "tdm")),))
    unit = Number("h", _UNITS.index(head[2]))
    if head[:2] == "tt":
        return 9, Table((unit, Number("i", 32 if unit.value < 2 else 64)))
    if head[:2] == "ts":
        return 10, Table((unit, tail or None))
    if head[:2] == "tD":
        return 18, Table((unit,))
    raise ValueError(text)


def _format_of(number: int, table: TableReader) -> str:
    """The format of the type with that number."""
    read = _READERS.get(number)
    if read is not None:
        return read(table)
    plain = {stored: text for text, stored in _PLAIN.items()}.get(number)
    if plain is None:
        raise ValueError(f"these bytes hold a type of a later Arrow, with the number {number}")
    return plain


def _integer(table: TableReader) -> str:
    return {parts: text for text, parts in _INTEGERS.items()}[(table.number(0, "i"), int(table.number(1, "?")))]


def _decimal(table: TableReader) -> str:
    width = table.number(2, "i", 128)
    return f"d:{table.number(0, 'i')},{table.number(1, 'i')}" + ("" if width == 128 else f",{width}")


def _union(table: TableReader) -> str:
    mode = "+ud" if table.number(0, "h") else "+us"
    return f"{mode}:{','.join(str(part) for part in table.integers(1))}"


_READERS: Final[Mapping[int, Callable[[TableReader], str]]] = {
    2: _integer,
    3: lambda table: _FLOATS[table.number(0, "h")],
    7: _decimal,
    8: lambda table: "tdm" if table.number(0, "h", 1) else "tdD",
    9: lambda table: f"tt{_UNITS[table.number(0, 'h', 1)]}",
    10: lambda table: f"ts{_UNITS[table.number(0, 'h')]}:{table.text(1) or ''}",
    11: lambda table: _INTERVALS[table.number(0, "h")],
    14: _union,
    15: lambda table: f"w:{table.number(0, 'i')}",
    16: lambda table: f"+w:{table.number(0, 'i')}",
    17: lambda table: "+m",
    18: lambda table: f"tD{_UNITS[table.number(0, 'h', 1)]}",
}
