"""Work off the loop: its start, and the way of its outcome back to the task that waits."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Generic, TypeVar, cast

from rivers.clock.loops import Waiter
from rivers.clock.threads import THREADS, Seat, sit

T = TypeVar("T")

Deliver = Callable[["Work[Any]", "Outcome"], None]
"""Takes a finished work to the loop. Called on whatever thread the work ended on; must not raise."""


class Outcome:
    """The outcome of a piece of work: a value or an exception of any kind."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any = None, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error

    @classmethod
    def of(cls, fn: Callable[..., Any], *args: Any) -> Outcome:
        """Call ``fn`` and keep what happens, ``SystemExit`` and ``KeyboardInterrupt`` included."""
        try:
            return cls(fn(*args))
        except BaseException as error:
            # Cut this frame off, so that the traceback begins in the user's function.
            return cls(error=error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))

    def unwrap(self) -> Any:
        """Return the value or raise the exception."""
        if self.error is None:
            return self.value
        try:
            raise self.error
        finally:
            self.error = None  # the traceback holds this frame, which holds us


class Work(Generic[T]):
    """A request to run something off the loop: a task awaits the waiter, the clock calls ``start`` when it may run."""

    def __init__(self, key: tuple[Any, ...], waiter: Waiter, deliver: Deliver) -> None:
        self.key = key
        self.order = _ordered(key)
        self.waiter = waiter
        self.context: Context = copy_context()
        self.outcome: Outcome | None = None
        self.started = False
        self.withdrawn = False
        self.since = 0.0  # real seconds, when it started or was asked for; for the report of a clock that never rests
        self._deliver = deliver

    def start(self) -> None:
        """Begin the work, on the loop's thread. Never raises: a failure to start is the outcome of the work."""
        raise AssertionError("a kind of work says how it starts")

    def abandon(self) -> None:
        """Discard the outcome, because the task that waited was cancelled. The work may go on."""

    def finish(self, outcome: Outcome) -> None:
        """Record the outcome and wake the task that waits; on the loop's thread."""
        self.outcome = outcome
        self.waiter.wake()

    def result(self) -> T:
        """Return the value or raise the exception of the work, once. Only after the waiter was woken."""
        outcome, self.outcome = self.outcome, None
        if outcome is None:
            raise RuntimeError(f"work {self.key!r} has no outcome yet")
        return cast(T, outcome.unwrap())


class ThreadWork(Work[T]):
    """A function on a thread of ours."""

    def __init__(
        self,
        key: tuple[Any, ...],
        waiter: Waiter,
        deliver: Deliver,
        seat: Seat,
        fn: Callable[..., T],
        args: tuple[Any, ...],
    ) -> None:
        super().__init__(key, waiter, deliver)
        self.seat = seat
        seat.work = self
        self._fn = fn
        self._args = args

    def start(self) -> None:
        try:
            THREADS.run(self._work, self._finished)
        except RuntimeError as error:
            self._finished(Outcome(error=error))

    def _work(self) -> Outcome:
        sit(self.seat)
        try:
            return Outcome.of(self.context.run, self._fn, *self._args)
        finally:
            sit(None)
            self.seat.work = None  # a cycle would keep the user's objects until the next collection

    def _finished(self, outcome: Outcome) -> None:
        self._deliver(self, outcome)


class FutureWork(Work[T]):
    """Work that runs elsewhere and ends a ``concurrent.futures.Future``."""

    def __init__(
        self,
        key: tuple[Any, ...],
        waiter: Waiter,
        deliver: Deliver,
        submit: Callable[[], concurrent.futures.Future[T]],
    ) -> None:
        super().__init__(key, waiter, deliver)
        self._submit = submit
        self._future: concurrent.futures.Future[T] | None = None

    def start(self) -> None:
        try:
            self._future = self.context.run(self._submit)
        except BaseException as error:
            self._deliver(self, Outcome(error=error))
            return
        self._future.add_done_callback(self._done)

    def abandon(self) -> None:
        if self._future is not None:
            self._future.cancel()

    def _done(self, future: concurrent.futures.Future[T]) -> None:
        self._deliver(self, Outcome.of(future.result, 0))


def _ordered(key: tuple[Any, ...]) -> tuple[Any, ...]:
    # Kinds apart, so that keys of unlike shape still compare. No repr(): it may hold an address.
    return tuple(_part(part) for part in key)


def _part(part: Any) -> tuple[Any, ...]:
    if part is None:
        return (0,)
    if isinstance(part, (int, float)):
        return (1, part)
    if isinstance(part, str):
        return (2, str(part))
    if isinstance(part, tuple):
        return (3, _ordered(part))  # pyright: ignore[reportUnknownArgumentType]
    raise TypeError(f"a key is made of strings, numbers, None and tuples of those, got {type(part).__name__}")
