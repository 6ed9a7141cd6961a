"""One coroutine on the loop of a host, and how its end reaches the future of whoever waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Generic, TypeVar

from rivers.exceptions import ExecutionError

T = TypeVar("T")


class Guest(Generic[T]):
    """A coroutine that ``make`` makes on ``loop``. ``is_hosted`` says whether that loop is still in use."""

    def __init__(
        self,
        make: Callable[[], Awaitable[T]],
        loop: asyncio.AbstractEventLoop,
        is_hosted: Callable[[asyncio.AbstractEventLoop], bool],
    ) -> None:
        self.future: Future[T] = Future()
        """Gets the outcome. Cancelling it cancels the coroutine, and waits for nothing."""
        self.loop = loop
        self._make = make
        self._is_hosted = is_hosted
        self._is_asked = False
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> asyncio.Task[None]:
        """Start it. On the loop's thread."""
        task = self._task = self.loop.create_task(self._carry())
        task.add_done_callback(lambda _: self._tell_if_never_begun())
        self.future.add_done_callback(self._follow)
        return task

    def ask_to_end(self, knows: Callable[[], bool]) -> None:
        """Cancel it, unless it ``knows``, and not the future before it has ended. On the loop's thread, after
        ``begin``."""
        self._is_asked = True
        if self._task is not None and not knows():
            self._task.cancel()

    async def _carry(self) -> None:
        """Put the outcome of the coroutine into the future. A ``SystemExit`` that left a task would end the loop.

        A cancellation that neither the caller nor the host asked for is a fault of the coroutine. As a cancelled future
        it would pass for the cancellation of whoever waits for it, and end that as well.
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

    def _tell_if_never_begun(self) -> None:
        """A task that is cancelled before its first step tells nothing: by a request, or by user code that cancels
        every task of the loop."""
        if self._is_asked:
            self.future.cancel()
        elif not self._was_to_end:
            settle(self.future.set_exception, _not_asked_for())

    def _follow(self, ended: Future[T]) -> None:
        if ended.cancelled() and self._task is not None:
            with suppress(RuntimeError):  # the loop has been closed, and its coroutines with it
                self.loop.call_soon_threadsafe(self._task.cancel)


def settle(setter: Callable[[Any], None], outcome: Any) -> None:
    """Set the outcome of a future, unless it has one: its owner may cancel it at any moment."""
    with suppress(InvalidStateError):
        setter(outcome)


def _not_asked_for() -> ExecutionError:
    return ExecutionError("a CancelledError came out of the coroutine, though nobody had cancelled it")
