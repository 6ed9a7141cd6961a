"""The downstream partitions that upstream keys reach: the exact inverse of what those partitions load."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition
from rivers.partitions.keys import PartitionKey
from rivers.partitions.mapping_checks import check_mapping
from rivers.partitions.mapping_effects import downstream_keys
from rivers.partitions.mapping_keys import Mapped, Nothing, TheseKeys, Whole, upstream_keys
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.ranges import PartitionKeyRange

static_ = PartitionsDefinition.static_
multi = PartitionsDefinition.multi
single = PartitionKey.single
M = PartitionMapping
JAN = datetime(2024, 1, 1)
NOW = datetime(2024, 1, 12, 7)
REGISTERED: DynamicKeys = {"n": ["a", "q"]}
ABC = static_(["c", "a", "b"])
DAYS = PartitionsDefinition.daily(JAN)
EARLY_DAYS = PartitionsDefinition.daily(datetime(2023, 12, 25), end=datetime(2024, 1, 9))
MONDAYS = PartitionsDefinition.time_window(JAN, cron_schedule="0 0 * * MON", fmt="%Y-%m-%d")
PAIRS = PartitionsDefinition.time_window(JAN, interval_seconds=2 * 86_400, fmt="%Y-%m-%d")
NAMES = PartitionsDefinition.dynamic("n")
GRID = multi({"d": DAYS, "r": static_(["y", "x"])})
SPAN = multi({"week": MONDAYS, "letter": ABC})


def reached(
    mapping: PartitionMapping | None,
    keys: Sequence[str | PartitionKey] | None,
    downstream: PartitionsDefinition | None,
    upstream: PartitionsDefinition | None,
) -> Mapped:
    given = None if keys is None else [single(key) if isinstance(key, str) else key for key in keys]
    return downstream_keys(mapping, given, downstream, upstream, NOW, REGISTERED)


def texts(result: Mapped) -> list[str]:
    return [str(key) for key in result.keys] if isinstance(result, TheseKeys) else []


FITTING: list[tuple[PartitionMapping | None, PartitionsDefinition, PartitionsDefinition]] = [
    (None, ABC, static_(["a", "b", "c", "d"])),
    (M.identity(), DAYS, EARLY_DAYS),
    (M.identity(), NAMES, NAMES),
    (M.identity(), GRID, multi({"r": static_(["x", "y", "z"]), "d": EARLY_DAYS})),
    (M.subset(), ABC, static_(["b"])),
    (M.subset(), DAYS, EARLY_DAYS),
    (M.static_({"a": "2024-01-03", "b": "2024-01-03"}), ABC, DAYS),
    (M.time_window(-1), DAYS, DAYS),
    (M.time_window(3), DAYS, EARLY_DAYS),
    (M.time_window(-1), DAYS, MONDAYS),
    (M.time_window(0), EARLY_DAYS, MONDAYS),
    (M.time_window(1), MONDAYS, DAYS),
    (M.time_window(-2), PAIRS, DAYS),
    (M.time_window(1), EARLY_DAYS, PAIRS),
    (M.multi({"week": ("d", M.time_window(0)), "letter": ("r", M.static_({"x": "a", "y": "a"}))}), GRID, SPAN),
    (M.multi({"d": M.time_window(-1), "r": M.all_partitions()}), GRID, GRID),
    (M.multi({"one": ("d", M.identity()), "two": ("d", M.time_window(-1))}), GRID, multi({"one": DAYS, "two": DAYS})),
    (M.multi_to_single("d"), DAYS, GRID),
    (M.multi_to_single("d", M.time_window(-2)), GRID, DAYS),
    (M.multi_to_single("letter", M.all_partitions()), SPAN, ABC),
    (M.multi_to_single("r", M.static_({"a": "x", "b": "x"})), ABC, GRID),
]


@pytest.mark.parametrize(("mapping", "downstream", "upstream"), FITTING)
def test_a_key_is_reached_exactly_by_the_keys_it_loads(
    mapping: PartitionMapping | None, downstream: PartitionsDefinition, upstream: PartitionsDefinition
) -> None:
    check_mapping("down", downstream, "up", upstream, mapping)
    loads: dict[PartitionKey, tuple[PartitionKey, ...]] = {}
    for key in downstream.iter_keys(NOW, REGISTERED):
        try:
            result = upstream_keys(mapping, [key], downstream, upstream, NOW, REGISTERED)
        except PartitionValidationError:
            continue
        loads[key] = result.keys if isinstance(result, TheseKeys) else ()

    assert any(loads.values())
    for up in upstream.iter_keys(NOW, REGISTERED):
        found = reached(mapping, [up], downstream, upstream)
        expected = [str(key) for key, keys in loads.items() if up in keys]
        assert sorted(texts(found)) == sorted(expected)


@given(st.data())
def test_going_forward_and_then_backward_covers_the_keys_one_began_with(data: st.DataObject) -> None:
    mapping, downstream, upstream = data.draw(st.sampled_from(FITTING))
    every = list(downstream.iter_keys(NOW, REGISTERED))
    keys = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True))
    try:
        forward = upstream_keys(mapping, keys, downstream, upstream, NOW, REGISTERED)
    except PartitionValidationError:
        return
    if isinstance(forward, TheseKeys):
        back = reached(mapping, forward.keys, downstream, upstream)
        assert isinstance(back, TheseKeys)
        assert all(key in back.keys for key in keys)
        assert all(downstream.contains(key, NOW, REGISTERED) for key in back.keys)


def test_every_key_is_told_once_and_keys_of_several_values_stand_for_each() -> None:
    assert texts(reached(M.time_window(0), [single(["2024-01-01", "2024-01-08"])], PAIRS, MONDAYS)) == [
        *("2024-01-01", "2024-01-03", "2024-01-05", "2024-01-07", "2024-01-09", "2024-01-11")
    ]
    assert texts(reached(M.all_partitions(), ["2024-01-01", "2024-01-02"], ABC, DAYS)) == ["c", "a", "b"]
    shared = M.static_({"a": "x", "b": "x"})
    assert texts(reached(shared, ["x", "x"], ABC, static_(["x"]))) == ["a", "b"]


def test_keys_that_the_upstream_has_not_reach_nothing() -> None:
    assert reached(None, ["zzz"], ABC, ABC) == Nothing()
    assert reached(M.subset(), ["a"], ABC, static_(["b"])) == Nothing()
    assert reached(M.time_window(-1), ["2024-01-03T00"], DAYS, DAYS) == Nothing()


def test_no_keys_reach_nothing() -> None:
    assert reached(M.all_partitions(), [], ABC, DAYS) == Nothing()
    assert reached(None, [], None, None) == Nothing()


def test_an_upstream_without_partitions_reaches_all_keys_or_those_selected() -> None:
    assert texts(reached(None, None, ABC, None)) == ["c", "a", "b"]
    assert texts(reached(M.all_partitions(), None, ABC, None)) == ["c", "a", "b"]
    mapping = M.for_keys([single("b"), PartitionKeyRange.single("c", "a")])
    assert texts(reached(mapping, None, ABC, None)) == ["b", "c", "a"]


def test_the_upstream_as_a_whole_reaches_every_key() -> None:
    assert texts(reached(None, None, ABC, ABC)) == ["c", "a", "b"]


def test_a_downstream_without_partitions_is_reached_as_a_whole() -> None:
    assert reached(None, None, None, None) == Whole()
    assert reached(M.all_partitions(), ["a"], None, ABC) == Whole()
    specific = M.specific_partitions([single(["a", "b"])])
    assert reached(specific, ["b"], None, ABC) == Whole()
    assert reached(specific, ["c"], None, ABC) == Nothing()
    assert reached(specific, None, None, ABC) == Whole()
