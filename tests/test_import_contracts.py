"""The import contracts of pyproject.toml see the mistakes they are there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# module, what it wrongly imports, the contract that this breaks
MISTAKES = [
    ("rivers.queueing.admission", "rivers.storage", "Imports point one way"),
    ("rivers.storage.schema", "rivers.daemons.graph", "Imports point one way"),
    ("rivers.scheduling.due", "rivers.clock", "Decisions are pure"),
    ("rivers.scheduling.zones", "anyio", "Decisions are pure"),
    ("rivers.daemons.sensors", "rivers.daemons.schedules", "Daemons meet in messages only"),
    ("rivers.daemons.schedules", "surrealdb", "Only storage speaks to the engine"),
]


def contracts_of(project: Path) -> subprocess.CompletedProcess[str]:
    """Judge the sources in ``project`` (and not those that are installed) by its own pyproject.toml."""
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command(sys.argv[1:])"
    command = [sys.executable, "-c", code, "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(project), "COLUMNS": "200"}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copied_project(tmp_path: Path) -> Path:
    """The sources and their contracts, free to be spoilt."""
    shutil.copytree(ROOT / "rivers", tmp_path / "rivers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_against_the_direction_are_caught_and_named(copied_project: Path) -> None:
    future = "from __future__ import annotations\n"
    for module, imported, _ in MISTAKES:
        path = copied_project / f"{module.replace('.', '/')}.py"
        source = path.read_text(encoding="utf-8")
        assert future in source
        path.write_text(source.replace(future, f"{future}\nimport {imported}\n", 1), encoding="utf-8")
    done = contracts_of(copied_project)
    assert done.returncode == 1
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    for module, imported, contract in MISTAKES:
        assert any(line.startswith(contract) for line in broken), done.stdout
        assert f"{module} -> {imported}" in done.stdout


def test_the_sources_as_they_are_keep_every_contract(copied_project: Path) -> None:
    done = contracts_of(copied_project)
    assert done.returncode == 0, done.stdout
