"""The grammar of duration strings, and the units of every other way to say a length of time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.durations import format_duration, parse_duration, to_ns

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("250ms", SECOND // 4),
        ("1.5s", 3 * SECOND // 2),
        ("30s", 30 * SECOND),
        ("5min", 300 * SECOND),
        ("1h30m", 5400 * SECOND),
        ("1w", 7 * 86400 * SECOND),
        ("0", 0),
        (" 0 ", 0),
        ("0s", 0),
        ("5 s", 5 * SECOND),
        (" 1h 30m ", 5400 * SECOND),
        ("1 hour 2 minutes 3 seconds", 3723 * SECOND),
        ("1hr", 3600 * SECOND),
        ("2hours", 7200 * SECOND),
        ("1sec", SECOND),
        ("1second", SECOND),
        ("1minute", 60 * SECOND),
        ("1day", 86400 * SECOND),
        ("2days", 2 * 86400 * SECOND),
        ("2weeks", 14 * 86400 * SECOND),
        ("1M", 2_630_016 * SECOND),
        ("2months", 2 * 2_630_016 * SECOND),
        ("1y", 31_557_600 * SECOND),
        ("1year", 31_557_600 * SECOND),
        ("7ns", 7),
        ("7us", 7_000),
        ("1.0005us", 1_000),
        ("1.5us", 1_500),
        ("0.1s", SECOND // 10),
        ("1s1s", 2 * SECOND),
    ],
)
def test_a_duration_string_is_a_sum_of_numbers_with_units(text: str, nanos: int) -> None:
    assert parse_duration(text, "interval") == nanos


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "5",
        "1.5",
        "5S",
        "zz",
        "1h30",
        "-1s",
        "+1s",
        "1e3s",
        ".5s",
        "5.s",
        "s",
        "1h,2m",
        "1 0s",
        "1H",
        "1secs",
        "٣s",
        "300y",
    ],
)
def test_any_other_text_is_an_error_that_names_parameter_text_and_examples(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration(text, "condition_eval_interval")
    message = str(caught.value)
    assert message.startswith(f"invalid duration for 'condition_eval_interval': \"{text}\" — ")
    assert message.endswith('Examples: "30s", "5m", "1h30m", "250ms"')


@pytest.mark.parametrize("value", [30, 1.5, None, b"30s", timedelta(seconds=1)])
def test_what_is_not_a_string_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="start_timeout"):
        parse_duration(value, "start_timeout")


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_what_is_written_reads_back_exactly(nanos: int) -> None:
    assert parse_duration(format_duration(nanos), "x") == nanos


@given(st.integers(min_value=0, max_value=10**5), st.sampled_from(["ns", "us", "ms", "s", "m", "h", "d"]))
def test_whole_numbers_are_multiples_of_their_unit(count: int, unit: str) -> None:
    assert parse_duration(f"{count}{unit}", "x") == count * parse_duration(f"1{unit}", "x")


@given(st.text(max_size=12))
def test_no_text_does_anything_but_parse_or_raise_value_error(text: str) -> None:
    try:
        nanos = parse_duration(text, "x")
    except ValueError as error:
        message = str(error)
    else:
        assert nanos >= 0
        return
    assert f'"{text}"' in message


@pytest.mark.parametrize(
    ("nanos", "text"), [(0, "0s"), (5400 * SECOND, "1h30m"), (SECOND // 4, "250ms"), (8 * 86400 * SECOND + 1, "8d1ns")]
)
def test_durations_are_written_in_the_largest_units_that_fit(nanos: int, text: str) -> None:
    assert format_duration(nanos) == text


def test_a_negative_duration_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="not negative"):
        format_duration(-1)


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        ("1h", 3600 * SECOND),
        (2, 2 * SECOND),
        (0.1, SECOND // 10),
        (0.1 + 0.2, 3 * SECOND // 10),
        (1e-7, 0),
        (timedelta(minutes=1, microseconds=5), 60 * SECOND + 5_000),
    ],
)
def test_seconds_and_timedeltas_are_durations_too(value: str | float | timedelta, nanos: int) -> None:
    assert to_ns(value, "duration") == nanos


@pytest.mark.parametrize("value", [-1, -0.5, timedelta(seconds=-1), float("nan"), float("inf"), "x"])
def test_lengths_that_make_no_sense_are_value_errors(value: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        to_ns(value, "duration")


@pytest.mark.parametrize("value", [None, True, [1], b"1s"])
def test_other_types_are_no_lengths(value: object) -> None:
    with pytest.raises(TypeError, match="duration"):
        to_ns(value, "duration")
