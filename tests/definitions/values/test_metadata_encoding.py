"""The way of plain values to metadata values, and their stored form."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from rivers.definitions.values.metadata import MetadataValue
from rivers.definitions.values.metadata_encoding import (
    coerce_metadata,
    coerce_metadata_value,
    metadata_from_json,
    metadata_to_json,
)


class Index:
    """A whole number that is not an ``int``, as those of numpy."""

    def __index__(self) -> int:
        return 7


class Several:
    """An object that has ``__index__`` and no index, as an array of numpy."""

    def __index__(self) -> int:
        raise TypeError("only integer scalar arrays can be converted to a scalar index")


@pytest.mark.rule("metadata 2.1", "metadata 2.4")
@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("x", MetadataValue.text("x")),
        (True, MetadataValue.bool_(True)),
        (3, MetadataValue.int(3)),
        (Index(), MetadataValue.int(7)),
        (2**70, MetadataValue.text(str(2**70))),
        (1.5, MetadataValue.float_(1.5)),
        (None, MetadataValue.null()),
        (MetadataValue.md("x"), MetadataValue.md("x")),
    ],
)
def test_plain_values_are_coerced(plain: object, value: MetadataValue) -> None:
    assert coerce_metadata_value(plain) == value


@pytest.mark.rule("metadata 2.3")
@pytest.mark.parametrize("plain", [[1], {"a": 1}, (1,), b"x", datetime(2026, 1, 1, tzinfo=UTC), Several()])
def test_everything_else_is_a_type_error_that_names_the_type(plain: object) -> None:
    with pytest.raises(TypeError, match=f"Cannot coerce {type(plain).__name__} to MetadataValue"):
        coerce_metadata_value(plain)


def test_what_cannot_be_coerced_is_told_with_its_key_and_what_can_hold_it() -> None:
    with pytest.raises(TypeError) as raised:
        coerce_metadata({"rows": 1, "columns": ["id"]})
    assert str(raised.value) == (
        "Cannot coerce list to MetadataValue, given for 'columns'; "
        "say what it is, as MetadataValue.json(text) or MetadataValue.list_([...]) do"
    )


@pytest.mark.parametrize("metadata", [3, [("a", 1)], {1: "a"}])
def test_metadata_is_a_dict_with_text_keys(metadata: object) -> None:
    with pytest.raises(TypeError):
        coerce_metadata(metadata)


def test_coercion_keeps_the_order() -> None:
    assert list(coerce_metadata({"b": 1, "a": 2})) == ["b", "a"]


@pytest.mark.rule("metadata 2.5")
@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (MetadataValue.int(3), '{"Int":{"value":3}}'),
        (MetadataValue.text("é"), '{"Text":{"value":"é"}}'),
        (MetadataValue.url("http://x/"), '{"Url":{"value":"http://x/"}}'),
        (MetadataValue.null(), '"Null"'),
        (MetadataValue.sql("q"), '{"Sql":{"query":"q","dialect":null}}'),
        (MetadataValue.date_range("a", "b"), '{"DateRange":{"start":"a","end":"b"}}'),
        (
            MetadataValue.list_([MetadataValue.int(1), MetadataValue.null()]),
            '{"List":{"values":[{"Int":{"value":1}},"Null"]}}',
        ),
    ],
)
def test_the_stored_form_is_externally_tagged_json_and_reads_back(value: MetadataValue, stored: str) -> None:
    assert metadata_to_json(value) == stored
    assert metadata_from_json(stored) == value


def test_a_number_that_json_cannot_hold_is_stored_as_null() -> None:
    stored = metadata_to_json(MetadataValue.float_(math.inf))
    assert stored == '{"Float":{"value":null}}'
    assert math.isnan(metadata_from_json(stored).raw_value())


@pytest.mark.parametrize("text", ["3", "[]", "{}", '{"Nope":{"value":1}}', "not json"])
def test_a_text_that_is_no_stored_form_is_a_value_error(text: Any) -> None:
    with pytest.raises(ValueError):
        metadata_from_json(text)
