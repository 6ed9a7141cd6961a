"""The words and records that every part shares."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest

from rivers.records import (
    IN_FLIGHT_STATUSES,
    PREDECESSORS,
    RUN_STATUSES,
    TERMINAL_STATUSES,
    EvalMode,
    InputContext,
    LaunchedBy,
    RunRecord,
    ScheduleStatus,
    SensorStatus,
    StoredTick,
    UserRef,
    priority_of,
)


@pytest.mark.parametrize(
    ("tags", "priority"),
    [
        ({}, 0),
        ({"rivers/priority": "5"}, 5),
        ([("rivers/priority", "-10"), ("team", "core")], -10),
        ((("rivers/priority", "high"),), 0),
        ({"rivers/priority": ""}, 0),
        ({"rivers/priority": "1.5"}, 0),
        ([("rivers/priority", "1"), ("rivers/priority", "2")], 2),
    ],
)
def test_the_priority_is_a_whole_number_in_a_tag(tags: dict[str, str], priority: int) -> None:
    assert priority_of(tags) == priority


@pytest.mark.parametrize(
    ("member", "number", "text"),
    [
        (EvalMode.Subprocess, 2, "EvalMode.Subprocess"),
        (ScheduleStatus.Running, 0, "ScheduleStatus.Running"),
        (SensorStatus.Stopped, 1, "SensorStatus.Stopped"),
    ],
)
def test_enum_members_are_numbers_and_say_their_full_name(member: int, number: int, text: str) -> None:
    assert member == number
    assert (int(member), repr(member), str(member)) == (number, text, text)


@pytest.mark.parametrize(
    ("launched_by", "text"),
    [
        (LaunchedBy.manual(), "LaunchedBy.manual()"),
        (LaunchedBy.schedule("nightly"), 'LaunchedBy.schedule("nightly")'),
        (LaunchedBy.sensor('a"b\\c'), 'LaunchedBy.sensor("a\\"b\\\\c")'),
        (LaunchedBy.backfill("b1"), 'LaunchedBy.backfill("b1")'),
        (LaunchedBy.condition(), "LaunchedBy.condition()"),
    ],
)
def test_launchers_are_values_that_print_as_they_are_made(launched_by: LaunchedBy, text: str) -> None:
    assert repr(launched_by) == text
    assert pickle.loads(pickle.dumps(launched_by)) == launched_by


def test_a_user_is_shown_by_the_best_name_there_is() -> None:
    assert UserRef("id", "a@b.c", "Ada").display == "Ada"
    assert UserRef("id", "a@b.c").display == "a@b.c"
    assert UserRef("id").display == "id"


def test_a_run_ends_for_good_and_starts_only_from_where_it_may() -> None:
    assert sorted(TERMINAL_STATUSES | IN_FLIGHT_STATUSES | {"Queued"}) == sorted(RUN_STATUSES)
    for status, predecessors in PREDECESSORS.items():
        assert not predecessors & TERMINAL_STATUSES, f"{status} is entered from a terminal status"
        assert status not in predecessors
    assert PREDECESSORS["Started"] == {"NotStarted"}


def test_records_are_frozen_and_share_no_defaults() -> None:
    one, two = RunRecord("a", None, "Queued", 0), RunRecord("b", None, "Queued", 0)
    assert one.tags is not two.tags
    with pytest.raises(FrozenInstanceError):
        one.status = "Started"
    tick = StoredTick("id", "n", "Schedule", "Success", 1)
    assert (tick.run_ids, tick.missed_first, tick.missed_count) == ([], None, 0)


def test_an_input_context_says_who_loads_what() -> None:
    context = InputContext("up", "down")
    assert (context.asset_name, context.downstream_asset, context.partition) == ("up", "down", None)
