"""Functions of steps that worker processes import by name: ``test_assets_captured_output.py`` uses them."""

from __future__ import annotations

import os
import sys

import rivers as rs


def left(context: rs.AssetExecutionContext) -> int:
    print("left prints")
    context.log.warning("left logs")
    return os.getpid()


def right(context: rs.AssetExecutionContext) -> int:
    print("right complains", file=sys.stderr)
    context.log.info("right logs")
    return os.getpid()


def broken() -> int:
    print("broken prints")
    raise ValueError("broken in a worker")
