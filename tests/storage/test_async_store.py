"""A store that an event loop awaits: at once where the engine is here, in order where it is far away."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager

import anyio
import pytest

from rivers.clock import SimClock, WallClock
from rivers.exceptions import NotQuiescent, StorageError
from rivers.storage import AsyncStore, Storage
from rivers.storage.faults import OutcomeUnknown
from tests.late_engine import LateEngine, Trip


@pytest.fixture
def clock():
    return SimClock(patience=0.05)


@pytest.fixture
def far(clock):
    with LateEngine(clock) as engine:
        yield engine


@asynccontextmanager
async def task_group():
    """Tasks that end, or fail their test after ten real seconds."""
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            yield tasks


def noted(storage, notes, note):
    storage.kv_set(note, b"")
    notes.append(note)


def test_an_engine_in_this_process_answers_without_a_suspension(storage):
    awaiting = AsyncStore(storage, SimClock()).run(Storage.kv_get, "key")
    with pytest.raises(StopIteration) as ended:
        awaiting.send(None)
    assert ended.value.value is None


@pytest.mark.anyio
async def test_a_call_to_a_far_engine_is_made_on_a_thread_of_the_clock(far, clock):
    store, seen = AsyncStore(far.storage, clock), []
    far.trip = Trip(out=1, back=2)

    async def ask():
        seen.append(await store.run(lambda storage: threading.current_thread() is threading.main_thread()))
        seen.append(await store.run(Storage.kv_get, key="k"))
        with pytest.raises(StorageError, match="Unknown run status: odd"):
            await store.run(Storage.get_runs, 1, "odd")

    async with task_group() as tasks:
        tasks.start_soon(ask)
        await clock.advance("10s")
    assert seen == [False, None]


@pytest.mark.anyio
async def test_an_advance_waits_for_calls_and_their_time_is_that_of_the_clock(far, clock):
    store, done = AsyncStore(far.storage, clock), []
    far.trip = Trip(out=1, back=2)
    began = clock.now()

    async def ask(note):
        await store.run(noted, done, note)
        done.append(clock.now() - began)

    async with task_group() as tasks:
        tasks.start_soon(ask, "a")
        await clock.advance(2.5)
        assert done == [], "committed after 1 s, answered after 3 s"
        await clock.advance(0.5)
        assert done == ["a", 3]
        tasks.start_soon(ask, "b")
        await clock.advance("1h")
    assert done == ["a", 3, "b", 6]


@pytest.mark.anyio
@pytest.mark.parametrize("ordered", [True, False])
async def test_calls_are_committed_in_the_order_of_request(far, clock, ordered):
    """With the mistake planted beside it: offloaded without more ado, the later call overtakes the earlier."""
    store, committed = AsyncStore(far.storage, clock), []
    far.trip = Trip()
    far.trips += [Trip(out=5), Trip(out=1, back=9), Trip(out=2)]

    async def ask(note):
        if ordered:
            await store.run(noted, committed, note)
        else:
            await clock.offload(("storage",), noted, far.storage, committed, note)

    async with task_group() as tasks:
        for note in "abc":
            tasks.start_soon(ask, note)
            await clock.settle()
        await clock.advance("20s")
    assert committed == (["a", "b", "c"] if ordered else ["c", "a", "b"])


@pytest.mark.anyio
async def test_a_call_does_not_overtake_one_whose_waiter_was_cancelled(far, clock):
    store, committed = AsyncStore(far.storage, clock), []
    far.trip = Trip()
    far.trips += [Trip(out=5)]

    async with task_group() as tasks:
        impatient = anyio.CancelScope()

        async def gives_up():
            with impatient:
                await store.run(noted, committed, "a")

        tasks.start_soon(gives_up)
        await clock.advance("1s")
        impatient.cancel()
        tasks.start_soon(store.run, noted, committed, "b")
        await clock.advance("1s")
        assert committed == []
        await clock.advance("10s")
    assert committed == ["a", "b"]


@pytest.mark.anyio
async def test_a_call_that_is_cancelled_before_it_begins_is_not_made_and_holds_up_nobody(far, clock):
    store, committed = AsyncStore(far.storage, clock), []
    async with task_group() as tasks:
        first, second = anyio.CancelScope(), anyio.CancelScope()

        async def gives_up(scope, note):
            with scope:
                await store.run(noted, committed, note)

        # Nothing drives the clock yet: the first waits for a thread, the second for the first.
        tasks.start_soon(gives_up, first, "a")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(gives_up, second, "b")
        tasks.start_soon(store.run, noted, committed, "c")
        await anyio.wait_all_tasks_blocked()
        second.cancel()
        first.cancel()
        await clock.settle()
    assert committed == ["c"]


class NotingClock(WallClock):
    """Says what was offloaded, which a ``WallClock`` begins at once."""

    def __init__(self):
        super().__init__()
        self.offloaded = []

    async def offload(self, key, fn, /, *args):
        self.offloaded.append(key)
        return await super().offload(key, fn, *args)


@pytest.mark.anyio
@pytest.mark.parametrize("cancelled", [False, True])
async def test_threads_that_start_at_once_do_not_overtake_each_other(cancelled):
    clock, committed = NotingClock(), []
    begun, may_end = threading.Event(), threading.Event()

    def slow(storage):
        begun.set()
        may_end.wait(10)
        noted(storage, committed, "a")

    with LateEngine(clock) as far:
        store = AsyncStore(far.storage, clock)
        async with task_group() as tasks:
            scope = anyio.CancelScope()

            async def gives_up():
                with scope:
                    await store.run(slow)

            tasks.start_soon(gives_up)
            await anyio.wait_all_tasks_blocked()
            await clock.offload(("test",), begun.wait)
            if cancelled:
                scope.cancel()
            tasks.start_soon(store.run, noted, committed, "b")
            await anyio.wait_all_tasks_blocked()
            assert [key for key in clock.offloaded if key[0] == "storage"] == clock.offloaded[:1]
            may_end.set()
        assert committed == ["a", "b"]


@pytest.mark.anyio
async def test_a_call_that_is_never_answered_is_named_by_the_clock_that_waits_for_it(far, clock):
    store = AsyncStore(far.storage, clock)
    far.trip = Trip()
    far.trips += [Trip(never_returns=True)]
    async with task_group() as tasks:
        tasks.start_soon(store.run, Storage.kv_set, "k", b"")
        with pytest.raises(NotQuiescent, match=r"runs off the loop: \('storage', 'KeyValues.kv_set'\) for "):
            await clock.advance("1s")
        tasks.cancel_scope.cancel()


@pytest.mark.anyio
async def test_a_reply_that_is_lost_is_an_error_of_its_caller_alone(far, clock, decision):
    store, seen = AsyncStore(far.storage, clock), []
    far.trip = Trip(loses_reply=True)

    async def ask():
        with pytest.raises(OutcomeUnknown):
            await store.run(Storage.kv_set, "k", b"1")
        seen.append(await store.run(Storage.kv_get, "k"))
        seen.append(await store.run(Storage.commit_ticks, [decision("s", 1)], retain=None))

    async with task_group() as tasks:
        tasks.start_soon(ask)
        await clock.settle()
    assert seen == [b"1", [decision("s", 1)]], "the transaction of a decision can be asked whether it is done"


@pytest.mark.anyio
async def test_a_far_engine_that_is_asked_on_the_loop_says_so(far, clock):
    clock.attach()
    far.trip = Trip()
    with pytest.raises(RuntimeError, match="own thread"):
        far.storage.kv_get("k")


@pytest.mark.anyio
async def test_a_shielded_call_is_made_and_heard_though_its_task_is_cancelled_in_line(far, clock):
    store, heard = AsyncStore(far.storage, clock), []
    far.trip = Trip(out=5)
    scope = anyio.CancelScope()

    async def ask():
        with scope:
            heard.append(await store.run_shielded(Storage.kv_set, "k", b"v"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.run, Storage.kv_get, "ahead of it")
        tasks.start_soon(ask)
        await clock.advance("1s")
        scope.cancel()
        await clock.advance("20s")
    far.trip = None
    assert heard == [None]
    assert far.storage.kv_get("k") == b"v"
