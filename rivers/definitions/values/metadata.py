"""Typed metadata values: their constructors and variants. Coercion and JSON are in ``metadata_encoding``."""

from __future__ import annotations

import builtins
import operator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Self, SupportsIndex, cast
from urllib.parse import urlsplit

from rivers.definitions.values.schema import Schema as _ArrowSchema
from rivers.exceptions import InvalidMetadataError

# Inside the class the names int and float are its constructors.
_Int = builtins.int
_Float = builtins.float

_INT64: Final = range(-(2**63), 2**63)
_UINT64_MAX: Final = 2**64 - 1


class MetadataValue:
    """A metadata value of a declared kind, built with the factories; the nested classes are for ``isinstance``.

    Equal by kind and content, never equal to a plain value; not hashable.
    """

    Text: ClassVar[type[Text]]
    Path: ClassVar[type[Path]]
    Json: ClassVar[type[Json]]
    Markdown: ClassVar[type[Markdown]]
    Image: ClassVar[type[Image]]
    Url: ClassVar[type[Url]]
    DataVersion: ClassVar[type[DataVersion]]
    Int: ClassVar[type[Int]]
    Float: ClassVar[type[Float]]
    Timestamp: ClassVar[type[Timestamp]]
    Duration: ClassVar[type[Duration]]
    Percentage: ClassVar[type[Percentage]]
    Bool: ClassVar[type[Bool]]
    Null: ClassVar[type[Null]]
    Bytes: ClassVar[type[Bytes]]
    Sql: ClassVar[type[Sql]]
    CodeBlock: ClassVar[type[CodeBlock]]
    List: ClassVar[type[List]]
    DateRange: ClassVar[type[DateRange]]
    Schema: ClassVar[type[Schema]]

    _constructor: ClassVar[str] = ""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is MetadataValue:
            raise TypeError("MetadataValue has no constructor: use one of its factories, such as text(value)")
        return super().__new__(cls)

    def raw_value(self) -> Any:
        """Return the plain Python value."""
        return getattr(self, "value", None)

    def __repr__(self) -> str:
        arguments = ", ".join(repr(getattr(self, field.name)) for field in fields(cast("Any", self)))
        return f"MetadataValue.{self._constructor}({arguments})"

    @staticmethod
    def text(value: str) -> MetadataValue:
        """Plain text."""
        return Text(_text("text", value))

    @staticmethod
    def path(value: str) -> MetadataValue:
        """A path in some file system."""
        return Path(_text("path", value))

    @staticmethod
    def json(value: str) -> MetadataValue:
        """JSON text; it is not parsed."""
        return Json(_text("json", value))

    @staticmethod
    def md(value: str) -> MetadataValue:
        """Markdown text."""
        return Markdown(_text("md", value))

    @staticmethod
    def image(value: str) -> MetadataValue:
        """The address of an image."""
        return Image(_text("image", value))

    @staticmethod
    def url(value: str) -> MetadataValue:
        """An absolute URL; ``InvalidMetadataError`` when it has no scheme."""
        return Url(_absolute_url(_text("url", value)))

    @staticmethod
    def data_version(value: str) -> MetadataValue:
        """The version of some data."""
        return DataVersion(_text("data_version", value))

    @staticmethod
    def int(value: _Int) -> MetadataValue:
        """A 64-bit signed whole number; ``OverflowError`` beyond that."""
        number = _whole("int", value)
        if number not in _INT64:
            raise OverflowError(f"MetadataValue.int holds 64 bits, got {number}")
        return Int(number)

    @staticmethod
    def float_(value: _Float) -> MetadataValue:
        """A number."""
        return Float(_number("float_", value))

    @staticmethod
    def timestamp(value: _Float) -> MetadataValue:
        """A moment in Unix seconds."""
        return Timestamp(_number("timestamp", value))

    @staticmethod
    def duration(value: _Float) -> MetadataValue:
        """A length of time in seconds."""
        return Duration(_number("duration", value))

    @staticmethod
    def percentage(value: _Float) -> MetadataValue:
        """A share; its range is not enforced."""
        return Percentage(_number("percentage", value))

    @staticmethod
    def bool_(value: bool) -> MetadataValue:
        """Yes or no."""
        if not isinstance(value, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"MetadataValue.bool_ takes a bool, got {type(value).__name__}")
        return Bool(value)

    @staticmethod
    def null() -> MetadataValue:
        """Nothing."""
        return Null()

    @staticmethod
    def bytes(value: _Int) -> MetadataValue:
        """A number of bytes; ``OverflowError`` when negative or beyond 64 bits."""
        number = _whole("bytes", value)
        if not 0 <= number <= _UINT64_MAX:
            raise OverflowError(f"MetadataValue.bytes is a 64-bit count that cannot be negative, got {number}")
        return Bytes(number)

    @staticmethod
    def sql(query: str, dialect: str | None = None) -> MetadataValue:
        """An SQL query."""
        return Sql(_text("sql", query), _optional_text("sql dialect", dialect))

    @staticmethod
    def code_block(code: str, language: str | None = None) -> MetadataValue:
        """Source code."""
        return CodeBlock(_text("code_block", code), _optional_text("code_block language", language))

    @staticmethod
    def list_(values: list[MetadataValue]) -> MetadataValue:
        """Several metadata values."""
        if not isinstance(values, list):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"MetadataValue.list_ takes a list, got {type(values).__name__}")
        for value in cast("list[object]", values):
            if not isinstance(value, MetadataValue):
                raise TypeError(f"MetadataValue.list_ takes only MetadataValue, got {type(value).__name__}")
        return List(list(values))

    @staticmethod
    def date_range(start: str, end: str) -> MetadataValue:
        """Two dates; their order is not checked."""
        return DateRange(_text("date_range start", start), _text("date_range end", end))

    @staticmethod
    def schema(arrow_like: Any) -> MetadataValue:
        """The schema of a table, from any Arrow library; ``ValueError`` when it is none."""
        return Schema(_ArrowSchema(arrow_like).to_ipc())


