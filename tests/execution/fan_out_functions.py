"""Tasks of fan-outs that worker processes import."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import rivers as rs
from tests.soak import SOAK

MANY = 10_000 if SOAK else 1_000


class Scale(BaseModel):
    """How much."""

    factor: int = 1


class Nowhere(rs.BaseIOHandler):
    """Stores nothing, and knows what the squares of the first numbers are."""

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        if "[" in context.asset_name and obj != self._square(context.asset_name):
            raise ValueError(f"{obj!r} is not the value of {context.asset_name}")

    def load_input(self, context: rs.InputContext) -> Any:
        return self._square(context.asset_name) if "[" in context.asset_name else list(range(MANY))

    def _square(self, instance: str) -> int:
        return int(instance.partition("[")[2][:-1]) ** 2


@rs.Task
def ids() -> list[int]:
    return [1, 2, 3, 4]


@rs.Task
def keyed() -> Iterator[rs.DynamicOutput]:
    for key, value in (("north", 3), ("east", 1), ("south", 2)):
        yield rs.DynamicOutput(key, value)


@rs.Task
def many() -> list[int]:
    return list(range(MANY))


@rs.Task
def square(n: int) -> int:
    return n * n


@rs.Task
def who(n: int) -> tuple[int, int]:
    time.sleep(0.1)
    return n, os.getpid()


@rs.Task
def total(v: Any) -> int:
    return sum(v)


@rs.Task
def kept(v: Any) -> list[Any]:
    return list(v)


@rs.Task
def process(v: Any) -> tuple[int, list[Any]]:
    return os.getpid(), list(v)


@rs.Task
def first_and_size(n: bytes) -> tuple[int, int]:
    return n[0], len(n)


@rs.Task
def fails_on_two(n: int) -> int:
    if n == 2:
        raise ValueError("boom")
    return n


@rs.Task
def dies_on_two(n: int) -> int:
    if n == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


@rs.Task(retry=rs.RetryPolicy(1))
def dies_once(n: int, folder: Path) -> int:
    mark = folder / str(n)
    if n == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return n


@rs.Task
def scaled(context: rs.TaskExecutionContext[Scale], n: int) -> tuple[str, int]:
    return context.task_name, n * context.config.factor


@rs.Task
def crowded(n: int, folder: Path) -> int:
    """How many of its kind it saw at work beside itself, and itself."""
    mark = folder / f"at-work-{n}"
    mark.touch()
    time.sleep(0.05)
    seen = len(list(folder.glob("at-work-*")))
    mark.unlink()
    return seen


@rs.Task
def locks() -> list[Any]:
    return [1, threading.Lock(), 3]


@rs.Task
def kind(n: Any) -> str:
    return type(n).__name__


@rs.Task
def waits(context: rs.TaskExecutionContext, n: int, folder: Path) -> int:
    """The first ends at once, the second waits until somebody stops it."""
    if n == 2:
        (folder / "started").touch()
        context.sleep(3600)
    return n
