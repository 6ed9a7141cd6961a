"""What ``import rivers`` loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("pydantic", "anyio", "surrealdb", "croniter", "loky", "pyarrow")


def heavy_modules_after(statement: str) -> list[str]:
    """The heavy packages that a fresh interpreter has loaded after the statement."""
    code = f"{statement}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_rivers_loads_nothing_heavy() -> None:
    assert heavy_modules_after("import rivers") == []


def test_partitions_that_need_no_cron_expression_load_nothing_heavy() -> None:
    declared = "rs.PartitionsDefinition.time_window(datetime(2024, 1, 1), interval_seconds=60)"
    assert heavy_modules_after(f"import rivers as rs; from datetime import datetime; {declared}") == []


def test_a_heavy_import_would_be_seen() -> None:
    assert heavy_modules_after("import rivers, anyio") == ["anyio"]
