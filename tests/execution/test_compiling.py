"""Steps for one run: overridden metadata and resources hold for it alone."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from pydantic import PrivateAttr

import rivers as rs


@pytest.fixture
def storage() -> Generator[rs.Storage]:
    with rs.Storage.memory() as made:
        yield made


calls: list[str] = []


class Db(rs.Resource):
    url: str = "mine"
    _opened: int = PrivateAttr(default=0)

    def setup(self) -> None:
        calls.append(f"setup {self.url}")
        self._opened += 1

    def teardown(self) -> None:
        calls.append(f"teardown {self.url}")


@pytest.fixture(autouse=True)
def nothing_called_yet() -> None:
    calls.clear()


def test_a_run_may_override_metadata_and_resources_for_itself(storage: rs.Storage) -> None:
    @rs.Asset(metadata={"a": "1", "b": "1"})
    def told(context: rs.AssetExecutionContext, db: Db) -> tuple[Any, str]:
        return context.asset_metadata, db.url

    repo = rs.CodeRepository([told], resources={"db": Db()})
    repo.resolve(storage)
    repo.materialize(config={"assets": {"told": {"metadata": {"b": "2"}}}, "resources": {"db": {"url": "other"}}})
    assert repo.load_node("told") == ({"a": "1", "b": "2"}, "other")
    repo.materialize()
    assert repo.load_node("told") == ({"a": "1", "b": "1"}, "mine")
