"""Stores of every kind, and short ways to build what is written to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rivers.records import AUTOMATION_TYPES, NewEvent, NewRun, StoredTick, TickDecision
from rivers.storage import Storage

NOW = 1_800_000_000_000_000_000


@pytest.fixture(params=["memory", "embedded"])
def new_storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Storage]]:
    """A factory of empty stores of one kind; every test that uses it runs once a kind."""
    made: list[Storage] = []

    def make() -> Storage:
        if request.param == "memory":
            storage = Storage.memory()
        else:
            storage = Storage.embedded(str(tmp_path / f"store{len(made)}"))
        made.append(storage)
        return storage

    yield make
    for storage in made:
        storage.close()


@pytest.fixture
def storage(new_storage: Callable[[], Storage]) -> Storage:
    """An empty store."""
    return new_storage()


def _new_run(run_id: str, status: str = "NotStarted", at: int = NOW, **fields: Any) -> NewRun:
    return NewRun(run_id=run_id, job_name="job", node_names=("a", "b"), status=status, start_time=at, **fields)


def _decision(name: str, seq: int, *, kind: Any = "schedule", at: int = NOW, **fields: Any) -> TickDecision:
    cursor = fields.pop("cursor", None)
    tick = StoredTick(
        id=fields.pop("id", f"{kind}/{name}/{seq}"),
        automation_name=name,
        automation_type=AUTOMATION_TYPES[kind],
        status="Success",
        timestamp=at + seq,
        run_ids=[run.run_id for run in fields.get("runs", ())],
        cursor=cursor,
        seq=seq,
    )
    return TickDecision(kind, name, seq - 1, tick, **fields)


def _step(asset: str, at: int, *, version: str = "v1", partition: Any = None, **fields: Any) -> list[NewEvent]:
    return [
        NewEvent("StepStart", at, asset),
        NewEvent("Materialization", at + 1, asset, partition, (("rows", "3"),), version, **fields),
        NewEvent("StepSuccess", at + 2, asset),
    ]


def _rows_of(storage: Storage) -> dict[str, Any]:
    engine = storage._engine
    (info,) = engine.query("INFO FOR DB")
    return {table: engine.query(f"SELECT * FROM {table}")[0] for table in sorted(info["tables"])}


@pytest.fixture
def now() -> int:
    """The moment at which most things of a test happen, in nanoseconds."""
    return NOW


@pytest.fixture
def new_run() -> Callable[..., NewRun]:
    """Build a run."""
    return _new_run


@pytest.fixture
def decision() -> Callable[..., TickDecision]:
    """Build the decision that writes tick ``seq`` of a trigger."""
    return _decision


@pytest.fixture
def step() -> Callable[..., list[NewEvent]]:
    """Build the events of one successful step."""
    return _step


@pytest.fixture
def rows_of() -> Callable[[Storage], dict[str, Any]]:
    """Every row of a store, by table."""
    return _rows_of
