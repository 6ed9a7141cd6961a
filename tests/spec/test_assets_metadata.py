"""Metadata values, as they are made, coerced and stored."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import InvalidMetadataError
from tests.spec.conftest import Build
from tests.spec.handlers import Saying
from tests.spec.recorded import event_of, metadata_of

MV = rs.MetadataValue

# A schema message with one nullable int64 column "a", as an Arrow library writes it.
ONE_COLUMN = bytes.fromhex(
    "ffffffff780000001000000000000a000c000600050008000a000000000104000c000000080008000000040008000000040000000100000014"
    "000000100014000800060007000c00000010001000000000000102100000001c0000000400000000000000010000006100000008000c000800"
    "0700080000000000000140000000"
)


class ArrowLike:
    """Something of another library that exports a schema."""

    def __arrow_c_schema__(self) -> object:
        return rs.Schema.from_ipc(ONE_COLUMN).__arrow_c_schema__()


@pytest.mark.rule(
    "metadata 1.1",
    "metadata 1.2",
    "metadata 1.3",
    "metadata 1.4",
    "metadata 1.5",
    "metadata 1.6",
    "metadata 1.7",
    "metadata 1.8",
)
@pytest.mark.parametrize(
    ("value", "variant", "attributes", "raw"),
    [
        (MV.text("x"), MV.Text, {"value": "x"}, "x"),
        (MV.path("p"), MV.Path, {"value": "p"}, "p"),
        (MV.json('{"a": 1}'), MV.Json, {"value": '{"a": 1}'}, '{"a": 1}'),
        (MV.md("# a"), MV.Markdown, {"value": "# a"}, "# a"),
        (MV.image("i"), MV.Image, {"value": "i"}, "i"),
        (MV.url("https://x/y"), MV.Url, {"value": "https://x/y"}, "https://x/y"),
        (MV.data_version("v"), MV.DataVersion, {"value": "v"}, "v"),
        (MV.int(2**63 - 1), MV.Int, {"value": 2**63 - 1}, 2**63 - 1),
        (MV.int(-(2**63)), MV.Int, {"value": -(2**63)}, -(2**63)),
        (MV.int(True), MV.Int, {"value": 1}, 1),
        (MV.int(False), MV.Int, {"value": 0}, 0),
        (MV.float_(1), MV.Float, {"value": 1.0}, 1.0),
        (MV.timestamp(2), MV.Timestamp, {"value": 2.0}, 2.0),
        (MV.duration(0.5), MV.Duration, {"value": 0.5}, 0.5),
        (MV.percentage(-40), MV.Percentage, {"value": -40.0}, -40.0),
        (MV.bool_(False), MV.Bool, {"value": False}, False),
        (MV.null(), MV.Null, {}, None),
        (MV.bytes(0), MV.Bytes, {"value": 0}, 0),
        (MV.sql("select 1"), MV.Sql, {"query": "select 1", "dialect": None}, "select 1"),
        (MV.sql("select 1", dialect="d"), MV.Sql, {"query": "select 1", "dialect": "d"}, "select 1"),
        (MV.code_block("x", language="py"), MV.CodeBlock, {"code": "x", "language": "py"}, "x"),
        (MV.list_([MV.int(1), MV.null()]), MV.List, {"values": [MV.int(1), MV.null()]}, [MV.int(1), MV.null()]),
        (MV.list_([]), MV.List, {"values": []}, []),
        (MV.date_range("b", "a"), MV.DateRange, {"start": "b", "end": "a"}, ("b", "a")),
    ],
)
def test_a_constructor_makes_its_variant_with_its_attributes_and_raw_value(
    value: Any, variant: Any, attributes: dict[str, Any], raw: Any
) -> None:
    assert type(value) is variant
    assert isinstance(value, rs.MetadataValue)
    assert {name: getattr(value, name) for name in attributes} == attributes
    assert value.raw_value() == raw
    assert type(value.raw_value()) is type(raw)


@pytest.mark.rule("metadata 1.9")
def test_a_schema_keeps_its_message_and_gives_a_schema_back() -> None:
    value = MV.schema(ArrowLike())
    assert type(value) is MV.Schema
    assert isinstance(value.ipc_bytes, bytes)
    assert isinstance(value.raw_value(), rs.Schema)
    assert value.raw_value().names == ["a"]
    for wrong in (object(), 3, b"bytes"):
        with pytest.raises(ValueError):
            MV.schema(wrong)


@pytest.mark.rule("metadata 1.5", "metadata 1.11")
@pytest.mark.parametrize("build_value", [lambda: MV.int(2**63), lambda: MV.int(-(2**63) - 1), lambda: MV.bytes(-1)])
def test_a_number_of_the_wrong_size_is_an_overflow(build_value: Callable[[], Any]) -> None:
    with pytest.raises(OverflowError):
        build_value()


@pytest.mark.rule("metadata 1.7", "metadata 1.10")
@pytest.mark.parametrize(
    ("constructor", "argument"),
    [
        *((name, 1) for name in ("text", "path", "json", "md", "image", "url", "data_version", "sql", "code_block")),
        *((name, "1") for name in ("int", "float_", "timestamp", "duration", "percentage", "bool_", "bytes")),
        ("bool_", 1),
        ("bool_", None),
        ("int", 1.0),
        ("list_", [1]),
        ("list_", ["a"]),
        ("list_", 3),
    ],
)
def test_an_argument_of_the_wrong_type_is_a_type_error(constructor: str, argument: Any) -> None:
    with pytest.raises(TypeError):
        getattr(MV, constructor)(argument)


@pytest.mark.rule("metadata 1.12")
@pytest.mark.parametrize("url", ["example.com", "/a/b", "", "no scheme", "//host/path"])
def test_a_url_without_a_scheme_is_invalid_and_says_so(url: str) -> None:
    with pytest.raises(InvalidMetadataError, match=r"(?i)invalid URL|URL.*invalid"):
        MV.url(url)


@pytest.mark.rule("metadata 1.12")
@pytest.mark.parametrize("url", ["http://x", "https://h:1/p?q#f", "s3://bucket/key", "file:///x", "postgres://u@h/db"])
def test_an_absolute_url_of_any_scheme_is_taken(url: str) -> None:
    assert MV.url(url).raw_value() == url


@pytest.mark.rule("metadata 1.13")
def test_values_compare_by_variant_and_content_have_no_hash_and_can_be_pickled() -> None:
    assert MV.int(1) == MV.int(1)
    assert MV.int(1) not in (1, MV.int(2), MV.float_(1), MV.bytes(1), MV.bool_(True))
    assert MV.text("a") not in ("a", MV.path("a"), MV.md("a"))
    for value in (MV.int(1), MV.null(), MV.sql("q"), MV.list_([MV.date_range("a", "b")]), MV.schema(ArrowLike())):
        assert pickle.loads(pickle.dumps(value)) == value
        with pytest.raises(TypeError):
            hash(value)


@pytest.mark.rule("metadata 1.14")
def test_the_repr_is_the_call_that_makes_it() -> None:
    assert repr(MV.int(3)) == "MetadataValue.int(3)"
    assert repr(MV.text("x")) == "MetadataValue.text('x')"
    assert eval(repr(MV.list_([MV.bool_(True), MV.null()]))) == MV.list_([MV.bool_(True), MV.null()])


MetadataValue = rs.MetadataValue


class WholeNumber:
    """An integer of another library: it can stand for an ``int``, and is none."""

    def __index__(self) -> int:
        return 7


class RealNumber(float):
    """A float of another library, which derives from ``float``."""


COERCED: list[tuple[Any, Any]] = [
    ("x", {"Text": {"value": "x"}}),
    (True, {"Bool": {"value": True}}),
    (3, {"Int": {"value": 3}}),
    (WholeNumber(), {"Int": {"value": 7}}),
    (1.5, {"Float": {"value": 1.5}}),
    (RealNumber(2.5), {"Float": {"value": 2.5}}),
    (None, "Null"),
    (MV.md("# a"), {"Markdown": {"value": "# a"}}),
    (MV.url("http://x/"), {"Url": {"value": "http://x/"}}),
    (MV.sql("q", "d"), {"Sql": {"query": "q", "dialect": "d"}}),
]


def ways_to_say(value: Any) -> dict[str, Any]:
    """An asset for each of the places that metadata can come from, saying ``value``."""

    @rs.Asset(name="a")
    def by_context(context: rs.AssetExecutionContext) -> rs.Materialization:
        context.add_output_metadata({"k": value})
        return rs.Materialization()

    return {
        "context": by_context,
        "Output": rs.Asset(name="a", io_handler=Saying())(lambda: rs.Output(1, metadata={"k": value})),
        "Observation": rs.Asset(name="a")(lambda: rs.Observation(metadata={"k": value})),
        "Materialization": rs.Asset(name="a")(lambda: rs.Materialization(metadata={"k": value})),
        "OutputContext": rs.Asset(name="a", io_handler=Saying(said={"k": value}))(lambda: 1),
    }


WAYS = ("context", "Output", "Observation", "Materialization", "OutputContext")


@pytest.mark.rule("metadata 2.1", "metadata 2.5")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("value", "stored"), COERCED, ids=lambda each: type(each).__name__)
def test_plain_values_are_coerced_wherever_they_are_said_and_stored_as_tagged_json(
    build: Build, storage: rs.Storage, way: str, value: Any, stored: Any
) -> None:
    run_id = build(ways_to_say(value)[way]).materialize().run_id
    event_type = "Observation" if way == "Observation" else "Materialization"
    event = event_of(storage, run_id, event_type, "a")
    assert metadata_of(event) == {"k": stored}


@pytest.mark.rule("metadata 2.5")
def test_the_stored_form_is_compact(build: Build, storage: rs.Storage) -> None:
    run_id = build(ways_to_say(1)["Output"]).materialize().run_id
    assert event_of(storage, run_id, "Materialization", "a").metadata == [("k", '{"Int":{"value":1}}')]


@pytest.mark.rule("metadata 2.2")
@pytest.mark.parametrize("way", WAYS)
def test_a_schema_is_coerced_too(build: Build, storage: rs.Storage, way: str) -> None:
    run_id = build(ways_to_say(ArrowLike())[way]).materialize().run_id
    [(key, text)] = event_of(
        storage, run_id, "Observation" if way == "Observation" else "Materialization", "a"
    ).metadata
    assert key == "k"
    assert list(json.loads(text)) == ["Schema"]


@pytest.mark.rule("metadata 2.3")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", [[1], {"a": 1}, datetime(2026, 1, 1, tzinfo=UTC), b"x", (1,), object()])
def test_anything_else_is_a_type_error_that_names_the_type(build: Build, way: str, value: Any) -> None:
    repo = build(ways_to_say(value)[way])
    with pytest.raises(TypeError, match=f"Cannot coerce {type(value).__name__} to MetadataValue"):
        repo.materialize()


@pytest.mark.rule("metadata 2.4")
def test_an_integer_beyond_64_bits_is_accepted_as_another_variant(build: Build, storage: rs.Storage) -> None:
    run_id = build(ways_to_say(2**70)["Materialization"]).materialize().run_id
    stored = metadata_of(event_of(storage, run_id, "Materialization", "a"))
    assert list(stored["k"]) != ["Int"]


@pytest.mark.rule("metadata 3.1", "metadata 3.2", "metadata 3.3")
def test_a_schema_compares_travels_and_reads_back() -> None:
    schema = rs.Schema(ArrowLike())
    assert (schema.names, len(schema)) == (["a"], 1)
    assert schema == rs.Schema.from_ipc(ONE_COLUMN)
    assert hash(schema) == hash(rs.Schema(schema))
    assert rs.Schema.from_ipc(schema.to_ipc()) == schema
    assert isinstance(schema.to_ipc(), bytes)
    assert rs.Schema(schema) == schema
    assert schema.__arrow_c_schema__() is not None
    for wrong in (lambda: rs.Schema(3), lambda: rs.Schema.from_ipc(b"not a message"), lambda: rs.Schema.from_ipc(b"")):
        with pytest.raises(ValueError):
            wrong()
