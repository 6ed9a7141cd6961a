"""Steps in worker processes in simulated time: what takes how long, and the same trace every time."""

from __future__ import annotations

import anyio
import pytest

from rivers.execution.workers import process as worker_process
from rivers.simulation import Scenario
from scenarios.elsewhere import told_elsewhere
from scenarios.parallel_story import hourly, tell
from tests.soak import SOAK

ELSEWHERE = [(backend, seed) for backend in ("asyncio", "trio") for seed in ("0", "20261121")]

EXPECTED = """\
0 StepStart a_minute
0 StepStart quick_1
0 StepSuccess quick_1
0 StepStart failing
0 StepRetry failing
0 StepStart half_a_minute
0 StepStart calm
0 StepStart here
25 StepSuccess here
25 StepStart drowsy
30 StepStart failing
30 StepRetry failing
30 StepSuccess half_a_minute
30 StepStart quick_2
30 StepSuccess quick_2
30 StepStart quick_3
30 StepSuccess quick_3
30 StepStart quick_4
30 StepSuccess quick_4
30 StepStart quick_5
30 StepSuccess quick_5
30 StepStart quick_6
30 StepSuccess quick_6
30 StepStart quick_7
30 StepSuccess quick_7
30 StepStart a_quarter
35 StepSuccess drowsy
45 StepSuccess a_quarter
45 StepStart endless
50 StepSuccess calm
60 StepSuccess a_minute
60 StepStart failing
60 StepFailure failing
85 StepFailure endless
a_minute ['00:00:00', '00:01:00']
half_a_minute ['00:00:00', '00:00:30']
a_quarter ['00:00:30', '00:00:45']
here 00:00:25
drowsy 00:00:35"""
"""Two slots. A retry that is due waits for one; what runs in this process needs none, but has one thread: ``drowsy``
waits for ``here``, which would have taken it along. The timeout counts from the start."""


@pytest.fixture(scope="module")
def told() -> str:
    """The story as asyncio tells it."""
    return anyio.run(tell, backend="asyncio")


def test_steps_that_wait_on_the_clock_share_two_slots_and_end_when_they_would(told: str) -> None:
    assert told.partition("\n")[2] == EXPECTED


@pytest.mark.parametrize(("backend", "hash_seed"), ELSEWHERE if SOAK else [("asyncio", "20261121")])
def test_another_process_tells_it_the_same(told: str, backend: str, hash_seed: str) -> None:
    assert told_elsewhere("parallel_story", backend, PYTHONHASHSEED=hash_seed) == told


@pytest.mark.anyio
async def test_a_killed_graph_takes_its_sleeping_workers_along_and_the_next_run_is_whole() -> None:
    before = set(worker_process._living)
    async with Scenario(hourly, start="2026-01-01T00:30:00Z") as sim:
        await sim.clock.advance("30m 40s")
        assert [run.status for run in sim.runs()] == ["Started"]
        workers = set(worker_process._living) - before
        assert workers
        await sim.restart()
        await sim.clock.advance("1h 1m")
        assert [run.status for run in sim.runs()] == ["Failure", "Success"]
        assert not workers & set(worker_process._living)


def test_warm_workers_and_a_known_pace_change_nothing(told: str) -> None:
    for _ in range(10 if SOAK else 1):
        assert anyio.run(tell, backend="trio") == told
