"""Steps have numbers as long as there are steps, and workers forget what was made for one run."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers import step_keys
from rivers.execution.workers.step_keys import StepKeys
from tests.execution import worker_functions as functions
from tests.repositories import Build


@pytest.fixture
def step(build: Build) -> Step:
    repo = build(rs.Asset(functions.process))
    return repo._resolved._levels(["process"], repo._resolved.resources, {})[0][0]


def test_the_same_object_has_the_same_number_and_another_has_another(step: Step) -> None:
    keys, other = StepKeys(), replace(step)
    assert keys.key(step) == keys.key(step) != keys.key(other)
    assert keys.forgotten_count == 0


def test_the_number_of_a_step_that_is_gone_is_told_once_and_not_given_again(step: Step) -> None:
    keys = StepKeys()
    kept = keys.key(step)
    gone = [keys.key(replace(step)) for _ in range(3)]
    assert len({kept, *gone}) == 4
    assert keys.forgotten_since(0) == (gone, 3)
    assert keys.forgotten_since(2) == (gone[2:], 3)
    assert keys.forgotten_since(3) == ([], 3)
    assert keys.key(step) == kept


def test_of_what_is_gone_no_more_is_remembered_than_a_worker_may_know(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_keys, "DEFINITIONS_MAX", 4)
    keys = StepKeys()
    numbers = [keys.key(replace(step)) for _ in range(20)]
    gone, count = keys.forgotten_since(0)
    assert count == keys.forgotten_count == 20
    assert gone == numbers[-len(gone) :]
    assert 4 <= len(gone) <= 8


def test_steps_of_several_threads_get_numbers_of_their_own(step: Step) -> None:
    keys, numbers = StepKeys(), list[int]()
    together = threading.Barrier(4)

    def number() -> None:
        together.wait()
        numbers.extend(keys.key(replace(step)) for _ in range(200))

    threads = [threading.Thread(target=number) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 800
    assert sorted(keys.forgotten_since(0)[0]) == sorted(numbers)


class Label(rs.Resource):
    text: str = "plain"


def labelled(label: Label) -> tuple[str, int]:
    return label.text, os.getpid()


def test_a_worker_keeps_nothing_of_a_run_that_changed_its_resources(build: Build, tmp_path: Path) -> None:
    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))
    assets = [rs.Asset(labelled, name=name, io_handler=handler) for name in ("one", "two")]
    repo = build(*assets, resources={"label": Label()}, default_executor=rs.Executor.parallel(1))
    seen: list[tuple[str, int]] = []
    for number in range(5):
        assert repo.materialize(config={"resources": {"label": {"text": str(number)}}}).success
        seen.append(repo.load_node("one"))
        assert repo.materialize().success
        [worker] = repo.environment.workers._idle
        assert len(worker._known) == 2
    assert seen == [(str(number), seen[0][1]) for number in range(5)]
    assert seen[0][1] != os.getpid()
    assert repo.environment.workers._keys.forgotten_count == 10
