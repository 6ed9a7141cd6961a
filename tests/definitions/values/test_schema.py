"""Arrow schemas: what goes in comes out, through the C data interface and through IPC messages."""

from __future__ import annotations

import base64
import pickle
import random
import sys

import pyarrow as pa
import pytest

from rivers.definitions.values.metadata import MetadataValue
from rivers.definitions.values.metadata_encoding import coerce_metadata_value, metadata_from_json, metadata_to_json
from rivers.definitions.values.schema import Schema

# One nullable int64 column "a", as pyarrow 26 writes it.
PYARROW_ONE_COLUMN = bytes.fromhex(
    "ffffffff780000001000000000000a000c000600050008000a000000000104000c000000080008000000040008000000040000000100000014"
    "000000100014000800060007000c00000010001000000000000102100000001c0000000400000000000000010000006100000008000c000800"
    "0700080000000000000140000000"
)

# SIX_COLUMNS, as rivers wrote it when it had an encoder of its own.
WRITTEN_BEFORE_PYARROW = base64.b64decode(
    "/////wgDAAAQAAAADAAXABQAFgAQAAgADAAAAAAAAAAAAAAAAAAAABgAAAAEAAEAAAAAAAAACgAOAAwABAAIAAoAAAAMAAAAkAIAAAAAAAAGAA"
    "AALAAAAKAAAADcAAAAOAEAAIQBAAAIAgAAAAASABYABAAUABUACAAAAAwAEAASAAAAFAAAACAAAAAoAAAAKAAAAAACAAACAAAAaWQAAAgACQAE"
    "AAgACAAAAEAAAAABAAAAAAAAAAEAAAAMAAAACAAMAAQACAAIAAAACAAAAAwAAAABAAAAawAAAAEAAAB2AAAAAAAAABAAEgAEABAAEQAIAAAADA"
    "AQAAAAEAAAACAAAAAgAAAAARgAAAQAAABuYW1lAAAAAAAAAAAEAAQABAAAAAAAAAAQABIABAAQABEACAAAAAwAEAAAABAAAAAgAAAAPAAAAAEK"
    "AAACAAAAYXQAAAAAAAAIAAoACAAEAAgAAAAIAAAAAgAAAA0AAABFdXJvcGUvQmVybGluAAAAAAAAAAAAAAAQABIABAAQABEACAAAAAwAEAAAAB"
    "AAAAAgAAAALAAAAAEHAAAFAAAAcHJpY2UACgAQAAQACAAMAAoAAAAKAAAAAgAAAIAAAAAAAAAAAAAAABAAEgAEABAAEQAIAAAADAAQAAAAEAAA"
    "ACAAAAAgAAAAAQwAAAQAAAB0YWdzAAAAAAAAAAAEAAQABAAAAAEAAAAYAAAAAAAAABAAEgAEABAAEQAIAAAADAAQAAAAEAAAACAAAAAgAAAAAQ"
    "UAAAQAAABpdGVtAAAAAAAAAAAEAAQABAAAAAAAAAAQABYABAAUABUACAAMABAAEAAAABQAAAAgAAAALAAAAFQAAAABBQAABAAAAHNob3AAAAAA"
    "BAAEAAQAAAAAAAoAFQAIABAAFAAKAAAAAAAAAAAAAAAAAAAAEAAAAAEAAAAIAAkABAAIAAgAAAAgAAAAAQAAAAAAAAABAAAADAAAAAgADAAEAA"
    "gACAAAAAgAAAAQAAAABAAAAG1hZGUAAAAABwAAAGJ5IGhhbmQAAAAAAA=="
)
SIX_COLUMNS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False, metadata={"k": "v"}),
        pa.field("name", pa.string_view()),
        pa.field("at", pa.timestamp("us", "Europe/Berlin")),
        pa.field("price", pa.decimal128(10, 2)),
        pa.field("tags", pa.list_(pa.string())),
        pa.field("shop", pa.dictionary(pa.int32(), pa.string(), ordered=True)),
    ],
    metadata={"made": "by hand"},
)


class Exporting:
    """An object of another Arrow library, which exports a schema."""

    def __init__(self, exported: object) -> None:
        self.exported = exported

    def __arrow_c_schema__(self) -> object:
        return self.exported.__arrow_c_schema__()


