"""A store in memory, and repositories over it that are shut down after the test."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

import rivers as rs

Build = Callable[..., rs.CodeRepository]


@pytest.fixture
def storage() -> Generator[rs.Storage]:
    with rs.Storage.memory() as made:
        yield made


@pytest.fixture
def build(storage: rs.Storage) -> Generator[Build]:
    """Return a function that makes repositories on ``storage``. Their steps execute in this process by default."""
    made: list[rs.CodeRepository] = []

    def make(*assets: Any, **arguments: Any) -> rs.CodeRepository:
        arguments.setdefault("default_executor", rs.Executor.in_process())
        repo = rs.CodeRepository(list(assets), **arguments)
        made.append(repo)
        repo.resolve(storage)
        return repo

    yield make
    for repo in made:
        if repo.is_resolved:
            repo.shutdown()
