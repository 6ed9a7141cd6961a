"""Functions of triggers that go wrong, and how the error of their evaluation begins."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Generator
from typing import Any

import rivers as rs


def raises() -> None:
    raise ValueError("boom")


def exits() -> None:
    sys.exit(3)


def interrupts() -> None:
    raise KeyboardInterrupt


def wrong_type() -> int:
    return 3


def generator_raises() -> Generator[rs.RunRequest]:
    yield rs.RunRequest()
    raise ValueError("half way")


async def coroutine_exits() -> None:
    sys.exit(4)


def cancelled() -> None:
    raise asyncio.CancelledError


def unstorable_key() -> rs.RunRequest:
    return rs.RunRequest(run_key="f\udcff")


def unstorable_cursor() -> rs.SensorResult:
    return rs.SensorResult(cursor="a\x00b")


def unstorable_message() -> None:
    raise ValueError("\x00\ud800")


async def coroutine_cancelled() -> None:
    raise asyncio.CancelledError


Fault = tuple[Callable[..., Any], str | tuple[str, ...]]

LEAVING: list[Fault] = [
    (exits, "SystemExit: 3"),
    (interrupts, "KeyboardInterrupt: "),
    (coroutine_exits, "SystemExit: 4"),
    # Outside user code it would mean that the daemon itself is to stop.
    (cancelled, "CancelledError: "),
    (coroutine_cancelled, ("ExecutionError: a CancelledError came out of the coroutine", "CancelledError: ")),
]
"""Those that would end the thread, loop or daemon that they reach."""

FAULTS: list[Fault] = [
    *LEAVING,
    (raises, "ValueError: boom"),
    (wrong_type, "ExecutionError: Sensor 'wrong_type' must return"),
    (generator_raises, "ValueError: half way"),
    (unstorable_key, "ValueError: run_key holds half of a surrogate pair"),
    (unstorable_cursor, "ValueError: cursor holds a NUL character"),
    (unstorable_message, "ValueError: \\x00\\ud800"),
]
