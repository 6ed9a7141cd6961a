"""A trio loop seen from a clock. Only imported where trio is, since rivers does not depend on trio."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import trio
from trio.lowlevel import Abort
from trio.testing import wait_all_tasks_blocked

from rivers.clock.frames import innermost
from rivers.clock.loops import LoopGone, Waiter

_PASSES_WATCHED = 64


class TrioWaiter:
    """A parked task, which is lighter than ``trio.Event`` and dead as soon as its wait is cancelled."""

    __slots__ = ("_task", "live")

    def __init__(self) -> None:
        self._task: trio.lowlevel.Task | None = None
        self.live = True

    def wake(self) -> None:
        if self.live:
            self.live = False
            if self._task is not None:
                trio.lowlevel.reschedule(self._task)

    async def wait(self) -> None:
        if not self.live:
            await trio.lowlevel.checkpoint()
            return
        self._task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, _: object) -> Abort:
        self.live = False
        return Abort.SUCCEEDED


class TrioPort:
    """A ``LoopPort`` to the trio loop that runs the caller."""

    def __init__(self) -> None:
        self.token = trio.lowlevel.current_trio_token()
        self.thread_id = threading.get_ident()

    def is_current(self) -> bool:
        if threading.get_ident() != self.thread_id or not trio.lowlevel.in_trio_run():
            return False
        return trio.lowlevel.current_trio_token() is self.token

    def is_own_thread(self) -> bool:
        return threading.get_ident() == self.thread_id and self.is_alive()

    def is_alive(self) -> bool:
        try:
            self.token.run_sync_soon(_nothing, idempotent=True)
        except trio.RunFinishedError:
            return False
        return True

    def call(self, fn: Callable[..., object], *args: Any) -> None:
        try:
            self.token.run_sync_soon(fn, *args)
        except trio.RunFinishedError as error:
            raise LoopGone from error

    def run_from_thread(self, fn: Callable[..., Awaitable[None]], *args: Any) -> None:
        if not self.is_alive():
            raise RuntimeError("the loop that the clock is bound to has ended")
        trio.from_thread.run(fn, *args, trio_token=self.token)

    def waiter(self) -> Waiter:
        return TrioWaiter()

    async def idle(self) -> None:
        await wait_all_tasks_blocked()

    async def restless(self) -> list[str]:
        me = trio.lowlevel.current_task()
        root = trio.lowlevel.current_root_task()
        seen: dict[str, str] = {}
        for _ in range(_PASSES_WATCHED):
            await trio.lowlevel.checkpoint()
            for task in _tree(root):
                # Set while the task is in the run queue: private, and trio has no public word for it.
                if task is not me and getattr(task, "_next_send_fn", None) is not None:
                    seen[task.name] = innermost(task.coro)
        return [f"task {name!r} at {place}" for name, place in sorted(seen.items())]


def _tree(root: trio.lowlevel.Task | None) -> Iterator[trio.lowlevel.Task]:
    waiting = [] if root is None else [root]
    while waiting:
        task = waiting.pop()
        yield task
        for nursery in task.child_nurseries:
            waiting.extend(nursery.child_tasks)


def _nothing() -> None:
    """Do nothing: this is posted to learn whether the loop still takes calls."""
