"""An asyncio loop seen from a clock: waking, posting, and the probe that says whether anything is runnable."""

from __future__ import annotations

import asyncio
import threading
import types
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from contextvars import Context
from importlib import import_module
from typing import Any

from rivers.clock.frames import innermost
from rivers.clock.loops import LoopGone, Waiter

_PASSES_WATCHED = 64


class AsyncioWaiter:
    """A future whose cancellation the heap of sleepers sees without any bookkeeping."""

    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[None] = loop.create_future()

    @property
    def live(self) -> bool:
        return not self._future.done()

    def wake(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self) -> None:
        await self._future


class AsyncioPort:
    """A ``LoopPort`` to an asyncio loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.thread_id = threading.get_ident()
        # The context of callbacks: a task that one starts must not inherit the rank or the busy marks of its poster.
        self._context = Context()
        self._context.run(_tell_anyio)
        # The queue of runnable callbacks: private, but the only exact answer. Loops without it are scanned instead.
        self._ready: Any = getattr(loop, "_ready", None)

    def is_current(self) -> bool:
        return asyncio._get_running_loop() is self.loop

    def is_own_thread(self) -> bool:
        return threading.get_ident() == self.thread_id and self.is_alive()

    def is_alive(self) -> bool:
        return not self.loop.is_closed() and self.loop.is_running()

    def call(self, fn: Callable[..., object], *args: Any) -> None:
        try:
            self.loop.call_soon_threadsafe(fn, *args, context=self._context.copy())
        except RuntimeError as error:
            raise LoopGone from error

    def run_from_thread(self, fn: Callable[..., Awaitable[None]], *args: Any) -> None:
        if not self.is_alive():
            raise RuntimeError("the loop that the clock is bound to has ended")

        async def run() -> None:
            await fn(*args)

        asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    def waiter(self) -> Waiter:
        return AsyncioWaiter(self.loop)

    async def idle(self) -> None:
        ready = self._ready
        if ready is None:
            await self._idle_by_scan()
            return
        # Each pass polls the selector first, so what a socket made runnable is in the queue before we are resumed.
        while True:
            await _one_pass()
            if not ready:
                return

    async def _idle_by_scan(self) -> None:
        me = asyncio.current_task()
        quiet = 0
        while quiet < 2:  # a callback that is no task shows only by what it wakes, one pass later
            await _one_pass()
            others = [task for task in asyncio.all_tasks(self.loop) if task is not me]
            quiet = 0 if any(map(_is_runnable, others)) else quiet + 1

    async def restless(self) -> list[str]:
        me = asyncio.current_task()
        seen: dict[str, str] = {}
        for _ in range(_PASSES_WATCHED):
            await _one_pass()
            for task in asyncio.all_tasks(self.loop):
                if task is not me and _is_runnable(task):
                    seen[f"task {task.get_name()!r}"] = innermost(task.get_coro())
            for handle in tuple(self._ready or ()):
                callback = getattr(handle, "_callback", None)
                if isinstance(callback, (types.FunctionType, types.MethodType)):
                    seen[f"callback {callback.__qualname__}"] = callback.__module__
        return [f"{name} at {place}" for name, place in sorted(seen.items())]


def _tell_anyio() -> None:
    """Name the library in the context: without it anyio looks for the current task, and a callback has none."""
    with suppress(ModuleNotFoundError):  # without it anyio asks asyncio itself
        sniffio = import_module("sniffio")
        sniffio.current_async_library_cvar.set("asyncio")


@types.coroutine
def _one_pass() -> Generator[None, None, None]:
    """Let the loop run once: ``asyncio.sleep(0)`` without its layers."""
    yield


def _is_runnable(task: asyncio.Task[Any]) -> bool:
    waits_for = getattr(task, "_fut_waiter", None)
    return waits_for is None or waits_for.done()
