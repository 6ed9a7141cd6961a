"""``rivers serve`` is killed with SIGKILL again and again under load, and each time everything it told is found.

``RIVERS_CRASH_SEED=N`` repeats the choices of a failure: after how many lines and how much later each kill comes, and
which limit each life has. Where in the code that is, the machine decides.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random

from rivers.durations import NANOS_PER_SECOND
from rivers.records import TERMINAL_STATUSES
from tests.crash.checkers import CHECKERS
from tests.crash.evidence import Evidence, Life
from tests.crash.harness import live_and_be_killed, live_and_be_stopped
from tests.soak import SOAK

KILLS = 20 if SOAK else 4
SEED = int(os.environ.get("RIVERS_CRASH_SEED", "20261121"))
FINDINGS_SHOWN = 20


def test_kills_under_load_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    evidence, random = Evidence(), Random(SEED)
    left: Counter[str] = Counter()
    for _ in range(KILLS):
        life = live_and_be_killed(tmp_path, evidence, random)
        print(summary(life, evidence))
        judge(evidence, tmp_path)
        left.update({run.status for run in evidence.found.runs.values()} - TERMINAL_STATUSES)
    life, code = live_and_be_stopped(tmp_path, evidence)
    print(summary(life, evidence))
    judge(evidence, tmp_path)
    assert code == 0
    assert evidence.found.started == set(), "a clean stop waits for what has started"
    # Without these the kills would have shown nothing.
    assert left["Started"] >= KILLS // 2, f"the kills left Started runs too rarely: {left}"
    assert left["Queued"], f"no kill left a Queued run: {left}"


def judge(evidence: Evidence, folder: Path) -> None:
    """Ask every checker; fail with what they found and how to see it again."""
    findings = {checker.__name__: found for checker in CHECKERS if (found := checker(evidence))}
    told = "\n".join(
        line
        for name, found in findings.items()
        for line in (f"{name}: {len(found)} findings", *(f"  {each}" for each in found[:FINDINGS_SHOWN]))
    )
    again = f"RIVERS_SOAK={SOAK:d} RIVERS_CRASH_SEED={SEED} python -m pytest tests/crash/test_serve_sigkill.py"
    assert not findings, f"after life {len(evidence.lives)} on {folder}:\n{told}\nagain: {again}"


def summary(life: Life, evidence: Evidence) -> str:
    """One line about a life: its load, and what the kill found it at."""
    ends = [line["at"] for line in life.lines if line["kind"] == "run" and line["facts"]["status"] in TERMINAL_STATUSES]
    seconds = (ends[-1] - life.lines[0]["at"]) / NANOS_PER_SECOND
    left = Counter(run.status for run in evidence.found.runs.values() if run.status not in TERMINAL_STATUSES)
    last = life.lines[-1]
    return (
        f"life {life.number}, limit {life.limit}: {len(ends)} runs ended in {seconds:.2f} s; the last line was"
        f" {last['kind']} {last['facts'].get('status') or last['facts'].get('type')},"
        f" {life.ended_at % NANOS_PER_SECOND / NANOS_PER_SECOND:.3f} s into the second; left {dict(left)}"
    )
