"""A store of each kind that runs without a server, and repositories over it that are shut down."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from rivers.repository.code_repository import CodeRepository
from rivers.storage import Storage
from tests.execution.opened import calls

Build = Callable[..., CodeRepository]


@pytest.fixture(params=["memory", "embedded"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Storage]:
    with Storage.memory() if request.param == "memory" else Storage.embedded(str(tmp_path / "store")) as made:
        yield made


@pytest.fixture(autouse=True)
def no_resource_opened_yet() -> None:
    calls.clear()


@pytest.fixture
def build(storage: Storage) -> Generator[Build]:
    """Makes repositories that are resolved on ``storage`` and shut down after the test."""
    made: list[CodeRepository] = []

    def make(*assets: Any, **arguments: Any) -> CodeRepository:
        repo = CodeRepository(list(assets), **arguments)
        repo.resolve(storage)
        made.append(repo)
        return repo

    yield make
    for repo in made:
        repo.shutdown()
