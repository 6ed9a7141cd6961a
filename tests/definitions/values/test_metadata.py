"""Typed metadata values."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from rivers.definitions.values.metadata import VARIANT_BY_NAME, MetadataValue
from rivers.exceptions import InvalidMetadataError


@pytest.mark.rule(
    "metadata 1.1",
    "metadata 1.2",
    "metadata 1.3",
    "metadata 1.4",
    "metadata 1.5",
    "metadata 1.6",
    "metadata 1.7",
    "metadata 1.8",
    "metadata 1.13",
    "metadata 1.14",
)
@pytest.mark.parametrize(
    ("value", "variant", "raw", "shown"),
    [
        (MetadataValue.text("x"), MetadataValue.Text, "x", "text('x')"),
        (MetadataValue.path("/a"), MetadataValue.Path, "/a", "path('/a')"),
        (MetadataValue.json("{"), MetadataValue.Json, "{", "json('{')"),
        (MetadataValue.md("# a"), MetadataValue.Markdown, "# a", "md('# a')"),
        (MetadataValue.image("a"), MetadataValue.Image, "a", "image('a')"),
        (MetadataValue.url("http://x/"), MetadataValue.Url, "http://x/", "url('http://x/')"),
        (MetadataValue.data_version("v"), MetadataValue.DataVersion, "v", "data_version('v')"),
        (MetadataValue.int(3), MetadataValue.Int, 3, "int(3)"),
        (MetadataValue.int(True), MetadataValue.Int, 1, "int(1)"),
        (MetadataValue.int(-(2**63)), MetadataValue.Int, -(2**63), f"int({-(2**63)})"),
        (MetadataValue.float_(1), MetadataValue.Float, 1.0, "float_(1.0)"),
        (MetadataValue.timestamp(1), MetadataValue.Timestamp, 1.0, "timestamp(1.0)"),
        (MetadataValue.duration(1.5), MetadataValue.Duration, 1.5, "duration(1.5)"),
        (MetadataValue.percentage(250), MetadataValue.Percentage, 250.0, "percentage(250.0)"),
        (MetadataValue.bool_(True), MetadataValue.Bool, True, "bool_(True)"),
        (MetadataValue.null(), MetadataValue.Null, None, "null()"),
        (MetadataValue.bytes(0), MetadataValue.Bytes, 0, "bytes(0)"),
        (MetadataValue.sql("q", "duckdb"), MetadataValue.Sql, "q", "sql('q', 'duckdb')"),
        (MetadataValue.code_block("c"), MetadataValue.CodeBlock, "c", "code_block('c', None)"),
        (MetadataValue.date_range("b", "a"), MetadataValue.DateRange, ("b", "a"), "date_range('b', 'a')"),
        (
            MetadataValue.list_([MetadataValue.int(1)]),
            MetadataValue.List,
            [MetadataValue.int(1)],
            "list_([MetadataValue.int(1)])",
        ),
    ],
)
def test_every_constructor_makes_its_variant(
    value: MetadataValue, variant: type[MetadataValue], raw: Any, shown: str
) -> None:
    assert isinstance(value, variant)
    assert isinstance(value, MetadataValue)
    assert value.raw_value() == raw
    assert type(value.raw_value()) is type(raw)
    assert repr(value) == f"MetadataValue.{shown}"
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.rule("metadata 1.13")
def test_values_compare_by_variant_and_content_and_have_no_hash() -> None:
    assert MetadataValue.int(1) == MetadataValue.int(1)
    assert MetadataValue.int(1) != MetadataValue.int(2)
    assert MetadataValue.int(1) != 1
    assert MetadataValue.text("a") != MetadataValue.path("a")
    with pytest.raises(TypeError):
        hash(MetadataValue.int(1))


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
def test_every_variant_is_nested_in_the_class() -> None:
    assert all(getattr(MetadataValue, name) is variant for name, variant in VARIANT_BY_NAME.items())


@pytest.mark.rule("metadata 1.10", "metadata 1.11")
@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda: MetadataValue.int(2**63), OverflowError),
        (lambda: MetadataValue.int(-(2**63) - 1), OverflowError),
        (lambda: MetadataValue.bytes(-1), OverflowError),
        (lambda: MetadataValue.bytes(2**64), OverflowError),
        (lambda: MetadataValue.bool_(1), TypeError),
        (lambda: MetadataValue.int("1"), TypeError),
        (lambda: MetadataValue.int(1.5), TypeError),
        (lambda: MetadataValue.float_("1"), TypeError),
        (lambda: MetadataValue.text(1), TypeError),
        (lambda: MetadataValue.sql("q", 1), TypeError),
        (lambda: MetadataValue.list_([1]), TypeError),
        (lambda: MetadataValue.list_("a"), TypeError),
    ],
)
def test_a_value_of_the_wrong_type_or_size_is_refused(build: Callable[[], Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        build()


@pytest.mark.rule("metadata 1.6", "metadata 1.7", "metadata 1.8")
def test_a_value_of_several_parts_tells_them() -> None:
    sql, code = MetadataValue.sql("q", dialect="d"), MetadataValue.code_block("c", language="py")
    assert (sql.query, sql.dialect, MetadataValue.sql("q").dialect) == ("q", "d", None)
    assert (code.code, code.language) == ("c", "py")
    days = MetadataValue.date_range("b", "a")
    assert (days.start, days.end) == ("b", "a")
    assert MetadataValue.list_([MetadataValue.null()]).values == [MetadataValue.null()]


@pytest.mark.rule("metadata 1.12")
@pytest.mark.parametrize("url", ["http://x", "https://h:1/p?q#f", "s3://bucket/key", "file:///x", "postgres://u@h/db"])
def test_an_absolute_url_of_any_scheme_is_taken(url: str) -> None:
    assert MetadataValue.url(url).raw_value() == url


@pytest.mark.rule("metadata 1.12")
@pytest.mark.parametrize("url", ["example.com", "", "/path", "http://", "http://[::1"])
def test_a_url_must_be_absolute(url: str) -> None:
    with pytest.raises(InvalidMetadataError, match="invalid URL"):
        MetadataValue.url(url)


def test_a_value_is_made_by_its_factories_alone() -> None:
    with pytest.raises(TypeError, match=r"MetadataValue has no constructor.*text\(value\)"):
        MetadataValue()
