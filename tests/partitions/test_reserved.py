"""Texts that cannot be written in a key, and members that are like a text."""

from __future__ import annotations

import pytest

from rivers.partitions.reserved import name_faults, near_in_spelling, value_faults


@pytest.mark.parametrize(
    ("text", "value_fault", "name_fault"),
    [
        ("", "must not be empty", "must not be empty"),
        ("a|b", "reserved character '|'", "reserved character '|'"),
        ("a,b", "reserved character ','", "reserved character ','"),
        ("a=b", None, "reserved character '='"),
        ("a\x00b", "cannot be stored", "cannot be stored"),
        ("a\ud800b", "cannot be stored", "cannot be stored"),
        ("a b é", None, None),
    ],
)
def test_a_name_may_hold_what_a_key_may_hold_but_no_equals_sign(
    text: str, value_fault: str | None, name_fault: str | None
) -> None:
    for faults, expected in ((value_faults(text), value_fault), (name_faults(text), name_fault)):
        found = list(faults)
        assert len(found) == (expected is not None)
        assert (expected or "") in "".join(found)


def test_every_fault_of_a_text_is_named() -> None:
    assert len(list(value_faults("a|b,c\x00"))) == 3


def test_without_a_member_that_is_like_the_text_the_first_ones_are_near() -> None:
    assert near_in_spelling("zzz", ["b", "a", "c"], 2) == ["b", "a"]
    assert near_in_spelling("ab3", ["c", "ab1", "ab2"], 1) == ["ab2"]
    assert near_in_spelling("a", [], 3) == []


def test_of_a_million_keys_those_that_begin_alike_are_compared() -> None:
    members = [f"key-{number:07d}" for number in range(1_000_000)]
    assert near_in_spelling("key-0499999x", members, 3)[0] == "key-0499999"
