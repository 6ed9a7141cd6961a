"""Every day of a month has its partition, once: with late upstreams, a clock change and a kill, wherever it is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from scenarios.checks import SECOND, made_before_what_they_need, partitions_not_made_once, tellings_that_differ
from scenarios.elsewhere import told_elsewhere
from scenarios.partitioned_story import (
    AMSTERDAM,
    DAY,
    DELIVERED,
    KILLED,
    LATE,
    MONTH,
    Telling,
    arrival,
    day_before,
    tell,
)
from tests.soak import SOAK

EXPECTED = {"delivery": DELIVERED, "sales": MONTH, "report": MONTH}
HOUR = 3600 * SECOND
AGAIN = [("trio", "memory"), ("asyncio", "embedded"), ("trio", "embedded")]
ELSEWHERE = [("America/New_York", "asyncio"), ("Europe/Amsterdam", "trio")]


def needs(asset: str, key: str) -> Iterator[tuple[str, str]]:
    """What a report is made from."""
    if asset == "report":
        yield "sales", key
        yield "delivery", day_before(key)


def broken(telling: Telling) -> list[str]:
    """Where the month is not what it should be: a partition that is missing, doubled, too early or of other days."""
    wanted = [f"{day}: {23 if day == '2026-03-29' else 24} hours, delivery of {day_before(day)}" for day in MONTH]
    return [
        *partitions_not_made_once((made for made, _ in telling.made), EXPECTED),
        *partitions_not_made_once(telling.stored, EXPECTED),
        *made_before_what_they_need(dict(telling.made), needs),
        *(f"there is no report '{text}'" for text in wanted if text not in telling.reports),
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Telling:
    """The month as asyncio tells it, in memory."""
    return anyio.run(tell, "memory", tmp_path_factory.mktemp("month"), backend="asyncio")


def test_every_partition_of_the_month_is_made_once_and_after_what_it_is_made_from(told: Telling) -> None:
    assert broken(told) == []


def test_the_only_run_that_failed_is_the_one_that_was_killed(told: Telling) -> None:
    (failure,) = told.failures
    assert failure.startswith(f"{KILLED}: ")
    assert "did not finish" in failure


def test_sales_are_made_in_the_night_by_the_clock_of_the_shop(told: Telling) -> None:
    made_at = {key: at for (asset, key), at in told.made if asset == "sales" and key != KILLED}
    assert sorted(made_at, key=lambda key: made_at[key]) == [day for day in MONTH if day != KILLED]
    for day, at in made_at.items():
        shown = datetime.fromtimestamp(at / SECOND, UTC).astimezone(AMSTERDAM)
        # 02:30 is skipped on the 29th, so that the run begins at 03:00 there. It takes 20 minutes.
        assert f"{shown:%Y-%m-%d %H:%M}" == f"{_after(day)} {'03:20' if day == '2026-03-28' else '02:50'}"


def test_a_report_comes_within_a_poll_of_the_last_thing_that_it_needs(told: Telling) -> None:
    made_at = dict(told.made)
    for day in MONTH:
        waited = made_at["report", day] - max(made_at[each] for each in needs("report", day))
        assert 0 <= waited <= 2 * HOUR + 6 * 60 * SECOND, day


def test_what_is_late_is_waited_for_and_what_came_meanwhile_does_not_wait(told: Telling) -> None:
    made_at = dict(told.made)
    for day in LATE:
        (report,) = [each for each in MONTH if day_before(each) == day]
        assert made_at["sales", report] < int(arrival(day).timestamp()) * SECOND <= made_at["report", report]
        assert any(report in reason for reason in told.waits)
    # The delivery of the 15th came after that of the 16th, and so did the reports.
    assert made_at["report", "2026-03-17"] < made_at["report", "2026-03-16"]


@pytest.mark.parametrize(("backend", "place"), AGAIN if SOAK else AGAIN[-1:], ids=lambda each: each)
def test_it_is_the_same_month_on_every_backend_and_store(
    told: Telling, backend: str, place: str, tmp_path: Path
) -> None:
    again = anyio.run(tell, place, tmp_path, backend=backend)
    assert tellings_that_differ(told.digest, [again.digest]) == []
    assert broken(again) == []


@pytest.mark.parametrize(("zone", "backend"), ELSEWHERE if SOAK else ELSEWHERE[:1])
def test_a_host_whose_own_clock_changes_that_month_tells_it_the_same(told: Telling, zone: str, backend: str) -> None:
    assert told_elsewhere("partitioned_story", backend, "memory", TZ=zone, PYTHONHASHSEED="20260329") == told.digest


def _after(day: str) -> str:
    return f"{datetime.fromisoformat(day) + DAY:%Y-%m-%d}"
