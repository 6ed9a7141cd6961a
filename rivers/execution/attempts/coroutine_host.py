"""One asyncio loop in a thread of its own, where the coroutines of user code run.

It is asyncio whatever backend the graph runs on, since user code is written for asyncio. The loop starts with the first
coroutine. Its thread is a daemon thread, so a coroutine that refuses to end does not keep the process alive.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Generic, TypeVar

from rivers.exceptions import ExecutionError

T = TypeVar("T")

CLOSE_GRACE_SECONDS = 2.0
"""How long ``close`` waits, in real time, for cancelled coroutines to end."""


class HostedCoroutine(Generic[T]):
    """One coroutine on the loop and the future of its outcome.

    ``make`` makes the coroutine on ``loop``. ``is_hosted`` says whether that loop is still in use.
    """

    def __init__(
        self,
        make: Callable[[], Awaitable[T]],
        loop: asyncio.AbstractEventLoop,
        is_hosted: Callable[[asyncio.AbstractEventLoop], bool],
    ) -> None:
        self.future: Future[T] = Future()
        """The future of the outcome. Cancelling it cancels the coroutine, and waits for nothing."""
        self.loop = loop
        self._make = make
        self._is_hosted = is_hosted
        self._is_asked = False
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> asyncio.Task[None]:
        """Start the coroutine. Called on the loop's thread."""
        task = self._task = self.loop.create_task(self._carry())
        task.add_done_callback(lambda _: self._settle_if_never_begun())
        self.future.add_done_callback(self._follow)
        return task

    def ask_to_end(self, knows: Callable[[], bool]) -> None:
        """Cancel the coroutine unless ``knows()``. The future is cancelled only when the coroutine has ended.

        Called on the loop's thread, after ``begin``.
        """
        self._is_asked = True
        if self._task is not None and not knows():
            self._task.cancel()

    async def _carry(self) -> None:
        """Put the outcome of the coroutine into the future. A ``SystemExit`` that left a task would end the loop.

        A cancellation that neither the caller nor the host asked for is a fault of the coroutine. As a cancelled future
        it would pass for a cancellation of whoever waits for it, and end that as well.
        """
        try:
            result = await self._make()
        except asyncio.CancelledError as error:
            if self._was_to_end:
                self.future.cancel()
            else:
                fault = _not_asked_for()
                fault.__cause__ = error
                settle(self.future.set_exception, fault)
        except BaseException as error:
            settle(self.future.set_exception, error)
        else:
            settle(self.future.set_result, result)

    @property
    def _was_to_end(self) -> bool:
        return self._is_asked or self.future.cancelled() or not self._is_hosted(self.loop)

    def _settle_if_never_begun(self) -> None:
        """Settle the future of a task that was cancelled before its first step, on request or by user code.

        Such a task never enters ``_carry``. User code may cancel every task of the loop.
        """
        if self._is_asked:
            self.future.cancel()
        elif not self._was_to_end:
            settle(self.future.set_exception, _not_asked_for())

    def _follow(self, ended: Future[T]) -> None:
        if ended.cancelled() and self._task is not None:
            with suppress(RuntimeError):  # the loop has been closed, and its coroutines with it
                self.loop.call_soon_threadsafe(self._task.cancel)


def settle(setter: Callable[[Any], None], outcome: Any) -> None:
    """Set the outcome of a future unless it has one, since its owner may cancel it at any moment."""
    with suppress(InvalidStateError):
        setter(outcome)


def _not_asked_for() -> ExecutionError:
    return ExecutionError("a CancelledError came out of the coroutine, though nobody had cancelled it")


