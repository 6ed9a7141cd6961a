"""Identities: the same content gives the same id, different content never does."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.ids import RandomIds, SeededIds, content_id, random_for, run_id_for_key, run_id_for_position, tick_id

parts = st.lists(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=3).map(tuple),
        max_leaves=5,
    ),
    max_size=4,
)


def typed(value: object) -> object:
    """Content as we compare it: by type, since Python says that 1 == True."""
    return tuple(map(typed, value)) if isinstance(value, tuple) else (type(value), value)


@given(parts)
def test_every_id_is_a_valid_uuid4(content: list[object]) -> None:
    text = content_id(*content)
    parsed = uuid.UUID(text)
    assert str(parsed) == text
    assert parsed.version == 4
    assert parsed.variant == uuid.RFC_4122


@given(parts, parts)
def test_ids_are_equal_exactly_when_the_content_is(one: list[object], other: list[object]) -> None:
    same = typed(tuple(one)) == typed(tuple(other))
    assert (content_id(*one) == content_id(*other)) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [((1,), ("1",)), ((1,), (True,)), (("ab", "c"), ("a", "bc")), ((("a",),), ("a",)), ((None,), ("",)), ((), (None,))],
)
def test_parts_do_not_run_together(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert content_id(*one) != content_id(*other)


@pytest.mark.parametrize("part", [1.5, object(), ["a"], {"a"}])
def test_what_has_no_exact_content_cannot_identify(part: object) -> None:
    with pytest.raises(TypeError, match="identity"):
        content_id(part)


def test_ids_are_the_same_for_every_hash_seed() -> None:
    code = "from rivers.ids import *; print(tick_id('schedule', 'nightly', 'cron', 5), random_for('a', 1).random())"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("0", "1")
    }
    assert seen == {f"{tick_id('schedule', 'nightly', 'cron', 5)} {random_for('a', 1).random()}\n"}


def test_a_run_key_is_scoped_to_its_trigger() -> None:
    assert run_id_for_key("schedule", "a", "k") == run_id_for_key("schedule", "a", "k")
    assert len({run_id_for_key(kind, name, "k") for kind in ("schedule", "sensor") for name in "ab"}) == 4


def test_runs_of_a_tick_differ_by_position() -> None:
    tick = tick_id("sensor", "s", "poll", 7)
    assert run_id_for_position(tick, 0) == run_id_for_position(tick, 0)
    assert run_id_for_position(tick, 0) != run_id_for_position(tick, 1)


def test_seeded_ids_repeat_and_never_collide() -> None:
    one, other, third = SeededIds(7), SeededIds(7), SeededIds(8)
    first = [one.new_id() for _ in range(100)]
    assert first == [other.new_id() for _ in range(100)]
    assert len(set(first)) == 100
    assert third.new_id() not in first


def test_a_source_of_ids_may_be_shared_by_threads() -> None:
    source, seen = SeededIds(1), [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda ids=ids: ids.extend(source.new_id() for _ in range(500))) for ids in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({identity for ids in seen for identity in ids}) == 2000


def test_random_ids_take_their_entropy_from_where_they_are_told() -> None:
    assert RandomIds(entropy=lambda count: b"\xff" * count).new_id() == "ffffffff-ffff-4fff-bfff-ffffffffffff"
    assert RandomIds().new_id() != RandomIds().new_id()


def test_draws_are_seeded_by_content() -> None:
    assert random_for("run", "step", 1).random() == random_for("run", "step", 1).random()
    assert random_for("run", "step", 1).random() != random_for("run", "step", 2).random()
