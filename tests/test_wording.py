"""Phrases that messages share."""

from __future__ import annotations

import pytest

from rivers.wording import did_you_mean, double_quoted, near_names, quoted, utc_text


def test_the_nearest_name_is_offered() -> None:
    assert did_you_mean("nigthly", ["hourly", "nightly"]) == "; did you mean 'nightly'?"


def test_several_names_may_be_near() -> None:
    assert did_you_mean("revenu", ["revenue", "revenues"], "\n  ") == "\n  did you mean 'revenue' or 'revenues'?"


def test_nothing_is_said_when_nothing_is_near() -> None:
    assert did_you_mean("zz", ["nightly"]) == ""
    assert did_you_mean("zz", []) == ""


def test_near_names_are_the_most_alike_ones_first() -> None:
    assert near_names("abc", ["abcd", "xyz", "abc1", "ab", "abce"], limit=2) == ["abce", "abcd"]


@pytest.mark.parametrize(
    ("names", "limit", "text"),
    [
        ([], None, ""),
        (["a"], None, "'a'"),
        (["a", 2, "it's"], None, "'a', '2', 'it's'"),
        (["a", "b", "c"], 3, "'a', 'b', 'c'"),
        (["a", "b", "c", "d"], 2, "'a', 'b' and 2 more"),
    ],
)
def test_a_list_of_names_is_cut_at_its_limit_and_says_so(names: list[object], limit: int | None, text: str) -> None:
    assert quoted(names, limit) == text


def test_double_quotes_escape_what_would_end_them() -> None:
    assert double_quoted('a "b" \\ é') == '"a \\"b\\" \\\\ é"'


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_795_000_000_999_999_999, "2026-11-18T11:06:40Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799 * 1_000_000_000, "9999-12-31T23:59:59Z"),
    ],
)
def test_a_moment_is_cut_to_the_second_in_utc(ns: int, text: str) -> None:
    assert utc_text(ns) == text
