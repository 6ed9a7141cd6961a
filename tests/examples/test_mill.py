"""The bundled mill works: by hand, from the command line, and through the week in which the clocks change."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError, PartitionValidationError
from rivers.simulation import Scenario
from tests import commands

ROOT = Path(__file__).resolve().parents[2]
single, multi = rs.PartitionKey.single, rs.PartitionKey.multi


@pytest.fixture
def mill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module, imported anew, with its values in a folder of this test's own."""
    monkeypatch.setenv("MILL_VALUES", str(tmp_path / "values"))
    sys.modules.pop("examples.mill", None)
    module = importlib.import_module("examples.mill")
    yield module
    module.repo.shutdown()
    del sys.modules["examples.mill"]


def test_one_day_by_hand(mill: ModuleType) -> None:
    repo = mill.repo
    with rs.Storage.memory() as storage:
        repo.resolve(storage)
        repo.materialize(["prices"], partition_key=single("2026-03-27"))
        day = multi({"day": "2026-03-28", "scale": "north"})
        repo.materialize(["sacks", "bill"], partition_key=day)
        assert repo.load_node("bill", partition_key=day) == 24 * 3 * 2270
        repo.materialize(["sent"])
        assert repo.load_node("sent") == 1
        with pytest.raises(PartitionValidationError, match="offset=-1"):
            repo.materialize(["sacks", "bill"], partition_key=multi({"day": "2026-03-01", "scale": "north"}))
        with pytest.raises(ExecutionError, match=r"nearest valid keys: .*scale=north"):
            repo.materialize(["sacks"], partition_key=multi({"day": "2026-03-28", "scale": "nord"}))


def test_the_week_of_the_change_of_the_clocks(mill: ModuleType) -> None:
    with Scenario(mill.repo, start="2026-03-25T12:00:00Z").blocking() as sim:
        sim.advance("7d")
        repo, storage = sim.repo, sim.storage
        # For the first day there is no price of the evening before.
        failed = [str(run.partition_key) for run in sim.runs(status="Failure")]
        assert failed == ["day=2026-03-25|scale=north", "day=2026-03-25|scale=south"]
        bills = [str(key) for key in storage.get_materialized_partitions("bill")]
        assert bills == [f"day=2026-03-{day}|scale={scale}" for day in range(26, 32) for scale in ("north", "south")]
        assert repo.load_node("sacks", partition_key=multi({"day": "2026-03-29", "scale": "south"})) == 23 * 2
        assert [str(key) for key in storage.get_materialized_partitions("welcome")] == ["Ann", "Bob", "Cees"]
        assert repo.load_node("welcome", partition_key=single("Bob")) == "Dear Bob, welcome at the mill"


def test_it_runs_from_the_command_line(tmp_path: Path) -> None:
    def rivers(*arguments: str) -> subprocess.CompletedProcess[str]:
        sys.modules.pop("examples.mill", None)
        environment = {"COLUMNS": "120", "MILL_VALUES": str(tmp_path / "values")}
        return commands.rivers(tmp_path, environment, *arguments, "--storage-path", "store")

    made = rivers("materialize", "examples.mill", "--select", "prices", "--partition-key", "2026-03-27")
    assert made.returncode == 0, made.stderr
    key = "day=2026-03-28|scale=north"
    made = rivers("materialize", "examples.mill", "--job", "weighing", "--partition-key", key)
    assert made.returncode == 0, made.stderr
    listed = rivers("runs")
    assert f"weighing [{key}]" in listed.stdout
    assert "[2026-03-27]" in listed.stdout
