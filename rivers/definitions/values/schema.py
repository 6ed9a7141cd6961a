"""``Schema``: the columns of a table, exchanged with any Arrow library and stored as an Arrow IPC message.

pyarrow does the work. It is the optional extra ``arrow`` and is imported when the first schema is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any


class Schema:
    """An Arrow schema, built from any object that has ``__arrow_c_schema__``; equal, and hashed, by its content.

    :raises ValueError: when the object is no Arrow schema, or that of a single value instead of a table
    :raises ModuleNotFoundError: when pyarrow is not installed
    """

    __slots__ = ("_arrow",)

    def __init__(self, arrow_like: Any) -> None:
        if isinstance(arrow_like, Schema):
            self._arrow: Any = arrow_like._arrow
            return
        kind = type(arrow_like).__name__
        if not hasattr(arrow_like, "__arrow_c_schema__") or isinstance(arrow_like, type):
            raise ValueError(f"{kind} is not an Arrow schema: it has no __arrow_c_schema__")
        pyarrow = _import_pyarrow()
        try:
            self._arrow = pyarrow.schema(arrow_like)
        except (ValueError, NotImplementedError) as error:
            raise ValueError(f"__arrow_c_schema__ of {kind} gave no Arrow schema: {error}") from error

    @classmethod
    def from_ipc(cls, message: bytes) -> Schema:
        """Return the schema of an IPC schema message, or of a stream that begins with one.

        :raises ValueError: when the bytes are neither
        :raises ModuleNotFoundError: when pyarrow is not installed
        """
        pyarrow = _import_pyarrow()
        schema = cls.__new__(cls)
        try:
            schema._arrow = pyarrow.ipc.read_schema(pyarrow.py_buffer(bytes(message)))
        except (ValueError, OSError, NotImplementedError) as error:
            raise ValueError(f"these bytes are no Arrow schema: {error}") from error
        return schema

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return self._arrow.names

    def to_ipc(self) -> bytes:
        """Return the encapsulated IPC schema message."""
        return self._arrow.serialize().to_pybytes()

    def __arrow_c_schema__(self) -> Any:
        """Export the schema to another library, by the Arrow PyCapsule protocol."""
        return self._arrow.__arrow_c_schema__()

    def __len__(self) -> int:
        return len(self._arrow)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __eq__(self, other: object) -> bool:
        return self.to_ipc() == other.to_ipc() if isinstance(other, Schema) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_ipc())

    def __reduce__(self) -> tuple[Any, ...]:
        return Schema.from_ipc, (self.to_ipc(),)

    def __repr__(self) -> str:
        return f"Schema({', '.join(f'{column.name}: {column.type}' for column in self._arrow)})"


def _import_pyarrow() -> Any:
    try:
        return import_module("pyarrow")
    except ModuleNotFoundError as error:
        message = "Arrow schemas need pyarrow, which is not installed: pip install 'rivers-chrono[arrow]'"
        raise ModuleNotFoundError(message, name="pyarrow") from error