def one_column() -> Exporting:
    return Exporting(pa.schema({"a": pa.int64()}))


@pytest.mark.rule("metadata 3.1", "metadata 3.2")
def test_types_nullability_and_metadata_survive_the_message_and_the_capsule() -> None:
    schema = Schema(Exporting(SIX_COLUMNS))
    for same in (schema, Schema.from_ipc(schema.to_ipc()), Schema(schema), pickle.loads(pickle.dumps(schema))):
        assert same == schema
        assert pa.schema(same).equals(SIX_COLUMNS, check_metadata=True)


@pytest.mark.rule("metadata 3.1")
def test_it_tells_names_and_length_and_compares_by_content() -> None:
    one, same, other = Schema(one_column()), Schema(one_column()), Schema(pa.schema([]))
    assert (one.names, len(one), list(one)) == (["a"], 1, ["a"])
    assert (other.names, len(other)) == ([], 0)
    assert one == same
    assert one != other
    assert one != "a"
    assert len({one, same, other}) == 2
    assert repr(Schema(SIX_COLUMNS)).startswith("Schema(id: int64, name: string_view, at: timestamp[us")


def test_stored_messages_of_every_origin_are_read() -> None:
    assert Schema.from_ipc(WRITTEN_BEFORE_PYARROW) == Schema(SIX_COLUMNS)
    assert Schema.from_ipc(PYARROW_ONE_COLUMN) == Schema(one_column())
    assert Schema.from_ipc(PYARROW_ONE_COLUMN + bytes(8)).names == ["a"]  # a stream goes on behind it
    assert Schema.from_ipc(PYARROW_ONE_COLUMN[4:]).names == ["a"]  # the form before Arrow 0.15


@pytest.mark.rule("metadata 3.3")
@pytest.mark.parametrize("wrong", [1, None, "x", int, Exporting, Exporting(pa.int64())])
def test_what_is_no_schema_of_a_table_is_a_value_error(wrong: object) -> None:
    with pytest.raises(ValueError, match="schema"):
        Schema(wrong)


def test_something_else_in_the_capsule_is_a_value_error() -> None:
    class Lying:
        def __arrow_c_schema__(self) -> object:
            return object()

    with pytest.raises(ValueError, match="gave no Arrow schema"):
        Schema(Lying())


@pytest.mark.rule("metadata 3.3")
@pytest.mark.parametrize("message", [b"", b"junk" * 9, b"\xff" * 8, PYARROW_ONE_COLUMN[:40]])
def test_bytes_that_are_no_message_are_a_value_error(message: bytes) -> None:
    with pytest.raises(ValueError, match="no Arrow schema"):
        Schema.from_ipc(message)


def test_spoilt_messages_are_read_or_refused_with_a_value_error() -> None:
    message, draw = WRITTEN_BEFORE_PYARROW, random.Random(5)
    for _ in range(1000):
        spoilt = bytearray(message)
        for _ in range(draw.randint(1, 4)):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        try:
            Schema.from_ipc(bytes(spoilt))
        except ValueError:
            continue


@pytest.mark.rule("metadata 1.9", "metadata 2.2")
def test_a_schema_is_a_metadata_value_with_a_stored_form() -> None:
    value = MetadataValue.schema(one_column())
    assert isinstance(value, MetadataValue.Schema)
    assert value.raw_value() == Schema(one_column())
    assert value.ipc_bytes == value.raw_value().to_ipc()
    assert value == coerce_metadata_value(one_column()) == pickle.loads(pickle.dumps(value))
    assert metadata_from_json(metadata_to_json(value)) == value
    assert repr(value) == "MetadataValue.schema(Schema(a: int64))"
    with pytest.raises(ValueError, match="not an Arrow schema"):
        MetadataValue.schema(3)


def test_without_pyarrow_the_error_names_the_extra_and_what_is_stored_can_still_be_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = metadata_to_json(MetadataValue.schema(one_column()))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    value = metadata_from_json(stored)
    assert metadata_to_json(value) == stored
    for needy in (lambda: Schema(one_column()), lambda: Schema.from_ipc(PYARROW_ONE_COLUMN), value.raw_value):
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'rivers-chrono\[arrow\]'"):
            needy()
