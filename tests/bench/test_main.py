"""The one command, at sizes that take a moment. What things cost is never asserted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bench import __main__ as command
from bench import (
    idle_month,
    memory,
    parallel,
    partitions,
    queued,
    resolve,
    scheduled,
    simulated,
    sleepers,
    start_up,
    steps,
)
from bench.apart import Sample
from bench.figures import Figure

TINY: dict[Any, dict[str, int]] = {
    start_up: {"processes": 1},
    steps: {"steps": 20, "repeats": 1},
    parallel: {"steps": 20, "workers": 2, "repeats": 1},
    scheduled: {"schedules": 2, "seconds": 1},
    queued: {"runs": 12},
    memory: {"assets": 30},
    resolve: {"assets": 30},
    partitions: {"keys": 2000, "calls": 2},
    simulated: {"runs": 4},
    sleepers: {"tickers": 2, "seconds": 10},
    idle_month: {"days": 2},
}


def measured_here(measure: Callable[..., dict[str, float]], **sizes: Any) -> Sample:
    """What a subject measures, without the process of its own in which it costs a second more."""
    return Sample(measure(**sizes), loop_seconds=1.0, others=0.0)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for subject in TINY:
        if subject not in (memory, parallel):  # a figure of the whole process, and workers of its own
            monkeypatch.setattr(subject, "apart", measured_here, raising=False)
    monkeypatch.setattr(simulated, "use_one_core", lambda: None)
    monkeypatch.setattr(scheduled, "WARM_UP_SECONDS", 0)


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("subject", TINY, ids=lambda subject: subject.__name__)
def test_every_subject_measures_something(subject: Any) -> None:
    figures = subject.figures(**TINY[subject])
    assert figures
    assert all(figure.ours > 0 for figure in figures)
    assert all(figure.floor is not None and figure.floor.value > 0 for figure in figures)


def test_every_subject_is_listed_in_the_command() -> None:
    assert sorted(subject.__name__.removeprefix("bench.") for subject in TINY) == sorted(command.SUBJECTS)


def test_a_name_that_is_no_subject_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["step"])
    assert "no subject is called 'step'" in capsys.readouterr().err


def test_the_figures_can_be_had_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "figures", lambda: [Figure(what="it", unit="s", ours=2.0, budget=4.0)])
    assert command.main(["resolve", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"][0]["of_budget"] == 0.5
    assert told["machine"]["loop_seconds"] > 0


def test_a_subject_that_fails_stops_no_other_and_shows_in_the_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> list[Figure]:
        raise RuntimeError("it did not end")

    monkeypatch.setattr(resolve, "figures", fail)
    monkeypatch.setattr(memory, "figures", lambda: [Figure(what="the other", unit="s", ours=2.0)])
    assert command.main(["resolve", "memory"]) == 1
    told = capsys.readouterr()
    assert "it did not end" in told.err
    assert "the other" in told.out
