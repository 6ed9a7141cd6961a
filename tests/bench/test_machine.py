"""What other processes use is told apart from what we use."""

from __future__ import annotations

from pathlib import Path

import pytest

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
