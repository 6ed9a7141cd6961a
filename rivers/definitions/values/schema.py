"""``Schema``: the columns of a table, exchanged with any Arrow library and kept as the bytes of an IPC message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rivers.definitions.values.arrow_fields import ArrowField, export_field, import_field
from rivers.definitions.values.arrow_ipc import decode_schema, encode_schema


class Schema:
    """An Arrow schema. Built from anything that has ``__arrow_c_schema__``; equal, and hashed, by its content.

    :raises ValueError: when the object is no Arrow schema, or that of a single value instead of a table
    """

    __slots__ = ("_ipc", "_root")

    def __init__(self, arrow_like: Any) -> None:
        root = arrow_like._root if isinstance(arrow_like, Schema) else import_field(arrow_like)
        if root.format != "+s":
            raise ValueError(f"a schema describes the columns of a table, got a single field of format {root.format!r}")
        self._root: ArrowField = ArrowField("+s", "", 0, root.metadata, root.children)
        self._ipc = encode_schema(self._root)

    @classmethod
    def from_ipc(cls, message: bytes) -> Schema:
        """The schema of an IPC schema message, or of a stream that begins with one.

        :raises ValueError: when the bytes are none
        """
        schema = cls.__new__(cls)
        schema._root = decode_schema(bytes(message))
        schema._ipc = encode_schema(schema._root)
        return schema

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self._root.children]

    def to_ipc(self) -> bytes:
        """The encapsulated IPC schema message."""
        return self._ipc

    def __arrow_c_schema__(self) -> Any:
        """The Arrow PyCapsule protocol: hands the schema to another library."""
        return export_field(self._root)

    def __len__(self) -> int:
        return len(self._root.children)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __eq__(self, other: object) -> bool:
        return self._ipc == other._ipc if isinstance(other, Schema) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._ipc)

    def __reduce__(self) -> tuple[Any, ...]:
        return Schema.from_ipc, (self._ipc,)

    def __repr__(self) -> str:
        columns = ", ".join(f"{column.name}: {_shown(column)}" for column in self._root.children)
        return f"Schema({columns})"


def _shown(field: ArrowField) -> str:
    return field.format if field.dictionary is None else f"{field.dictionary.format} by {field.format}"
