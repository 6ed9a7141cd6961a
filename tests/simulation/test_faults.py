"""A fault plan depends on its seed and on nothing else."""

from __future__ import annotations

import pytest

from rivers.simulation.faults import FaultPlan, Faults


def crashes(faults: Faults, seed: int, commits: int = 200) -> list[int]:
    plan = FaultPlan(faults, seed)
    return [number for number in range(1, commits + 1) if plan.watch([])]


def test_crashes_come_after_the_commits_that_were_named() -> None:
    assert crashes(Faults(crash_after_commits=(2, 5)), seed=0) == [2, 5]


def test_a_rate_is_drawn_by_the_seed() -> None:
    rate = Faults(crash_rate=0.1)
    assert crashes(rate, seed=1) == crashes(rate, seed=1) != crashes(rate, seed=2)
    assert 5 < len(crashes(rate, seed=1)) < 40


def test_lost_messages_are_drawn_by_the_seed() -> None:
    def lost(seed: int) -> list[bool]:
        plan = FaultPlan(Faults(lost_messages=0.5), seed)
        return [plan.loses("hint") for _ in range(100)]

    assert lost(1) == lost(1) != lost(2)
    assert 30 < sum(lost(1)) < 70


def test_no_plan_plants_nothing() -> None:
    plan = FaultPlan(None, 0)
    assert not plan.watch([])
    assert not plan.loses("hint")
    assert not plan.crash_due


@pytest.mark.parametrize("name", ["crash_rate", "lost_messages"])
@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_outside_zero_to_one_is_refused(name: str, share: float) -> None:
    with pytest.raises(ValueError, match=name):
        Faults(**{name: share})
