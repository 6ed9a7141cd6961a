"""A store in memory, and repositories over it whose steps execute in this process by default."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.repositories import Build, storage
from tests.repositories import build as build_with_defaults

__all__ = ["Build", "build", "build_with_defaults", "storage"]


@pytest.fixture
def build(build_with_defaults: Build) -> Build:
    """Return a function that makes repositories on ``storage``. Their steps execute in this process by default."""

    def make(*assets: Any, **arguments: Any) -> rs.CodeRepository:
        return build_with_defaults(*assets, **{"default_executor": rs.Executor.in_process()} | arguments)

    return make
