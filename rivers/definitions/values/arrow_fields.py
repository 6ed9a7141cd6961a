"""An Arrow field as plain data, and its passage through the Arrow C data interface: in from a capsule, out into one.

Arrow libraries exchange schemas as capsules around a C struct. Reading and making that struct here costs no dependency.
"""

from __future__ import annotations

import ctypes
import itertools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

NULLABLE: Final = 2
ORDERED: Final = 1
KEYS_SORTED: Final = 4
_CAPSULE: Final = b"arrow_schema"
_DEPTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class ArrowField:
    """One field: ``format`` is the type in the words of the C data interface, ``flags`` are its bits.

    A dictionary-encoded field has the type of its indices, and that of its values in ``dictionary``.
    """

    format: str
    name: str = ""
    flags: int = NULLABLE
    metadata: tuple[tuple[str, str], ...] = ()
    children: tuple[ArrowField, ...] = ()
    dictionary: ArrowField | None = None


class _CSchema(ctypes.Structure):
    """``struct ArrowSchema``."""


_Release = ctypes.CFUNCTYPE(None, ctypes.POINTER(_CSchema))
_CSchema._fields_ = [  # pyright: ignore[reportPrivateUsage]
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_CSchema))),
    ("dictionary", ctypes.POINTER(_CSchema)),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]
_Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

_api: Final = ctypes.pythonapi
_api.PyCapsule_GetPointer.restype = ctypes.c_void_p
_api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_api.PyCapsule_New.restype = ctypes.py_object
_api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, _Destructor]
# A capsule that is being destroyed must not be counted up again, so its destructor gets it as a bare address.
_pointer_of_dying = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)

_keys: Final = itertools.count(1)
_owned: Final[dict[int, list[Any]]] = {}
"""What each C struct that is out there points to, by its ``private_data``; freed when its holder releases it."""
_structs: Final[dict[int, Any]] = {}
"""The struct inside of each capsule, by address; freed with the capsule, whoever holds a copy of the struct."""


def import_field(arrow_like: Any) -> ArrowField:
    """The field behind an object with ``__arrow_c_schema__``.

    :raises ValueError: when the object has none, or it gives something else than a schema
    """
    export: Callable[[], Any] | None = getattr(arrow_like, "__arrow_c_schema__", None)
    if export is None or isinstance(arrow_like, type):
        raise ValueError(f"{type(arrow_like).__name__} is not an Arrow schema: it has no __arrow_c_schema__")
    capsule = export()
    try:
        address = _api.PyCapsule_GetPointer(capsule, _CAPSULE)
    except (ValueError, TypeError) as error:
        raise ValueError(f"__arrow_c_schema__ of {type(arrow_like).__name__} gave no Arrow schema: {error}") from error
    c_schema = _CSchema.from_address(address)
    if not c_schema.release:
        raise ValueError(f"__arrow_c_schema__ of {type(arrow_like).__name__} gave a schema that is released already")
    return _read(c_schema, 0)


def export_field(field: ArrowField) -> Any:
    """A new capsule around ``field``."""
    c_schema = _struct_of(field)
    address = ctypes.addressof(c_schema)
    _structs[address] = c_schema
    return _api.PyCapsule_New(address, _CAPSULE, _destroy)


def _read(c_schema: Any, depth: int) -> ArrowField:
    if depth > _DEPTH_MAX:
        raise ValueError("this Arrow schema is nested too deeply")
    children = tuple(_read(c_schema.children[index].contents, depth + 1) for index in range(c_schema.n_children))
    dictionary = _read(c_schema.dictionary.contents, depth + 1) if c_schema.dictionary else None
    name = "" if c_schema.name is None else c_schema.name.decode()
    metadata = _read_metadata(c_schema.metadata)
    return ArrowField(c_schema.format.decode(), name, int(c_schema.flags), metadata, children, dictionary)


def _read_metadata(address: int | None) -> tuple[tuple[str, str], ...]:
    if not address:
        return ()
    place = address

    def number() -> int:
        nonlocal place
        [value] = struct.unpack("=i", ctypes.string_at(place, 4))
        place += 4
        return value

    def text() -> str:
        nonlocal place
        length = number()
        value = ctypes.string_at(place, length)
        place += length
        return value.decode()

    return tuple((text(), text()) for _ in range(number()))


def _struct_of(field: ArrowField) -> Any:
    """A struct that owns what it points to: its holder may release it without, or after, the one it is a child of."""
    c_schema: Any = _CSchema()
    texts = (field.format.encode(), field.name.encode(), _metadata_bytes(field.metadata))
    children = [_struct_of(child) for child in field.children]
    pointers = (ctypes.POINTER(_CSchema) * len(children))(*(ctypes.pointer(child) for child in children))
    dictionary = None if field.dictionary is None else _struct_of(field.dictionary)
    c_schema.format, c_schema.name = texts[:2]
    c_schema.metadata = ctypes.cast(ctypes.c_char_p(texts[2]), ctypes.c_void_p) if texts[2] else None
    c_schema.flags = field.flags
    c_schema.n_children = len(children)
    if children:
        c_schema.children = pointers
    if dictionary is not None:
        c_schema.dictionary = ctypes.pointer(dictionary)
    c_schema.release = _release
    c_schema.private_data = key = next(_keys)
    _owned[key] = [texts, children, pointers, dictionary]
    return c_schema


def _metadata_bytes(metadata: tuple[tuple[str, str], ...]) -> bytes:
    if not metadata:
        return b""
    texts = [text.encode() for pair in metadata for text in pair]
    return struct.pack("=i", len(metadata)) + b"".join(struct.pack("=i", len(text)) + text for text in texts)


@_Release
def _release(pointer: Any) -> None:
    """Called by whoever holds the struct, which may be a copy of the one in the capsule."""
    c_schema = pointer.contents
    inner = [c_schema.children[index] for index in range(c_schema.n_children)]
    for child in [*inner, c_schema.dictionary] if c_schema.dictionary else inner:
        if child.contents.release:
            child.contents.release(child)
    c_schema.release = _Release()
    _owned.pop(c_schema.private_data, None)


@_Destructor
def _destroy(capsule: int) -> None:
    """Called when a capsule is collected: if nobody took the struct over, it is released here."""
    address = _pointer_of_dying(capsule, _CAPSULE)
    c_schema: Any = _CSchema.from_address(address)
    if c_schema.release:
        c_schema.release(ctypes.pointer(c_schema))
    _structs.pop(address, None)


# Others may call these for as long as the process lives, also when this module has been taken apart.
for _callback in (_release, _destroy):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_callback))
