"""Steps that worker processes import: the tests that use them are in ``test_pickled_on_s3.py``."""

from __future__ import annotations

import os

import rivers as rs


def left() -> dict[str, int]:
    return {"process": os.getpid(), "value": 1}


def right() -> dict[str, int]:
    return {"process": os.getpid(), "value": 2}


def doubled(left: dict[str, int]) -> dict[str, int]:
    return {"process": os.getpid(), "value": left["value"] * 2}


def counted(self: rs.SelfDependency[dict[str, int]]) -> dict[str, int]:
    before = self.get_inner()
    return {"process": os.getpid(), "value": 1 if before is None else before["value"] + 1}
