"""When sensors are polled."""

from __future__ import annotations

import pytest

from rivers.scheduling.polls import interval_ns, next_poll_at, timeout_ns

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, 30 * SECOND),
        ("5s", 5 * SECOND),
        ("250ms", SECOND // 4),
        ("1h30m", 5400 * SECOND),
        ("5S", 30 * SECOND),
        ("", 30 * SECOND),
        ("often", 30 * SECOND),
        ("0", 1_000_000),
        ("0s", 1_000_000),
        ("10us", 1_000_000),
    ],
)
def test_an_interval_is_read_leniently_and_is_never_zero(text: str | None, expected: int) -> None:
    assert interval_ns(text) == expected


@pytest.mark.parametrize(("text", "expected"), [(None, None), ("2s", 2 * SECOND), ("soon", None), ("", None)])
def test_a_timeout_that_cannot_be_read_is_none(text: str | None, expected: int | None) -> None:
    assert timeout_ns(text) == expected


def test_the_next_poll_counts_from_the_end_of_the_last() -> None:
    assert next_poll_at(10.5, SECOND // 4) == 10.75
