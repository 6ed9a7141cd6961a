"""Functions of partitioned steps that worker processes import by name."""

from __future__ import annotations

import os
from typing import Any

import rivers as rs


def lists_keys(context: rs.AssetExecutionContext) -> tuple[list[str], int]:
    print(f"running {context.partition}")
    return [str(key) for key in context.partition.keys], os.getpid()


def marks(context: rs.AssetExecutionContext) -> int:
    context.mark_partition_failed("b", "no data")
    context.mark_partition_failed("b", "no data at all")
    context.add_output_metadata({"who": "context"})
    context.register_data_version("v3")
    return os.getpid()


def passes_on(source: Any) -> tuple[Any, int]:
    return source, os.getpid()


def passes_on_beside(source: Any) -> tuple[Any, int]:
    return source, os.getpid()


def fails() -> None:
    raise ValueError("boom")


def both(context: rs.AssetExecutionContext) -> dict[str, Any]:
    return {name: (name, context.partition_key, os.getpid()) for name in context.output_selection}


def counts(self: rs.SelfDependency[tuple[int, int]]) -> tuple[int, int]:
    return (self.get_inner() or (0, 0))[0] + 1, os.getpid()


@rs.Task
def numbers(context: rs.TaskExecutionContext) -> list[str]:
    return [f"{context.partition_key}{number}" for number in range(3)]


@rs.Task
def where(context: rs.TaskExecutionContext, text: str) -> tuple[str, str, int]:
    return text, context.partition_key, os.getpid()


@rs.Task
def gathered(texts: list[Any]) -> list[Any]:
    return texts
