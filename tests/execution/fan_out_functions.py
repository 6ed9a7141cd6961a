"""Tasks of fan-outs that worker processes import."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import rivers as rs


class Scale(BaseModel):
    """How much."""

    factor: int = 1


@rs.Task
def ids() -> list[int]:
    return [1, 2, 3, 4]


@rs.Task
def keyed() -> Iterator[rs.DynamicOutput]:
    for key, value in (("north", 3), ("east", 1), ("south", 2)):
        yield rs.DynamicOutput(key, value)


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
def scaled(context: rs.TaskExecutionContext[Scale], n: int) -> tuple[str, int]:
    return context.task_name, n * context.config.factor


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