# A dataclass that is not frozen is equal by content and has no hash. Nothing in rivers changes one.
@dataclass(repr=False)
class _TextValue(MetadataValue):
    value: str


@dataclass(repr=False)
class _WholeValue(MetadataValue):
    value: int


@dataclass(repr=False)
class _NumberValue(MetadataValue):
    value: float


class Text(_TextValue):
    """Plain text."""

    _constructor = "text"


class Path(_TextValue):
    """A path in some file system."""

    _constructor = "path"


class Json(_TextValue):
    """JSON text."""

    _constructor = "json"


class Markdown(_TextValue):
    """Markdown text."""

    _constructor = "md"


class Image(_TextValue):
    """The address of an image."""

    _constructor = "image"


class Url(_TextValue):
    """An absolute URL."""

    _constructor = "url"


class DataVersion(_TextValue):
    """The version of some data."""

    _constructor = "data_version"


class Int(_WholeValue):
    """A 64-bit signed whole number."""

    _constructor = "int"


class Bytes(_WholeValue):
    """A number of bytes."""

    _constructor = "bytes"


class Float(_NumberValue):
    """A number."""

    _constructor = "float_"


class Timestamp(_NumberValue):
    """A moment in Unix seconds."""

    _constructor = "timestamp"


class Duration(_NumberValue):
    """A length of time in seconds."""

    _constructor = "duration"


class Percentage(_NumberValue):
    """A share."""

    _constructor = "percentage"


@dataclass(repr=False)
class Bool(MetadataValue):
    """Yes or no."""

    value: bool
    _constructor = "bool_"


@dataclass(repr=False)
class Null(MetadataValue):
    """Nothing."""

    _constructor = "null"


@dataclass(repr=False)
class Sql(MetadataValue):
    """An SQL query."""

    query: str
    dialect: str | None = None
    _constructor = "sql"

    def raw_value(self) -> str:
        """Return the query."""
        return self.query


@dataclass(repr=False)
class CodeBlock(MetadataValue):
    """Source code."""

    code: str
    language: str | None = None
    _constructor = "code_block"

    def raw_value(self) -> str:
        """Return the code."""
        return self.code


@dataclass(repr=False)
class List(MetadataValue):
    """Several metadata values."""

    values: list[MetadataValue]
    _constructor = "list_"

    def raw_value(self) -> list[MetadataValue]:
        """Return the values."""
        return self.values


@dataclass(repr=False)
class DateRange(MetadataValue):
    """Two dates."""

    start: str
    end: str
    _constructor = "date_range"

    def raw_value(self) -> tuple[str, str]:
        """Return ``(start, end)``."""
        return self.start, self.end


@dataclass(repr=False)
class Schema(MetadataValue):
    """The columns of a table, as an Arrow IPC message."""

    ipc_bytes: bytes
    _constructor = "schema"

    def raw_value(self) -> _ArrowSchema:
        """Return the schema."""
        return _ArrowSchema.from_ipc(self.ipc_bytes)

    def __repr__(self) -> str:
        return f"MetadataValue.schema({self.raw_value()!r})"


_VARIANTS: Final[tuple[type[MetadataValue], ...]] = (
    *(Text, Path, Json, Markdown, Image, Url, DataVersion, Int, Bytes, Float, Timestamp, Duration, Percentage),
    *(Bool, Null, Sql, CodeBlock, List, DateRange, Schema),
)
VARIANT_BY_NAME: Final = {variant.__name__: variant for variant in _VARIANTS}
"""Every variant by the name that its stored form is tagged with."""

for _variant in _VARIANTS:
    setattr(MetadataValue, _variant.__name__, _variant)


def _text(constructor: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"MetadataValue.{constructor} takes a str, got {type(value).__name__}")
    return value


def _optional_text(constructor: str, value: object) -> str | None:
    return None if value is None else _text(constructor, value)


def _whole(constructor: str, value: object) -> int:
    if not isinstance(value, SupportsIndex):
        raise TypeError(f"MetadataValue.{constructor} takes an int, got {type(value).__name__}")
    return int(operator.index(value))


def _number(constructor: str, value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, SupportsIndex):
        return float(operator.index(value))
    raise TypeError(f"MetadataValue.{constructor} takes a float, got {type(value).__name__}")


def _absolute_url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise InvalidMetadataError(f"invalid URL {value!r}: {error}") from error
    if not parts.scheme or not (parts.netloc or parts.path):
        raise InvalidMetadataError(f"invalid URL {value!r}: expected an absolute URL such as 'https://example.com/'")
    return value