class CoroutineHost:
    """Runs coroutines from any thread on one asyncio loop. Usable again after ``close``, with a new loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._hosted: dict[Future[Any], HostedCoroutine[Any]] = {}
        self._holding: threading.Event | None = None

    def submit(
        self, make: Callable[[], Awaitable[T]], made: Callable[[Future[T]], object] = lambda _: None
    ) -> Future[T]:
        """Start ``make()`` on the loop, in a copy of the caller's context, and return the future of its outcome.

        ``made`` gets the future before the coroutine begins. A caller whom a signal may interrupt keeps it from there.
        Every exception comes back in the future, ``SystemExit`` included. Cancelling the future cancels the coroutine,
        which may refuse, and waits for nothing. When the loop ends before the coroutine, the future gets an
        ``ExecutionError``.
        """
        hosted = HostedCoroutine(make, self._running_loop(), lambda loop: self._loop is loop)
        self._hosted[hosted.future] = hosted
        hosted.future.add_done_callback(lambda ended: self._hosted.pop(ended, None))
        made(hosted.future)

        def start() -> None:
            task = hosted.begin()
            self._tasks[task] = None
            task.add_done_callback(self._tasks.pop)

        hosted.loop.call_soon_threadsafe(start)
        return hosted.future

    def ask_to_end(self, future: Future[Any], knows: Callable[[], bool] = lambda: False) -> None:
        """Cancel the coroutine behind ``future``, which is itself cancelled when the coroutine has cleaned up.

        The coroutine may also end otherwise, or never. Each request would cancel it once more and disturb its end, so
        ``knows``, called on the loop's thread, may say that it is ending for the same reason already.
        """
        hosted = self._hosted.get(future)
        if hosted is not None:
            with suppress(RuntimeError):  # the loop has been closed, and its coroutines with it
                hosted.loop.call_soon_threadsafe(hosted.ask_to_end, knows)

    def run(self, make: Callable[[], Awaitable[T]]) -> T:
        """Run ``make()`` to its end and return its result. Blocks the calling thread.

        On the loop's own thread, as in a coroutine that calls ``materialize()``, it runs on a second loop.
        """
        return _run_on_second_loop(make) if self.is_own_thread() else self.submit(make).result()

    def run_apart(self, make: Callable[[], Awaitable[T]]) -> T:
        """``run`` for a caller that looks after coroutines on this loop.

        While there are any, one of them may block the loop until the caller does something for it, so ``make()`` runs
        on a second loop.
        """
        return _run_on_second_loop(make) if self._tasks or self._hosted else self.run(make)

    def is_own_thread(self) -> bool:
        """Return whether the caller is on the loop's thread, where waiting for a coroutine would never end."""
        thread = self._thread
        return thread is not None and thread.ident == threading.get_ident()

    def hold(self, over: threading.Event) -> None:
        """Take note that a coroutine is about to block the loop until ``over`` is set."""
        self._holding = over

    @property
    def is_held(self) -> bool:
        """Whether a coroutine blocks the loop, as ``hold`` has announced, so that no other can go on."""
        holding = self._holding
        return holding is not None and not holding.is_set()

    def close(self) -> None:
        """Cancel what runs and end the loop.

        A coroutine that has not ended within ``CLOSE_GRACE_SECONDS`` is dropped. One that blocks the thread keeps it.
        """
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(lambda: loop.create_task(self._wind_up(loop)))
        if thread.ident != threading.get_ident():
            thread.join(CLOSE_GRACE_SECONDS + 0.5)
            self._settle_remaining(loop)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop, self._settle_remaining), name="rivers-coroutines", daemon=True
                )
                self._thread.start()
            return self._loop

    async def _wind_up(self, loop: asyncio.AbstractEventLoop) -> None:
        running = list(self._tasks)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CLOSE_GRACE_SECONDS)
        loop.stop()

    def _settle_remaining(self, loop: asyncio.AbstractEventLoop) -> None:
        """Settle the futures of coroutines that have not ended with this loop."""
        for future in [waiting for waiting, hosted in list(self._hosted.items()) if hosted.loop is loop]:
            settle(future.set_exception, ExecutionError("the coroutine had not ended when its loop was closed"))


def _run_on_second_loop(make: Callable[[], Awaitable[T]]) -> T:
    nested = CoroutineHost()
    try:
        return nested.run(make)
    finally:
        nested.close()


def _serve(loop: asyncio.AbstractEventLoop, settle_remaining: Callable[[asyncio.AbstractEventLoop], None]) -> None:
    asyncio.set_event_loop(loop)
    try:
        while _ended_by_an_exit(loop):
            pass
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
        settle_remaining(loop)


def _ended_by_an_exit(loop: asyncio.AbstractEventLoop) -> bool:
    """Run the loop, and return whether an exit has ended it.

    A ``SystemExit`` in a task that user code has started does so. Whoever awaits that task gets the exception in the
    next round, and everybody else goes on.
    """
    try:
        loop.run_forever()
    except (SystemExit, KeyboardInterrupt):
        return True
    return False
