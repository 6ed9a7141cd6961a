"""What other processes use is told apart from what we use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.apart import ROOT
from bench.machine import Watch


def test_others_use_nothing_that_is_negative() -> None:
    watch = Watch()
    sum(range(100_000))
    assert watch.others() >= 0


def test_where_the_machine_tells_nothing_others_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: Path) -> str:
        raise FileNotFoundError("/proc/stat")

    monkeypatch.setattr(Path, "read_text", absent)
    watch = Watch()
    assert watch.others() == 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_process_can_be_kept_to_one_core() -> None:
    code = "import os; from bench.machine import use_one_core; use_one_core(); print(len(os.sched_getaffinity(0)))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "1\n"
