"""A store in memory, and repositories over it that are shut down after the test."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from rivers.repository.code_repository import CodeRepository
from rivers.storage import Storage
from tests.execution.opened import calls
from tests.soak import SOAK

Build = Callable[..., CodeRepository]


@pytest.fixture(params=["memory", "embedded"] if SOAK else ["memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Storage]:
    """An empty store, in a soak of each kind that runs without a server: ``tests/storage`` has what sets them apart."""
    with Storage.memory() if request.param == "memory" else Storage.embedded(str(tmp_path / "store")) as made:
        yield made


@pytest.fixture(autouse=True)
def no_resource_opened_yet() -> None:
    calls.clear()


@pytest.fixture
def build(storage: Storage) -> Generator[Build]:
    """Return a function that makes repositories on ``storage``."""
    made: list[CodeRepository] = []

    def make(*assets: Any, **arguments: Any) -> CodeRepository:
        repo = CodeRepository(list(assets), **arguments)
        made.append(repo)
        repo.resolve(storage)
        return repo

    yield make
    for repo in made:
        if repo.is_resolved:
            repo.shutdown()
