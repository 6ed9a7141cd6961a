"""How many small steps a worker gets at a time."""

from __future__ import annotations

import pytest

from rivers.execution.pace import BATCH_MAX, Pace


def paced(seconds: float) -> Pace:
    pace = Pace()
    pace.observe(seconds)
    return pace


@pytest.mark.parametrize(
    ("seconds", "remaining", "workers", "batch"),
    [
        (1e-9, 10_000, 2, BATCH_MAX),
        (0.001, 10_000, 2, 20),
        (0.001, 40, 2, 10),  # half of a fair share, so that the workers end together
        (0.001, 1, 2, 1),
        (0.5, 10_000, 2, 1),
    ],
)
def test_a_batch_fits_in_its_time_and_leaves_the_others_their_share(
    seconds: float, remaining: int, workers: int, batch: int
) -> None:
    assert paced(seconds).batch(remaining, workers) == batch


def test_steps_go_one_by_one_until_one_has_been_timed() -> None:
    assert Pace().batch(1000, 2) == 1


def test_a_shorter_step_tells_more_than_a_longer_one() -> None:
    pace = paced(1.0)
    pace.observe(0.0)
    assert pace.seconds == pytest.approx(0.5)
    pace.observe(1.0)
    assert pace.seconds == pytest.approx(0.6)


def test_a_new_worker_is_started_only_for_more_work_than_its_start_takes() -> None:
    assert Pace().deserves_a_new_worker(1, 1)
    assert paced(0.001).deserves_a_new_worker(1, 0)
    assert not paced(0.001).deserves_a_new_worker(100, 1)
    assert paced(0.01).deserves_a_new_worker(100, 1)
    assert not paced(0.01).deserves_a_new_worker(100, 10)
