"""Windows in time: which there are, how they are written, and that nothing is enumerated to find out."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.exceptions import PartitionDefinitionError, PartitionValidationError
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.keys import PartitionKey
from rivers.partitions.ranges import PartitionKeyRange

START = datetime(2024, 1, 1)
NOW = datetime(2024, 1, 5, 12)
single = PartitionKey.single
window, daily = PartitionsDefinition.time_window, PartitionsDefinition.daily

DEFINITIONS = [
    daily(START),
    PartitionsDefinition.hourly(START),
    window(START, cron_schedule="0 0 * * MON-FRI", fmt="%Y%m%d"),
    window(START, cron_schedule="0 0 1 * *", fmt="%B %Y"),
    window(START, cron_schedule="0 0 L * *"),
    window(START, interval_seconds=86400 * 7, fmt="%G-W%V"),
    window(START, interval_seconds=5400),
    window(START, interval_seconds=0.5, fmt="%Y-%m-%dT%H:%M:%S%.3f"),
]


def texts(definition: PartitionsDefinition, now: datetime = NOW) -> list[str]:
    return list(map(str, definition.iter_keys(now)))


# Construction.


@pytest.mark.rule("partitions 3.1.4")
def test_daily_windows_have_a_cron_expression_and_a_format() -> None:
    definition = daily(START)
    assert (definition.cron_schedule, definition.interval_seconds, definition.fmt) == ("0 0 * * *", None, "%Y-%m-%d")
    assert (definition.start, definition.end) == (START, None)
    assert daily(START, fmt="%Y%m%d").fmt == "%Y%m%d"


@pytest.mark.rule("partitions 3.1.5")
def test_hourly_windows_have_a_cron_expression_and_a_format() -> None:
    definition = PartitionsDefinition.hourly(START, end=datetime(2024, 1, 1, 2))
    assert (definition.cron_schedule, definition.fmt) == ("0 * * * *", "%Y-%m-%dT%H:00")
    assert texts(definition) == ["2024-01-01T00:00", "2024-01-01T01:00"]


@pytest.mark.rule("partitions 3.1.6")
@pytest.mark.parametrize("kind", [{"cron_schedule": "0 0 * * *"}, {"interval_seconds": 60}])
def test_other_windows_have_one_format_unless_another_is_given(kind: dict[str, Any]) -> None:
    assert window(START, **kind).fmt == "%Y-%m-%dT%H:%M:%S"


@pytest.mark.rule("partitions 3.1.14")
def test_either_a_cron_expression_or_an_interval_is_given() -> None:
    with pytest.raises(PartitionDefinitionError, match="got neither"):
        window(START)
    with pytest.raises(PartitionDefinitionError, match="got both"):
        window(START, cron_schedule="@daily", interval_seconds=60)


@pytest.mark.rule("partitions 3.1.15")
@pytest.mark.parametrize("expression", ["", "nonsense", "61 * * * *", "* * * *", "0 0 30 2 *", "R * * * *"])
def test_a_bad_cron_expression_is_named(expression: str) -> None:
    with pytest.raises(PartitionDefinitionError, match=f"cron_schedule '{expression.replace('*', '[*]')}'"):
        window(START, cron_schedule=expression)


@pytest.mark.rule("partitions 3.1.15")
@pytest.mark.parametrize("seconds", [0, -1, -0.5, float("nan"), float("inf"), 1e-10, 0.9e-9])
def test_a_bad_interval_is_named(seconds: float) -> None:
    with pytest.raises(PartitionDefinitionError, match=f"got {seconds!r}"):
        window(START, interval_seconds=seconds)


def test_an_interval_is_a_number_that_a_float_can_hold() -> None:
    with pytest.raises(PartitionDefinitionError, match="interval_seconds"):
        window(START, interval_seconds=10**400)


@pytest.mark.rule("partitions 3.1.15")
def test_an_interval_may_be_as_short_as_a_nanosecond() -> None:
    definition = window(
        START, interval_seconds=1e-9, fmt="%Y-%m-%dT%H:%M:%S%.9f", end=START + timedelta(microseconds=1)
    )
    assert definition.count(NOW) == 1000
    assert str(definition.latest(NOW)) == "2024-01-01T00:00:00.000000999"


@pytest.mark.rule("partitions 3.1.15")
def test_a_cron_start_with_a_fraction_of_a_second_is_named() -> None:
    with pytest.raises(PartitionDefinitionError, match=r"start 2024-01-01 00:00:00\.500000"):
        window(datetime(2024, 1, 1, 0, 0, 0, 500_000), cron_schedule="@daily")


@pytest.mark.rule("partitions 3.1.13")
@pytest.mark.parametrize("moment", ["2024-01-01", date(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC), 3])
def test_start_and_end_are_naive_datetimes(moment: Any) -> None:
    with pytest.raises(TypeError, match="start must be a"):
        daily(moment)
    with pytest.raises(TypeError, match="end must be a"):
        daily(START, end=moment)


@pytest.mark.parametrize(
    "arguments", [{"cron_schedule": 3}, {"interval_seconds": "60"}, {"interval_seconds": True}, {"fmt": 3}]
)
def test_other_types_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(arguments))):
        window(START, **arguments)


@pytest.mark.rule("partitions 3.1.16")
def test_the_raw_constructor_checks_nothing_until_it_is_asked() -> None:
    raw = PartitionsDefinition.TimeWindow(cron_schedule="61 * * * *", interval_seconds=None, start=START, fmt="%Y")
    assert raw.cron_schedule == "61 * * * *"
    with pytest.raises(PartitionDefinitionError, match="61"):
        raw.check()
    with pytest.raises(PartitionDefinitionError, match="tell the windows apart"):
        PartitionsDefinition.TimeWindow("0 0 * * *", None, START, None, "%Y-%m").check()
    with pytest.raises(TypeError, match="start"):
        PartitionsDefinition.TimeWindow("0 0 * * *")


@pytest.mark.rule("partitions 3.1.2")
def test_definitions_are_equal_by_content_and_unhashable() -> None:
    assert daily(START) == window(START, cron_schedule="0 0 * * *", fmt="%Y-%m-%d")
    assert daily(START) != daily(START, end=NOW)
    assert window(START, interval_seconds=60) == window(START, interval_seconds=60.0)
    for definition in DEFINITIONS:
        definition.count(NOW)
        assert pickle.loads(pickle.dumps(definition)) == definition
    with pytest.raises(TypeError, match="unhashable"):
        hash(daily(START))
    assert repr(daily(START)).startswith("PartitionsDefinition.time_window(start=datetime")


# The check of a format on windows.


@pytest.mark.rule("partitions 3.2.9", "partitions 3.2.10")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"cron_schedule": "0 0 * * *", "fmt": "%Y-%m"}, ["2024-01-02 00:00:00", "'2024-01'", "2024-01-01 00:00:00"]),
        ({"cron_schedule": "0 * * * *", "fmt": "%Y-%m-%d"}, ["2024-01-01 01:00:00", "'2024-01-01'"]),
        ({"interval_seconds": 31 * 86400, "fmt": "%Y-%m"}, ["2024-03-03 00:00:00", "'2024-03'", "2024-03-01"]),
        ({"cron_schedule": "0 0 * * *", "fmt": ""}, ["must not be empty"]),
        ({"cron_schedule": "0 0 * * *", "fmt": "all"}, ["'all'", "1900-01-01 00:00:00"]),
        ({"interval_seconds": 10 * 366 * 86400, "fmt": "%m"}, ["'01'"]),
        ({"interval_seconds": 0.5}, ["2024-01-01 00:00:00.5", "'2024-01-01T00:00:00'"]),
        ({"interval_seconds": 5e-7, "fmt": "%Y-%m-%dT%H:%M:%S.%f"}, ["00:00:00.0000005"]),
        ({"cron_schedule": "0 0 29 2 *", "fmt": "%Y"}, ["2024-02-29", "'2024'"]),
        ({"cron_schedule": "0 0 * * *", "fmt": "%Y|%m|%d"}, ["'%Y|%m|%d'", "'|'", "'2024|01|01'"]),
        ({"cron_schedule": "0 0 * * *", "fmt": "%a, %F"}, ["','", "'Mon, 2024-01-01'"]),
    ],
)
def test_a_format_that_does_not_tell_windows_apart_is_refused(arguments: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(PartitionDefinitionError) as caught:
        window(START, **arguments)
    assert all(each in str(caught.value) for each in [*named, f"fmt '{arguments.get('fmt', '%Y-%m-%dT%H:%M:%S')}'"])


@pytest.mark.rule("partitions 3.2.9")
def test_the_second_window_is_tried_out_also_when_it_comes_decades_later() -> None:
    # A key without a year is read as one of 1900, which the first window is.
    with pytest.raises(PartitionDefinitionError, match="the window from 1909-12-30"):
        window(datetime(1900, 1, 1), interval_seconds=3650 * 86400, fmt="%m-%d")


@pytest.mark.rule("partitions 3.2.9")
@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        ({"cron_schedule": "0 0 1 * *", "fmt": "%Y-%m"}, "2024-01"),
        ({"cron_schedule": "0 0 1 1 *", "fmt": "%Y"}, "2024"),
        ({"cron_schedule": "0 0 1 * *", "fmt": "%B %Y"}, "January 2024"),
        ({"cron_schedule": "0 0 * * *", "fmt": "%Y%m%d"}, "20240101"),
        ({"cron_schedule": "0 0 * * *", "fmt": "%m/%d/%Y"}, "01/01/2024"),
        ({"interval_seconds": 0.5, "fmt": "%Y-%m-%dT%H:%M:%S%.3f"}, "2024-01-01T00:00:00.000"),
        ({"interval_seconds": 0.5, "fmt": "%Y-%m-%dT%H:%M:%S.%f"}, "2024-01-01T00:00:00.000000"),
    ],
)
def test_a_format_that_tells_windows_apart_is_taken(arguments: dict[str, Any], first: str) -> None:
    assert str(window(START, **arguments).first_value(NOW)) == first


@pytest.mark.rule("partitions 3.2.9")
def test_the_format_is_tried_on_four_years_only() -> None:
    # A year of two digits is accepted, although 2124 has the key of 2024.
    assert window(START, cron_schedule="0 0 1 * *", fmt="%y-%m").fmt == "%y-%m"
    with pytest.raises(PartitionDefinitionError, match="2024-01-01 00:00:00 has the key '01'"):
        window(START, cron_schedule="0 0 1 */6 *", fmt="%m")


def test_an_end_does_not_hide_a_format_that_tells_nothing_apart() -> None:
    with pytest.raises(PartitionDefinitionError, match="tell the windows apart"):
        PartitionsDefinition.hourly(START, end=START + timedelta(hours=1), fmt="%Y-%m-%d")


def test_a_grid_that_begins_after_the_last_year_has_no_format_to_try() -> None:
    definition = window(datetime(9999, 12, 31, 1), cron_schedule="0 0 1 1 *", fmt="%Y")
    assert (definition.first_value(NOW), definition.count(datetime.max)) == (None, 0)


# Grids.


@pytest.mark.rule("partitions 3.2.1")
def test_windows_start_with_the_first_tick_at_or_after_the_start() -> None:
    assert texts(daily(datetime(2024, 1, 1, 6)), datetime(2024, 1, 3)) == ["2024-01-02", "2024-01-03"]
    assert texts(daily(START), datetime(2024, 1, 2)) == ["2024-01-01", "2024-01-02"]


@pytest.mark.rule("partitions 3.2.2")
def test_intervals_are_counted_from_the_start() -> None:
    definition = window(datetime(2024, 1, 1, 0, 10), interval_seconds=5400)
    assert texts(definition, datetime(2024, 1, 1, 3, 9)) == ["2024-01-01T00:10:00", "2024-01-01T01:40:00"]


@pytest.mark.rule("partitions 3.2.2")
def test_an_interval_is_the_decimal_number_that_was_written() -> None:
    definition = window(START, interval_seconds=0.1, fmt="%Y-%m-%dT%H:%M:%S%.f")
    assert definition.count(START + timedelta(days=1)) == 864_001
    assert str(definition.latest(START + timedelta(days=1))) == "2024-01-02T00:00:00"


@pytest.mark.rule("partitions 3.2.1", "partitions 3.2.4")
def test_windows_between_an_unaligned_start_and_an_end_are_listed() -> None:
    definition = window(datetime(2024, 1, 15), cron_schedule="0 0 1 * *", fmt="%Y-%m", end=datetime(2024, 4, 1))
    assert list(map(str, definition.get_partition_keys())) == ["2024-02", "2024-03"]


@pytest.mark.rule("partitions 3.2.3")
def test_a_window_is_half_open_until_the_next_tick() -> None:
    assert daily(START).window_of("2024-01-31") == (datetime(2024, 1, 31), datetime(2024, 2, 1))
    monthly = window(START, cron_schedule="0 0 1 * *", fmt="%Y-%m")
    assert monthly.window_of("2024-02") == (datetime(2024, 2, 1), datetime(2024, 3, 1))
    assert daily(START).window_of("9999-12-31") == (datetime(9999, 12, 31), datetime.max)
    with pytest.raises(PartitionDefinitionError, match="'x' does not have the format '%Y-%m-%d'"):
        daily(START).window_of("x")


@pytest.mark.rule("partitions 3.2.4")
def test_an_end_is_exclusive_even_in_the_future() -> None:
    assert texts(daily(START, end=datetime(2024, 1, 4)), datetime(2024, 1, 2)) == [
        *("2024-01-01", "2024-01-02", "2024-01-03")
    ]
    assert texts(daily(START, end=datetime(2024, 1, 3, 1)), START)[-1] == "2024-01-03"


@pytest.mark.rule("partitions 3.2.5")
def test_without_an_end_the_window_that_has_not_ended_is_included() -> None:
    assert texts(daily(START), datetime(2024, 1, 2, 23, 59)) == ["2024-01-01", "2024-01-02"]
    assert texts(daily(START), datetime(2024, 1, 2)) == ["2024-01-01", "2024-01-02"]
    assert texts(daily(START), datetime(2024, 1, 1, 23, 59, 59, 999_999)) == ["2024-01-01"]


@pytest.mark.rule("partitions 3.2.5")
def test_a_start_in_the_future_has_no_keys() -> None:
    assert texts(daily(datetime(2030, 1, 1))) == []
    assert daily(datetime(9000, 1, 1)).get_partition_keys() == []


@pytest.mark.rule("partitions 3.2.4")
@pytest.mark.parametrize("end", [START, START - timedelta(days=3)])
def test_an_end_that_is_not_after_the_start_gives_no_keys(end: datetime) -> None:
    definition = daily(START, end=end)
    assert (texts(definition), definition.count(NOW), definition.first_value(NOW), definition.latest(NOW)) == (
        *([], 0, None, None),
    )
    assert definition.nearest(single("2024-01-01"), NOW) == []


@pytest.mark.rule("partitions 3.2.7")
def test_days_on_which_clocks_change_are_days_like_others() -> None:
    spring = PartitionsDefinition.hourly(datetime(2026, 3, 29), end=datetime(2026, 3, 30))
    assert spring.count(NOW) == 24


@pytest.mark.rule("partitions 3.2.8")
@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("30 6 * * *", ["2024-01-01T06:30:00", "2024-01-02T06:30:00"]),
        ("15 30 6 * * *", ["2024-01-01T06:30:15", "2024-01-02T06:30:15"]),
        (
            "0 0 * * MON-WED",
            ["2024-01-01T00:00:00", "2024-01-02T00:00:00", "2024-01-03T00:00:00", "2024-01-08T00:00:00"],
        ),
        ("0 */12 * * *", ["2024-01-01T00:00:00", "2024-01-01T12:00:00"]),
        ("0 6,18 * * *", ["2024-01-01T06:00:00", "2024-01-01T18:00:00"]),
        ("0 0 L * *", ["2024-01-31T00:00:00", "2024-02-29T00:00:00"]),
        ("@daily", ["2024-01-01T00:00:00", "2024-01-02T00:00:00"]),
        ("@weekly", ["2024-01-07T00:00:00", "2024-01-14T00:00:00"]),
        ("0 0 * * 0", ["2024-01-07T00:00:00", "2024-01-14T00:00:00"]),
        ("0 0 0 1 2 * 2024", ["2024-02-01T00:00:00"]),
        ("0 0 13 * FRI", ["2024-01-05T00:00:00", "2024-01-12T00:00:00", "2024-01-13T00:00:00", "2024-01-19T00:00:00"]),
    ],
)
def test_every_kind_of_cron_expression_makes_windows(expression: str, first: list[str]) -> None:
    assert texts(window(START, cron_schedule=expression), datetime(2024, 4, 1))[: len(first)] == first


# Answers.


@pytest.mark.rule("partitions 3.3.4")
def test_a_member_is_written_exactly_on_the_grid_and_in_range() -> None:
    definition = daily(datetime(2024, 1, 2))
    assert definition.contains(single(["2024-01-02", "2024-01-05"]), NOW)
    for value in ("2024-01-01", "2024-01-06", "2024-1-2", "2024-01-02T00:00:00", "2024-02-30", "", "x"):
        assert not definition.contains(single(value), NOW), value
    assert not window(START, cron_schedule="0 0 * * *").contains(single("2024-01-02T01:00:00"), NOW)
    assert not definition.contains(PartitionKey.multi({"d": "2024-01-02"}), NOW)


@pytest.mark.rule("partitions 3.2.6")
def test_the_hosts_wall_clock_is_taken_when_no_moment_is_given() -> None:
    yesterday, tomorrow = datetime.now() - timedelta(days=1), datetime.now() + timedelta(days=2)
    definition = daily(datetime(2020, 1, 1))
    assert definition.validate_partition_key(single(yesterday.strftime("%Y-%m-%d")))
    assert not definition.validate_partition_key(single(tomorrow.strftime("%Y-%m-%d")))
    assert definition.validate_partition_key(single("2020-01-02"), now=lambda: datetime(2020, 1, 2))
    assert not definition.validate_partition_key(single("2020-01-02"), now=lambda: datetime(2020, 1, 1))


def test_one_new_key_when_now_passes_a_boundary() -> None:
    definition = daily(START)
    before = texts(definition, datetime(2024, 1, 3, 23, 59, 59, 999_999))
    assert texts(definition, datetime(2024, 1, 4)) == [*before, "2024-01-04"]


@given(definition=st.sampled_from(DEFINITIONS[:-1]), hours=st.integers(0, 2000))
def test_keys_appear_one_by_one_as_now_passes_starts(definition: PartitionsDefinition.TimeWindow, hours: int) -> None:
    now = START + timedelta(hours=hours)
    following = definition.window_of(str(definition.latest(now)))[1] if definition.latest(now) else None
    if following is None:
        return
    assert definition.count(following - timedelta(microseconds=1)) == definition.count(now)
    assert definition.count(following) == definition.count(now) + 1
    assert definition.start_of(str(definition.latest(following))) is not None


@pytest.mark.rule("partitions 3.3.1")
@given(definition=st.sampled_from(DEFINITIONS), minutes=st.integers(0, 500))
def test_answers_agree_with_the_list_of_keys(definition: PartitionsDefinition.TimeWindow, minutes: int) -> None:
    now = START + timedelta(minutes=minutes)
    keys = list(definition.iter_keys(now))
    assert definition.count(now) == len(keys)
    assert definition.first_value(now) == (str(keys[0]) if keys else None)
    assert definition.latest(now) == (keys[-1] if keys else None)
    assert all(definition.contains(key, now) for key in keys[:50])
    assert all(definition.parse_key(str(key)) == key for key in keys[:50])


@pytest.mark.rule("partitions 2.5")
@given(definition=st.sampled_from(DEFINITIONS), first=st.integers(0, 30), length=st.integers(0, 20))
def test_a_range_holds_its_ends_and_what_lies_between(
    definition: PartitionsDefinition.TimeWindow, first: int, length: int
) -> None:
    now = datetime(2029, 1, 1)
    origin = definition.grid.at_or_after(definition.bounds(now)[0]) or 0
    expected = [definition.format.render(definition.grid.step(origin, first + k) or 0) for k in range(length + 1)]
    found = definition.resolve(PartitionKeyRange.single(expected[0], expected[-1]), now)
    assert list(map(str, found)) == expected
    assert all(definition.contains(key, now) for key in found)


@pytest.mark.rule("partitions 2.6")
def test_an_unknown_end_of_a_range_is_named_with_its_neighbours() -> None:
    with pytest.raises(PartitionValidationError) as caught:
        daily(START).resolve(PartitionKeyRange.single("2024-01-02", "2024-01-09"), NOW)
    assert str(caught.value) == (
        "to_key '2024-01-09' is not a partition key of the time windows (daily from 2024-01-01 00:00:00, fmt "
        "'%Y-%m-%d'); nearest valid keys: '2024-01-05', '2024-01-04', '2024-01-03'"
    )


@pytest.mark.rule("partitions 2.7")
def test_an_inverted_range_names_both_ends() -> None:
    monthly = window(START, cron_schedule="0 0 1 * *", fmt="%B %Y")
    assert len(monthly.resolve(PartitionKeyRange.single("April 2024", "August 2024"), datetime(2025, 1, 1))) == 5
    with pytest.raises(PartitionValidationError, match="from_key 'May 2024' is after to_key 'April 2024'"):
        monthly.resolve(PartitionKeyRange.single("May 2024", "April 2024"), datetime(2025, 1, 1))


@pytest.mark.rule("partitions 3.3.9")
@pytest.mark.parametrize(
    ("value", "near"),
    [
        ("2024-01-04T01:00", ["2024-01-04", "2024-01-05", "2024-01-03"]),
        ("2023-12-32", ["2024-01-01", "2024-01-02", "2024-01-03"]),
        ("the fourth", ["2024-01-01", "2024-01-05"]),
        ("2024-1-4", ["2024-01-04", "2024-01-03", "2024-01-05"]),
        ("2031-01-01", ["2024-01-05", "2024-01-04", "2024-01-03"]),
        ("1999-01-01", ["2024-01-01", "2024-01-02", "2024-01-03"]),
    ],
)
def test_the_nearest_keys_are_neighbours_in_time(value: str, near: list[str]) -> None:
    assert list(map(str, daily(START).nearest(single(value), NOW))) == near


def test_a_window_off_the_grid_is_near_those_on_both_sides() -> None:
    weekly = window(START, cron_schedule="0 0 * * MON", fmt="%Y-%m-%d")
    near = weekly.nearest(single("2024-01-17"), datetime(2024, 3, 1))
    assert list(map(str, near)) == ["2024-01-15", "2024-01-22", "2024-01-08"]


@pytest.mark.rule("partitions 3.3.8")
def test_a_grid_of_billions_of_windows_answers_without_enumerating_them() -> None:
    # Enumerating them once would take hours.
    definition = window(datetime(1, 1, 1), cron_schedule="* * * * * *")
    assert definition.count(NOW) == (NOW - datetime(1, 1, 1)) // timedelta(seconds=1) + 1
    assert str(definition.latest(NOW)) == "2024-01-05T12:00:00"
    assert definition.contains(single("2001-02-03T04:05:06"), NOW)
    assert not definition.contains(single("2024-01-05T12:00:01"), NOW)
    noon = definition.start_of("2024-01-05T12:00:00") or 0
    assert definition.format.render(definition.grid.step(noon, -(10**10)) or 0) == "1707-02-15T18:13:20"
    ends = PartitionKeyRange.single("2001-02-03T04:05:06", "2001-02-03T04:05:08")
    assert len(definition.resolve(ends, NOW)) == 3
    assert str(definition.nearest(single("2025-01-01T00:00:00"), NOW)[0]) == "2024-01-05T12:00:00"
