"""Steps that worker processes import: the tests that use them are in ``test_previous_values.py``."""

from __future__ import annotations

import os

import rivers as rs


def one(self: rs.SelfDependency[list[int]]) -> list[int]:
    """The processes that have computed it so far, this one last."""
    return [*(self.get_inner() or []), os.getpid()]


def other(context: rs.AssetExecutionContext, self: rs.SelfDependency[list[int]]) -> list[int]:
    context.log.info("before: %d", len(self.get_inner() or []))
    return [*(self.get_inner() or []), os.getpid()]


async def later(self: rs.SelfDependency[list[int]]) -> list[int]:
    return [*(self.get_inner() or []), os.getpid()]


def bare(self) -> int:
    return 1


def mistyped(self: int) -> int:
    return self


async def bare_later(self) -> int:
    return 1
