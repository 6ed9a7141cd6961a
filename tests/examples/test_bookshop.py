"""The bundled bookshop works: by hand, from the command line, and through a simulated week."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import rivers as rs
from rivers.simulation import Scenario
from tests import commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bookshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module, imported anew, with its values in a folder of this test's own."""
    monkeypatch.setenv("BOOKSHOP_VALUES", str(tmp_path / "values"))
    sys.modules.pop("examples.bookshop", None)
    module = importlib.import_module("examples.bookshop")
    yield module
    module.repo.shutdown()
    del sys.modules["examples.bookshop"]


def test_one_morning_by_hand(bookshop: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    repo, storage = bookshop.repo, rs.Storage.memory()
    repo.resolve(storage)
    result = repo.materialize()
    assert result.failed_assets == []
    report = "No. 1: 58.90 EUR, 2400 books, ask for Emma and Dracula"
    assert repo.load_node("report") == report
    assert f"report: {report}\n" in capsys.readouterr().out
    assert {f"books/shelved[{branch}]" for branch in ("utrecht", "delft", "gouda")} <= set(result.materialized_assets)
    assert repo.load_node("books/check_scales") == "scales are level"
    assert "catalogue" not in result.materialized_assets
    repo.observe()
    record = storage.get_asset_record("catalogue")
    assert record is not None
    assert record.last_data_version == "4640"
    storage.close()


def test_a_run_may_ask_for_less(bookshop: ModuleType) -> None:
    repo, storage = bookshop.repo, rs.Storage.memory()
    repo.resolve(storage)
    assert repo.materialize(["bestsellers"], include_upstream=True).materialized_assets == ["orders", "bestsellers"]
    repo.materialize(["bestsellers"], config={"bestsellers": {"titles": 1}})
    assert repo.load_node("bestsellers") == ["Emma"]
    storage.close()


def test_a_week_of_breakfasts_across_the_change_of_the_clocks(bookshop: ModuleType) -> None:
    with Scenario(bookshop.repo, start="2026-03-25T12:00:00Z").blocking() as sim:
        sim.advance("7d")
        runs = sim.runs()
        assert [run.status for run in runs] == ["Success"] * 7
        hours = [run.start_time // 3_600_000_000_000 % 24 for run in runs]
        assert hours == [5, 5, 5, 4, 4, 4, 4]  # UTC: summer time begins on the 29th
        assert sim.repo.load_node("report").startswith("No. 7: ")


def test_it_runs_from_the_command_line(tmp_path: Path) -> None:
    sys.modules.pop("examples.bookshop", None)
    environment = {"BOOKSHOP_VALUES": str(tmp_path / "values")}
    done = commands.rivers(tmp_path, environment, "materialize", "examples.bookshop", "--storage-path", "store")
    assert done.returncode == 0, done.stderr
    assert "report: No. 1: 58.90 EUR" in done.stdout
