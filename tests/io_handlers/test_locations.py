"""The names of partitions in stores."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rivers.io_handlers.locations import all_partition_segments, partition_segments


@dataclass
class Single:
    key: list[str]


@dataclass
class Multi:
    keys: dict[str, list[str]]


@dataclass
class Partition:
    keys: list[Single | Multi]

    @property
    def key(self) -> Single | Multi:
        return self.keys[0]


@pytest.mark.rule("resources 3.2.3", "resources 3.3.2")
@pytest.mark.parametrize(
    ("key", "segments"),
    [
        (Single(["2026-01-01"]), ["2026-01-01"]),
        (Single(["a", "b"]), ["a|b"]),
        (Multi({"d": ["1"], "r": ["x"]}), ["d=1", "r=x"]),
        (Multi({"d": ["1"], "r": ["x", "y"]}), ["d=1", "r=x|y"]),
    ],
)
def test_a_key_is_its_text_or_one_segment_a_dimension(key: Single | Multi, segments: list[str]) -> None:
    assert partition_segments(Partition([key])) == segments
    assert all_partition_segments(Partition([key])) == [segments]


@pytest.mark.rule("resources 3.3.5")
def test_a_batch_is_stored_under_each_of_its_keys_and_loaded_from_the_first() -> None:
    batch = Partition([Single(["a"]), Single(["b"])])
    assert all_partition_segments(batch) == [["a"], ["b"]]
    assert partition_segments(batch) == ["a"]


def test_what_is_not_partitioned_has_one_place_without_segments() -> None:
    assert partition_segments(None) == []
    assert all_partition_segments(None) == [[]]


@pytest.mark.rule("partitions 5.4.7")
@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a/b", "a/b"),
        ("2026/01/31", "2026/01/31"),
        ("a%2Fb", "a%252Fb"),
        ("50%", "50%"),
        ("../x", "..%2Fx"),
        ("a/../x", "a%2F..%2Fx"),
        ("/a", "%2Fa"),
        ("a//b", "a%2F%2Fb"),
        ("a/data.pkl", "a%2Fdata.pkl"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("...", "..."),
        ("a.b", "a.b"),
        ("one\ntwo\x7f", "one%0Atwo%7F"),
        (".\n", ".%0A"),
    ],
)
def test_any_value_has_a_place_that_no_other_value_has(value: str, segment: str) -> None:
    assert partition_segments(Partition([Single([value])])) == [segment]


@pytest.mark.rule("partitions 5.4.7")
def test_a_value_that_looks_like_two_dimensions_is_not_taken_for_them() -> None:
    one, other = Multi({"a": ["x/b=y"], "b": ["z"]}), Multi({"a": ["x"], "b": ["y/b=z"]})
    assert partition_segments(Partition([one])) != partition_segments(Partition([other]))
