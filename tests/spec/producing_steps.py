"""Functions of steps that worker processes import by name: multi-assets, tasks and their values."""

from __future__ import annotations

import os
from typing import Any

import rivers as rs


def process() -> int:
    return os.getpid()


def mapping(context: rs.AssetExecutionContext) -> dict[str, Any]:
    return {
        "a": rs.Output(os.getpid(), metadata={"rows": 1}, data_version="va"),
        "b": (context.asset_name, context.is_multi_asset, context.output_selection),
        "c": rs.Materialization(metadata={"rows": 3}),
    }


@rs.Task
def first(context: rs.TaskExecutionContext) -> tuple[str, int]:
    return context.task_name, os.getpid()


@rs.Task
def second(context: rs.TaskExecutionContext) -> tuple[str, int]:
    return context.task_name, os.getpid()


@rs.Task
def both(x: tuple[str, int], y: tuple[str, int]) -> dict[str, int]:
    return dict([x, y])
