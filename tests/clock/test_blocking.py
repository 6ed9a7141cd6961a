"""Driving from another thread than the loop's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from rivers.clock import BlockingDriver, SimClock

pytestmark = pytest.mark.anyio


async def on_thread(call: Callable[[], Any]) -> Any:
    return await anyio.to_thread.run_sync(call)


async def test_another_thread_drives_through_blocking(hosting: Any) -> None:
    clock, seen = SimClock(0), []
    clock.attach()

    async def sleeper() -> None:
        await clock.idle()
        seen.append(clock.now())
        await clock.sleep(5)
        seen.append(clock.now())

    def drive() -> str:
        driver: BlockingDriver = clock.blocking()
        driver.settle()
        seen.append("settled")
        driver.advance("4s")
        driver.advance_to(6)
        return threading.current_thread().name

    async with hosting(sleeper):
        await on_thread(drive)
    assert seen == [0.0, "settled", 5.0]
    assert clock.now() == 6


async def test_errors_of_the_drive_reach_the_other_thread() -> None:
    clock = SimClock(0)
    clock.attach()

    def drive() -> None:
        with pytest.raises(ValueError, match="negative"):
            clock.blocking().advance(-1)

    await on_thread(drive)


async def test_blocking_on_the_loops_own_thread_is_refused() -> None:
    clock = SimClock(0)
    clock.attach()
    with pytest.raises(RuntimeError, match="await advance"):
        clock.blocking().advance(1)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_blocking_says_when_its_loop_has_ended(backend: str) -> None:
    clock = SimClock(0)

    async def main() -> None:
        clock.attach()

    anyio.run(main, backend=backend)
    with pytest.raises(RuntimeError, match="has ended"):
        clock.blocking().advance(1)
