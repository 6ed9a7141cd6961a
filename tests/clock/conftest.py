"""Hosting for tasks that never end by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import pytest

Hosting = Callable[..., AbstractAsyncContextManager[anyio.abc.TaskGroup]]


@pytest.fixture
def hosting() -> Hosting:
    """``async with hosting(task, ...)``: the tasks run beside the body and are cancelled when it ends."""

    @asynccontextmanager
    async def host(*tasks: Callable[[], Awaitable[Any]]) -> AsyncIterator[anyio.abc.TaskGroup]:
        async with anyio.create_task_group() as group:
            for task in tasks:
                group.start_soon(task)
            yield group
            group.cancel_scope.cancel()

    return host
