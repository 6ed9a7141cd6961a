"""The text that can be stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.definitions.argument_checks import require_storable, storable
from rivers.storage import Storage


@pytest.mark.parametrize("text", ["", "nightly", "é\u0301 😀 日本", "a/b 'q' \"w\" `x`\n\t\x01\x7f", "\ufffe\uffff"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    require_storable("name", text)
    assert storable(text) == text


@pytest.mark.parametrize(
    ("text", "escaped", "reason"),
    [
        ("a\x00b", "a\\x00b", "name holds a NUL character, which cannot be stored; .*: 'a\\\\x00b'"),
        ("f\udcff", "f\\udcff", "name holds half of a surrogate pair"),
        ("\ud83d\ude00", "\\ud83d\\ude00", "name holds half of a surrogate pair"),
        ("\x00" * 1000, "\\x00" * 1000, "name holds a NUL character.*[.]{3}'"),
    ],
)
def test_a_nul_or_half_a_pair_is_refused_as_a_name_and_escaped_as_a_message(
    text: str, escaped: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        require_storable("name", text)
    assert storable(text) == escaped


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_storable_can_be_stored_as_a_key_and_as_a_value(text: str) -> None:
    with Storage.memory() as storage:
        state = storage.set_trigger_choice("sensor", storable(text), None, 1)
        storage._engine.query("UPDATE trigger SET c = $text", text=storable(text))
        assert storage.trigger_state("sensor", state.name).cursor == state.name == storable(text)
