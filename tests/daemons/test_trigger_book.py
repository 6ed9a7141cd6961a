"""The book builds on the rows as they were last seen, and storage has the last word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rivers.channels.messages import RunsQueued
from rivers.daemons.settings import TriggerSettings
from rivers.daemons.trigger_book import TriggerBook, is_running
from rivers.definitions.triggers.requests import RunRequest
from rivers.execution.triggers.evaluated import Evaluated
from rivers.records import StoredTick, TickDecision, TriggerState
from rivers.storage import AsyncStore
from rivers.storage.changes import Change, TickCommitted

pytestmark = pytest.mark.anyio

T0_NS = 1_767_225_600_000_000_000


def book_of(play: Any, queued: Any = None, retain: int | None = None) -> TriggerBook:
    """The schedules of a stage; the runs that they create are told on ``queued``."""
    settings = TriggerSettings(targets={}, read_keys=lambda texts, at: None, queued=False, retain=retain)
    return TriggerBook("schedule", play.store, (queued or play.channel()).send, settings)


def another_book(play: Any) -> TriggerBook:
    """Those of another graph on the same store."""
    settings = TriggerSettings(targets={}, read_keys=lambda texts, at: None, queued=False, retain=None)
    store = AsyncStore(play.engine.bound(play.clock, play.ids), play.clock)
    return TriggerBook("schedule", store, play.channel().send, settings)


def decided(book: TriggerBook, name: str, *run_ids: str, stage: Any = None, **facts: Any) -> TickDecision:
    """A successful tick of a schedule on the state that the book has."""
    state = book[name]
    seq = state.last_seq + 1
    tick = StoredTick(
        id=facts.pop("tick_id", f"{name}-{seq}"),
        automation_name=name,
        automation_type="Schedule",
        status="Success",
        timestamp=T0_NS,
        run_ids=list(run_ids),
        seq=seq,
        cursor=facts.pop("cursor", None),
    )
    runs = tuple(stage.run(run_id) for run_id in run_ids)
    return TickDecision(kind="schedule", name=name, expected_seq=seq - 1, tick=tick, runs=runs, **facts)


async def test_a_running_trigger_gets_a_checkpoint_and_a_stopped_one_has_none(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = book_of(play)
        await book.open({"on": True, "off": False}, T0_NS)
        assert (book["on"].checkpoint, book["off"].checkpoint) == (T0_NS, None)
        assert {state.name: state.checkpoint for state in play.storage.trigger_states("schedule").values()} == {
            "on": T0_NS,
            "off": None,
        }

        again = book_of(play)
        await again.open({"on": False, "off": True}, T0_NS + 5)
        assert (again["on"].checkpoint, again["off"].checkpoint) == (None, T0_NS + 5)


async def test_opening_keeps_a_checkpoint_that_is_there(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = book_of(play)
        await book.open({"on": True}, T0_NS)
        await book.open({"on": True}, T0_NS + 99)
        assert book["on"].checkpoint == T0_NS


async def test_a_commit_is_told_of_after_it_stands(stage: Callable[..., Any], heard: Callable[..., Any]) -> None:
    async with stage() as play:
        queued = play.channel()
        book = book_of(play, queued)
        await book.open({"nightly": True}, T0_NS)
        told_before: list[Any] = []
        play.storage.subscribe(lambda changes: told_before.extend(heard(queued)))

        await book.commit([decided(book, "nightly", "r1", "r2", stage=play, checkpoint=T0_NS + 7, cursor="c")])

        assert told_before == []
        assert heard(queued) == [RunsQueued(run_ids=("r1", "r2"))]
        state = play.storage.trigger_state("schedule", "nightly")
        assert (state.last_seq, state.checkpoint, state.cursor, state.last_tick_at) == (1, T0_NS + 7, "c", T0_NS)
        assert book["nightly"] == state
        assert play.status("r1") == play.status("r2") == "NotStarted"


async def test_a_tick_without_runs_says_nothing(stage: Callable[..., Any], heard: Callable[..., Any]) -> None:
    async with stage() as play:
        queued = play.channel()
        book = book_of(play, queued)
        await book.open({"nightly": True}, T0_NS)
        await book.commit([decided(book, "nightly", stage=play)])
        await book.commit([])
        assert heard(queued) == []


async def test_decisions_are_committed_in_groups_of_at_most_fifty(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with stage() as play:
        names = [f"s{number:03}" for number in range(120)]
        queued = play.channel()
        book = book_of(play, queued)
        await book.open(dict.fromkeys(names, True), T0_NS)
        sizes: list[int] = []

        def watch(changes: Sequence[Change]) -> None:
            sizes.append(sum(isinstance(change, TickCommitted) for change in changes))

        play.storage.subscribe(watch)
        await book.commit([decided(book, name, f"run-{name}", stage=play) for name in names])

        assert sizes == [50, 50, 20]
        assert [len(message.run_ids) for message in heard(queued)] == [50, 50, 20]


async def test_a_decision_on_an_outdated_row_is_dropped_and_the_row_is_read_again(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    async with stage() as play:
        queued = play.channel()
        book = book_of(play, queued)
        other = another_book(play)
        for each in (book, other):
            await each.open({"nightly": True, "hourly": True}, T0_NS)
        await other.commit([decided(other, "nightly", "theirs", stage=play, cursor="new", tick_id="theirs")])

        await book.commit(
            [decided(book, name, f"our {name}", stage=play, cursor="old") for name in ("nightly", "hourly")]
        )

        assert heard(queued) == [RunsQueued(run_ids=("our hourly",))]
        assert play.status("our nightly") is None
        assert book["nightly"] == play.storage.trigger_state("schedule", "nightly")
        assert (book["nightly"].cursor, book["nightly"].last_seq) == ("new", 1)

        await book.commit([decided(book, "nightly", "our second", stage=play)])
        assert play.status("our second") == "NotStarted"


async def test_a_decision_that_another_graph_made_under_the_same_identity_is_not_taken_for_its_own(
    stage: Callable[..., Any], heard: Callable[..., Any]
) -> None:
    """Two polls of one sensor with the same number have the same identity, and may have seen different things."""
    async with stage() as play:
        queued = play.channel()
        book = book_of(play, queued)
        other = another_book(play)
        for each in (book, other):
            await each.open({"nightly": True}, T0_NS)
        await other.commit([decided(other, "nightly", stage=play, cursor="new")])

        await book.commit([decided(book, "nightly", "ours", stage=play, cursor="old")])

        assert heard(queued) == []
        assert play.status("ours") is None
        assert book["nightly"].cursor == "new"


async def test_only_the_newest_ticks_are_kept(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = book_of(play, retain=3)
        await book.open({"nightly": True}, T0_NS)
        kept: list[int] = []
        for _ in range(6):
            await book.commit([decided(book, "nightly", stage=play)])
            kept.append(len(play.storage.get_ticks("nightly")))
        assert kept == [1, 2, 3, 3, 3, 3]


async def test_a_person_who_resumes_a_trigger_has_missed_nothing(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = book_of(play)
        await book.open({"nightly": True}, T0_NS)
        for choice, expected in (("stopped", None), ("running", T0_NS + 50), (None, T0_NS + 50)):
            state = await book.choose("nightly", choice, True, T0_NS + 50)
            assert (state.choice, state.checkpoint) == (choice, expected)
            assert play.storage.trigger_state("schedule", "nightly").checkpoint == expected


async def test_keys_are_looked_up_for_their_own_trigger(stage: Callable[..., Any]) -> None:
    async with stage() as play:
        book = book_of(play)
        await book.open({"nightly": True, "hourly": True}, T0_NS)
        decision = decided(book, "nightly", "r1", stage=play)
        await book.commit([replace(decision, runs=(play.run("r1", run_key="monday"),))])

        asked = Evaluated(requests=(RunRequest(run_key="monday"), RunRequest(run_key="tuesday"), RunRequest()))
        keyless = Evaluated(requests=(RunRequest(),))
        facts = await book.launch_facts([("nightly", asked), ("hourly", asked), ("nightly", keyless)], T0_NS)
        assert [each.used_keys for each in facts] == [{"monday": "r1"}, {}, {}]


@pytest.mark.parametrize("default", [True, False])
def test_a_choice_wins_over_the_default(default: bool) -> None:
    untouched = TriggerState("schedule", "nightly")
    assert is_running(untouched, default) is default
    assert is_running(replace(untouched, choice="running"), default)
    assert not is_running(replace(untouched, choice="stopped"), default)
