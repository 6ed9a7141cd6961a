"""How partitions are named in stores. The keys here have the shape of those in section 1 of the partitions file."""

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


def test_a_batch_is_stored_under_each_of_its_keys_and_loaded_from_the_first() -> None:
    batch = Partition([Single(["a"]), Single(["b"])])
    assert all_partition_segments(batch) == [["a"], ["b"]]
    assert partition_segments(batch) == ["a"]


def test_what_is_not_partitioned_has_one_place_without_segments() -> None:
    assert partition_segments(None) == []
    assert all_partition_segments(None) == [[]]
