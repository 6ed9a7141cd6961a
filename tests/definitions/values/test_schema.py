"""Arrow schemas: what goes in comes out, through the C data interface and through IPC messages."""

from __future__ import annotations

import gc
import pickle
import random

import pytest

from rivers.definitions.values.arrow_fields import ArrowField, export_field, import_field
from rivers.definitions.values.metadata import MetadataValue
from rivers.definitions.values.metadata_encoding import coerce_metadata_value, metadata_from_json, metadata_to_json
from rivers.definitions.values.schema import Schema

# One nullable int64 column "a", as pyarrow 26 writes it.
PYARROW_ONE_COLUMN = bytes.fromhex(
    "ffffffff780000001000000000000a000c000600050008000a000000000104000c000000080008000000040008000000040000000100000014"
    "000000100014000800060007000c00000010001000000000000102100000001c0000000400000000000000010000006100000008000c000800"
    "0700080000000000000140000000"
)
ONE_COLUMN = ArrowField("+s", flags=0, children=(ArrowField("l", "a"),))

FORMATS = [
    *("n", "b", "c", "C", "s", "S", "i", "I", "l", "L", "e", "f", "g", "z", "Z", "vz", "u", "U", "vu", "w:5"),
    *("d:10,2", "d:40,3,256", "tdD", "tdm", "tts", "ttm", "ttu", "ttn", "tss:", "tsm:UTC", "tsu:Europe/Berlin", "tsn:"),
    *("tDs", "tDm", "tDu", "tDn", "tiM", "tiD", "tin"),
]


class Exporting:
    """What any Arrow library gives: an object that exports a field."""

    def __init__(self, field: ArrowField) -> None:
        self.field = field

    def __arrow_c_schema__(self) -> object:
        return export_field(self.field)


def table(*columns: ArrowField, metadata: tuple[tuple[str, str], ...] = ()) -> Exporting:
    return Exporting(ArrowField("+s", flags=0, metadata=metadata, children=columns))


def everything() -> Exporting:
    inner = ArrowField("c", "item")
    plain = [
        ArrowField(text, f"{text}é", flags=2 * (index % 2), metadata=(("k", str(index)), ("", "")) * (index % 3))
        for index, text in enumerate(FORMATS)
    ]
    nested = [
        *(ArrowField(text, text, children=(inner,)) for text in ("+l", "+L", "+w:3", "+vl", "+vL")),
        ArrowField("+s", "struct", children=(inner, ArrowField("+l", "deep", children=(inner,)))),
        ArrowField("+m", "map", 6, children=(ArrowField("+s", "entries", 0, (), (ArrowField("u", "key", 0), inner)),)),
        ArrowField("+ud:0,5", "dense", children=(inner, ArrowField("u", "text"))),
        ArrowField("+us:3", "sparse", children=(inner,)),
        ArrowField("+r", "runs", children=(ArrowField("i", "run_ends", 0), ArrowField("u", "values"))),
        ArrowField("i", "coded", dictionary=ArrowField("u")),
        ArrowField(
            "c", "ordered", 3, dictionary=ArrowField("+l", children=(ArrowField("s", "x", dictionary=ArrowField("u")),))
        ),
    ]
    return table(*plain, *nested, metadata=(("made", "by hand"),))


def test_every_type_survives_the_message_and_the_capsule() -> None:
    given = everything()
    schema = Schema(given)
    assert import_field(schema) == given.field
    again = Schema.from_ipc(schema.to_ipc())
    assert again == schema
    assert import_field(again) == given.field


def test_it_tells_names_and_length_and_compares_by_content() -> None:
    one, same, other = Schema(table(ArrowField("l", "a"))), Schema(Exporting(ONE_COLUMN)), Schema(table())
    assert (one.names, len(one), list(one)) == (["a"], 1, ["a"])
    assert (other.names, len(other)) == ([], 0)
    assert one == same == Schema(one) == pickle.loads(pickle.dumps(one))
    assert one != other
    assert one != "a"
    assert len({one, same, other}) == 2
    assert repr(Schema(everything())).startswith("Schema(né: n, bé: b")


def test_the_messages_of_others_are_understood() -> None:
    assert Schema.from_ipc(PYARROW_ONE_COLUMN) == Schema(Exporting(ONE_COLUMN))
    assert Schema.from_ipc(PYARROW_ONE_COLUMN + bytes(8)).names == ["a"]  # a stream goes on behind it
    assert Schema.from_ipc(PYARROW_ONE_COLUMN[4:]).names == ["a"]  # as it was before Arrow 0.15


@pytest.mark.parametrize("wrong", [1, None, "x", int, Exporting, Exporting(ArrowField("l"))])
def test_what_is_no_schema_of_a_table_is_a_value_error(wrong: object) -> None:
    with pytest.raises(ValueError, match="schema"):
        Schema(wrong)


def test_something_else_in_the_capsule_is_a_value_error() -> None:
    class Lying:
        def __arrow_c_schema__(self) -> object:
            return object()

    with pytest.raises(ValueError, match="gave no Arrow schema"):
        Schema(Lying())


@pytest.mark.parametrize("message", [b"", b"junk" * 9, b"\xff" * 8, PYARROW_ONE_COLUMN[:40]])
def test_bytes_that_are_no_message_are_a_value_error(message: bytes) -> None:
    with pytest.raises(ValueError, match="no Arrow schema"):
        Schema.from_ipc(message)


def test_a_type_that_no_message_can_hold_is_a_value_error_that_names_the_column() -> None:
    with pytest.raises(ValueError, match=r"'odd'.*'x:1'"):
        Schema(table(ArrowField("x:1", "odd")))


def test_spoilt_messages_are_refused_or_read_but_never_break_anything_else() -> None:
    message, draw = Schema(everything()).to_ipc(), random.Random(5)
    for _ in range(3000):
        spoilt = bytearray(message)
        for _ in range(draw.randint(1, 4)):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        try:
            Schema.from_ipc(bytes(spoilt[: draw.randrange(len(spoilt))] if draw.random() < 0.2 else spoilt))
        except ValueError:
            continue


def test_capsules_leave_nothing_behind() -> None:
    from rivers.definitions.values import arrow_fields

    schema = Schema(everything())
    for _ in range(20):
        import_field(schema)
        schema.__arrow_c_schema__()
    gc.collect()
    assert (len(arrow_fields._owned), len(arrow_fields._structs)) == (0, 0)


def test_a_schema_is_a_metadata_value_with_a_stored_form() -> None:
    value = MetadataValue.schema(table(ArrowField("l", "a")))
    assert isinstance(value, MetadataValue.Schema)
    assert value.raw_value() == Schema(Exporting(ONE_COLUMN))
    assert value.ipc_bytes == value.raw_value().to_ipc()
    assert value == coerce_metadata_value(table(ArrowField("l", "a"))) == pickle.loads(pickle.dumps(value))
    assert metadata_from_json(metadata_to_json(value)) == value
    assert repr(value) == "MetadataValue.schema(Schema(a: l))"
    with pytest.raises(ValueError, match="not an Arrow schema"):
        MetadataValue.schema(3)
