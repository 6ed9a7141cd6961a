"""What is run off the loop leaves nothing behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Generator
from typing import Any

import anyio
import pytest

from rivers.clock import Clock, SimClock, WallClock

pytestmark = pytest.mark.anyio


class Big:
    """Something that a user would miss if it were kept."""


@pytest.fixture
def no_garbage_collection() -> Generator[None]:
    """Without it, a circle of references stays for ever."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def offload(clock: Clock, fn: Callable[..., Any], *args: Any) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(clock.offload, ("job",), fn, *args)
        await clock.settle()


@pytest.mark.usefixtures("no_garbage_collection")
@pytest.mark.parametrize("make", [SimClock, WallClock])
async def test_what_was_passed_to_work_is_free_once_the_work_has_ended(make: type[SimClock] | type[WallClock]) -> None:
    clock = make()
    big = Big()
    seen = weakref.ref(big)
    await offload(clock, lambda given: None, big)
    del big
    await offload(clock, int)  # by the same thread, which has then dropped the first job
    assert seen() is None
