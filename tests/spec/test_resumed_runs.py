"""Runs that are executed again under their id."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import (
    ExecutionError,
)
from tests.spec.conftest import Build
from tests.spec.recorded import event_of, subjects_of


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def doubled(raw: int) -> int:
    return raw * 2


def record(storage: rs.Storage, run_id: str) -> rs.RunRecord:
    """Return the stored run, which must exist."""
    found = storage.get_run(run_id)
    assert found is not None
    return found


class Shaky:
    """Steps that fail while their names are in ``failing``, and note their calls."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.calls: list[str] = []

    def step(self, name: str, *inputs: str, **settings: Any) -> rs.SingleAsset:
        """Return an asset of that name over those inputs."""

        def called() -> int:
            self.calls.append(name)
            if name in self.failing:
                raise ValueError(name)
            return 1

        return rs.Asset(name=name, **settings)(eval(f"lambda {', '.join(inputs)}: called()", {"called": called}))


@pytest.mark.rule("repository 3.4.1", "repository 3.4.2")
def test_a_resumed_run_does_what_is_left_and_its_record_tells_the_new_end(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    assets = [shaky.step("one"), shaky.step("two", "one"), shaky.step("three", "two"), shaky.step("apart")]
    repo = build(*assets)
    shaky.failing = {"two"}
    first = repo.materialize(raise_on_error=False, tags=[("team", "x")])
    failed = record(storage, first.run_id)
    assert (failed.status, failed.error) == ("Failure", "ValueError: two")
    shaky.failing = set()
    shaky.calls.clear()
    again = repo.materialize(run_id_override=first.run_id, resume=True)
    assert again == rs.RunResult(True, first.run_id, ["one", "apart", "two", "three"], [])
    assert shaky.calls == ["two", "three"]
    ended = record(storage, first.run_id)
    assert (ended.status, ended.error, ended.traceback, ended.tags) == ("Success", None, None, [("team", "x")])
    assert ended.start_time == failed.start_time
    assert ended.started_at is not None
    assert ended.end_time is not None
    assert failed.end_time is not None
    assert ended.end_time > ended.started_at > failed.end_time
    assert storage.get_runs(status="Failure") == []
    assert [run.run_id for run in storage.get_runs(status="Success")] == [first.run_id]
    assert storage.in_flight() == []


@pytest.mark.rule("repository 3.4.2")
def test_a_resumed_run_that_fails_again_tells_the_newer_failure(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    repo = build(shaky.step("one"), shaky.step("two", "one"), shaky.step("three", "two"))
    shaky.failing = {"two"}
    repo.materialize(raise_on_error=False, run_id_override="r")
    shaky.failing = {"three"}
    again = repo.materialize(run_id_override="r", resume=True, raise_on_error=False)
    assert again.failed_assets == [("three", "ValueError: three")]
    assert again.materialized_assets == ["one", "two", "three"]
    assert (record(storage, "r").status, record(storage, "r").error) == ("Failure", "ValueError: three")
    with pytest.raises(ValueError, match="three"):
        repo.materialize(run_id_override="r", resume=True)
    assert shaky.calls == ["one", "two", "two", "three", "three"]


@pytest.mark.rule("repository 3.4.1")
def test_resuming_a_run_that_succeeded_does_nothing_and_lists_everything(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    repo = build(shaky.step("one"), shaky.step("two", "one"))
    repo.materialize(run_id_override="r")
    result = repo.materialize(run_id_override="r", resume=True)
    assert result == rs.RunResult(True, "r", ["one", "two"], [])
    assert shaky.calls == ["one", "two"]
    assert record(storage, "r").status == "Success"


@pytest.mark.rule("repository 3.4.3")
def test_a_step_that_failed_when_it_was_last_executed_is_done_again(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    repo = build(shaky.step("one"))
    repo.materialize(run_id_override="r")
    shaky.failing = {"one"}
    repo.materialize(run_id_override="r", raise_on_error=False)
    shaky.failing = set()
    assert repo.materialize(run_id_override="r", resume=True).success
    assert shaky.calls == ["one", "one", "one"]


@pytest.mark.rule("repository 3.4.3")
def test_what_was_done_before_a_run_was_begun_anew_is_not_done(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    pressing: list[int] = []

    def pressed() -> int:
        shaky.calls.append("one")
        if pressing:
            signal.raise_signal(signal.SIGINT)
        return 1

    repo = build(rs.Asset(name="one")(pressed), shaky.step("two", "one"))
    repo.materialize(run_id_override="r")
    pressing.append(1)
    with pytest.raises(KeyboardInterrupt):
        repo.materialize(run_id_override="r")
    pressing.clear()
    for _ in range(2):  # a second resume repeats nothing
        assert repo.materialize(run_id_override="r", resume=True).materialized_assets == ["one", "two"]
    assert shaky.calls == ["one", "two", "one", "one", "two"]


@pytest.mark.rule("repository 3.4.4")
def test_resuming_what_never_was_is_a_fresh_run(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, doubled)
    result = repo.materialize(run_id_override="new", resume=True)
    assert (result.run_id, result.materialized_assets) == ("new", ["raw", "doubled"])
    assert record(storage, "new").status == "Success"
    assert repo.materialize(resume=True).materialized_assets == ["raw", "doubled"]


@pytest.mark.rule("repository 3.4.5")
def test_a_cancelled_run_can_be_resumed(build: Build, storage: rs.Storage) -> None:
    @rs.Asset
    def first(context: rs.AssetExecutionContext) -> int:
        assert context.run_id is not None
        storage.cancel_run(context.run_id, 1)
        return 1

    second = rs.Asset(name="second")(lambda first: first + 1)
    repo = build(first, second)
    assert repo.materialize(run_id_override="r").materialized_assets == ["first"]
    assert record(storage, "r").status == "Canceled"
    result = repo.materialize(run_id_override="r", resume=True)
    assert result == rs.RunResult(True, "r", ["first", "second"], [])
    assert (record(storage, "r").status, repo.load_node("second")) == ("Success", 2)


DYING = """
import os
import rivers as rs

one = rs.Asset(name="one")(lambda: 1)
two = rs.Asset(name="two")(lambda one: os._exit(9))
repo = rs.CodeRepository([one, two])
repo.resolve(rs.Storage.embedded({folder!r}))
repo.materialize(run_id_override="r")
"""


@pytest.mark.rule("repository 3.4.5")
def test_the_run_of_a_process_that_died_can_be_resumed(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    assert subprocess.run([sys.executable, "-c", DYING.format(folder=folder)], check=False).returncode == 9
    repo = rs.CodeRepository([rs.Asset(name="one")(lambda: 1), rs.Asset(name="two")(lambda one: one + 1)])
    with rs.Storage.embedded(folder) as storage, repo:
        repo.resolve(storage)
        assert record(storage, "r").status == "Started"
        assert repo.materialize(run_id_override="r", resume=True).materialized_assets == ["one", "two"]
        assert (record(storage, "r").status, repo.load_node("two")) == ("Success", 2)


LONG_BEFORE_IT_DIED = """
import asyncio, os, signal, time
import rivers as rs
from rivers.storage import groups

groups.GROUP_SPAN_NS_MAX = 100_000_000

async def long():
    await asyncio.sleep(0.1)
    return 1

def regions():
    time.sleep(0.1)
    return {{"north": 1, "south": 1}}

beside = [rs.Asset(name=name)(long) for name in ("one", "two", "three")]
parts = rs.Asset.from_multi(output_defs=[rs.AssetDef("north"), rs.AssetDef("south")])(regions)
last = rs.Asset(name="last")(lambda one, two, three, north, south: os.kill(os.getpid(), signal.SIGKILL))
repo = rs.CodeRepository([*beside, parts, last])
repo.resolve(rs.Storage.embedded({folder!r}))
repo.materialize(run_id_override="r")
"""


@pytest.mark.rule("repository 3.4.5")
def test_long_steps_that_ended_together_and_all_outputs_of_one_are_not_lost_with_the_process(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    killed = subprocess.run([sys.executable, "-c", LONG_BEFORE_IT_DIED.format(folder=folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with rs.Storage.embedded(folder) as storage:
        assert sorted(subjects_of(storage, "r", "StepSuccess")) == ["north", "one", "south", "three", "two"]


@pytest.mark.rule("repository 3.4.6")
@pytest.mark.parametrize("resume", [True, False])
def test_a_run_that_is_executed_just_now_cannot_be_executed_a_second_time(
    build: Build, storage: rs.Storage, resume: bool
) -> None:
    faults: list[str] = []

    @rs.Asset
    def again(context: rs.AssetExecutionContext) -> int:
        with pytest.raises(ExecutionError, match="'r' is Started") as caught:
            repo.materialize(["raw"], run_id_override=context.run_id, resume=resume)
        faults.append(str(caught.value))
        return 1

    repo = build(again, raw)
    assert repo.materialize(["again"], run_id_override="r").success
    assert len(faults) == 1
    assert subjects_of(storage, "r", "StepStart") == ["again"]


@pytest.mark.rule("repository 3.4.6")
def test_a_run_that_waits_in_the_queue_is_left_to_it(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, run_queue=rs.RunQueueConfig())
    handle = repo._submit_run(["raw"])
    with pytest.raises(ExecutionError, match="Queued"):
        repo.materialize(run_id_override=handle.run_id, resume=True)
    assert handle.status == "Queued"


@pytest.mark.rule("repository 3.4.7")
def test_a_run_of_a_job_stays_one_when_it_is_resumed(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    one, two = shaky.step("one"), shaky.step("two", "one")
    repo = build(one, two, jobs=[rs.Job("nightly", [one, two])])
    shaky.failing = {"two"}
    run_id = repo.get_job("nightly").execute(raise_on_error=False, tags=[("rivers/priority", "4")]).run_id
    shaky.failing = set()
    repo.materialize(run_id_override=run_id, resume=True)
    run = record(storage, run_id)
    assert (run.status, run.job_name, run.priority) == ("Success", "nightly", 4)


@pytest.mark.rule("repository 3.4.8")
def test_a_resumed_run_says_that_it_used_the_data_of_its_first_half(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    repo = build(shaky.step("one"), shaky.step("two", "one"))
    shaky.failing = {"two"}
    repo.materialize(run_id_override="r", raise_on_error=False)
    version = event_of(storage, "r", "Materialization", "one").data_version
    shaky.failing = set()
    repo.materialize(run_id_override="r", resume=True)
    assert event_of(storage, "r", "Materialization", "two").input_data_versions == [("one", version)]


@pytest.mark.rule("repository 3.4.9")
def test_a_resumed_run_goes_on_inside_of_a_graph(build: Build, storage: rs.Storage) -> None:
    calls: list[str] = []

    def first() -> int:
        calls.append("first")
        return 1

    def second(first: int) -> int:
        calls.append("second")
        return first // len(calls[2:])

    one, two = rs.Task(first), rs.Task(second)
    graph = rs.Asset.from_graph(lambda: two(one()), name="g")
    repo = build(graph, tasks=[one, two])
    failed = repo.materialize(run_id_override="r", raise_on_error=False)
    assert [name for name, _ in failed.failed_assets] == ["g/second", "g"]
    result = repo.materialize(run_id_override="r", resume=True)
    assert result == rs.RunResult(True, "r", ["g/first", "g/second", "g"], [])
    assert calls == ["first", "second", "second"]
    assert repo.load_node("g") == 1


@pytest.mark.rule("repository 3.4.9")
def test_a_resumed_run_leaves_a_multi_asset_alone_that_is_done(build: Build) -> None:
    calls: list[int] = []

    @rs.Asset.from_multi(output_defs=[rs.AssetDef("one"), rs.AssetDef("two")])
    def pair() -> dict[str, int]:
        calls.append(1)
        return {"one": 1, "two": 2}

    tries: list[int] = []

    def shaky(one: int) -> int:
        tries.append(1)
        return one // (len(tries) - 1)

    repo = build(pair, rs.Asset(shaky))
    repo.materialize(run_id_override="r", raise_on_error=False)
    assert repo.materialize(run_id_override="r", resume=True).materialized_assets == ["one", "two", "shaky"]
    assert (calls, repo.load_node("shaky")) == ([1], 1)


@pytest.mark.rule("repository 3.4.9")
def test_a_resumed_run_repeats_only_the_instances_that_failed(build: Build, storage: rs.Storage) -> None:
    calls: list[int] = []
    is_broken = [True]

    def square(n: int) -> int:
        calls.append(n)
        if n == 2 and is_broken[0]:
            raise ValueError("two")
        return n * n

    ids, squared = rs.Task(lambda: [1, 2, 3], name="ids"), rs.Task(square)
    total = rs.Task(lambda v: sum(v), name="total")
    graph = rs.Asset.from_graph(lambda: total(ids().map(squared).collect()), name="g")
    repo = build(graph, tasks=[ids, squared, total])
    failed = repo.materialize(run_id_override="r", raise_on_error=False)
    assert failed.failed_assets[0][0].startswith("g/square")
    is_broken[0] = False
    result = repo.materialize(run_id_override="r", resume=True)
    assert result.success
    assert calls == [1, 2, 3, 2]
    assert repo.load_node("g") == 14
    assert result.materialized_assets[-1] == "g"
    assert len([name for name in result.materialized_assets if name.startswith("g/square")]) >= 3


@pytest.mark.rule("repository 3.3.2")
def test_each_execution_under_one_id_makes_data_of_a_version_of_its_own(build: Build, storage: rs.Storage) -> None:
    repo = build(raw)
    for _ in range(2):
        repo.materialize(run_id_override="r")
    versions = [event.data_version for event in storage.get_events_for_asset("raw") if event.data_version]
    assert len(versions) == len(set(versions)) == 2
