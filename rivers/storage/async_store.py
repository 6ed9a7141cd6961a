"""``AsyncStore``: a store for code on an event loop, which may not block."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    import anyio

    from rivers.clock import Clock
    from rivers.storage.facade import Storage

P = ParamSpec("P")
T = TypeVar("T")


class AsyncStore:
    """A store as the tasks of one event loop see it: one awaited call for each transaction or read.

    The calls of all tasks that share an ``AsyncStore`` reach the engine one after another, in the order in which they
    were asked for. So the daemons and request handlers of one graph share one.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage: Final = storage
        self._clock: Final = clock
        self._answers_inline: Final = storage.answers_inline

    async def run(self, call: Callable[Concatenate[Storage, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``call(storage, *args, **kwargs)``, or raise its exception.

        With an engine in this process the call is made here, and the task is not suspended. Otherwise the call is made
        on a thread of the clock, and simulated time waits for it. So ``call`` must not touch what belongs to the loop.
        Its name is in the report of a clock that cannot come to rest.

        When the task is cancelled while it waits, the call may or may not be made, as after a lost reply. Later calls
        wait all the same for one that has begun.
        """
        if self._answers_inline:
            return call(self._storage, *args, **kwargs)
        await self._previous_has_ended.acquire()
        request = _Request(lambda: call(self._storage, *args, **kwargs), self._has_ended)
        try:
            return await self._clock.offload(("storage", _name_of(call)), request.make)
        except BaseException:
            if request.withdraw():
                self._previous_has_ended.release()
            raise

    async def run_shielded(self, call: Callable[Concatenate[Storage, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do as :meth:`run`, to the end also when the task is cancelled meanwhile: for what must not be lost."""
        if self._answers_inline:
            return call(self._storage, *args, **kwargs)
        import anyio

        with anyio.CancelScope(shield=True):
            return await self.run(call, *args, **kwargs)
        raise AssertionError("unreachable: nobody else has the scope to cancel it")

    @cached_property
    def _previous_has_ended(self) -> anyio.Semaphore:
        """What each call to a far engine waits for: threads that start at once may reach it in any order."""
        import anyio

        return anyio.Semaphore(1, fast_acquire=True)

    def _has_ended(self) -> None:
        self._clock.post(self._previous_has_ended.release)


class _Request(Generic[T]):
    """A call for a thread to make. The task that asked for it can withdraw it until the thread has begun."""

    def __init__(self, call: Callable[[], T], ended: Callable[[], None]) -> None:
        self._unmade = [call]  # popping is atomic: either the thread or the task gets the call
        self._ended = ended

    def make(self) -> T:
        """Make the call, on the thread, and then call ``ended``, also after an exception."""
        call = self._unmade.pop()
        try:
            return call()
        finally:
            self._ended()

    def withdraw(self) -> bool:
        """Keep the call from being made. ``False`` when a thread has begun it."""
        try:
            self._unmade.pop()
        except IndexError:
            return False
        return True


def _name_of(call: Callable[..., Any]) -> str:
    return getattr(call, "__qualname__", type(call).__name__)
