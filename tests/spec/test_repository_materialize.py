"""Section 1.4 of the specification of repositories: ``materialize``, and what a resumed run leaves behind."""

from __future__ import annotations

import subprocess
import sys
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import (
    AssetNotFoundError,
    AssetOutputValidationError,
    ConfigurationError,
    ExecutionError,
    GraphValidationError,
    PartitionValidationError,
)
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import SKIPPED, event_of, subjects_of, told, types_of


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def doubled(raw: int) -> int:
    return raw * 2


@rs.Asset
def summed(raw: int, doubled: int) -> int:
    return raw + doubled


def record(storage: rs.Storage, run_id: str) -> rs.RunRecord:
    """The stored run, which must exist."""
    found = storage.get_run(run_id)
    assert found is not None
    return found


# §1.4 the parameters, in order
def test_everything_but_the_selection_may_be_left_out_and_positions_are_documented(
    build: Build, storage: rs.Storage
) -> None:
    class Limits(BaseModel):
        rows: int = 1

    def events(context: Any) -> int:
        return context.config.rows

    events.__annotations__["context"] = rs.AssetExecutionContext[Limits]
    repo = build(rs.Asset(events))
    assert repo.materialize().success
    result = repo.materialize(
        ["events"], None, [("team", "x")], False, {"events": {"rows": 2}}, "mine", True, False, rs.RetryPolicy(1)
    )
    assert result == rs.RunResult(True, "mine", ["events"], [])
    assert (record(storage, "mine").tags, repo.load_node("events")) == ([("team", "x")], 2)


# §1.4 rule 1
def test_no_selection_means_everything_with_standalone_tasks_and_without_external_assets(
    build: Build, storage: rs.Storage
) -> None:
    outside = Remembering()
    outside.values["outside"] = 20

    @rs.Asset
    def inside(outside: int) -> int:
        return outside + 1

    @rs.Task
    def told_task(inside: int) -> str:
        return f"{inside}"

    repo = build(rs.Asset.external(name="outside", io_handler=outside), inside, tasks=[told_task])
    result = repo.materialize()
    assert result.materialized_assets == ["inside", "told_task"]
    assert repo.load_node("told_task") == "21"
    assert record(storage, result.run_id).node_names == ["inside", "told_task"]


# §1.4 rule 1
def test_an_empty_selection_runs_nothing_and_succeeds(build: Build, storage: rs.Storage) -> None:
    result = build(raw).materialize([])
    assert (result.success, result.materialized_assets, result.failed_assets) == (True, [], [])
    assert record(storage, result.run_id).status == "Success"
    assert told(storage, result.run_id) == []


# §1.4 rule 1
def test_order_and_repetition_in_a_selection_do_not_matter(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, doubled, summed)
    for selection in (["summed", "doubled", "raw"], ["raw", "doubled", "raw", "summed", "summed"]):
        result = repo.materialize(selection)
        assert result.materialized_assets == ["raw", "doubled", "summed"]
        assert subjects_of(storage, result.run_id, "StepStart") == ["raw", "doubled", "summed"]


# §1.4 rule 1
@pytest.mark.parametrize("raise_on_error", [True, False])
def test_an_unknown_name_is_raised_in_any_case_and_makes_no_run(
    build: Build, storage: rs.Storage, raise_on_error: bool
) -> None:
    with pytest.raises(AssetNotFoundError, match="nowhere"):
        build(raw).materialize(["raw", "nowhere"], raise_on_error=raise_on_error)
    assert storage.get_runs() == []


# §1.4 rule 2
def test_the_default_handler_does_not_count_though_it_holds_the_value(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, doubled)
    repo.materialize()
    assert repo.load_node("raw") == 1
    runs = len(storage.get_runs())
    with pytest.raises(GraphValidationError, match=r"'doubled'.*'raw'.*not in the job and has no io_handler"):
        repo.materialize(["doubled"], raise_on_error=False)
    assert len(storage.get_runs()) == runs


# §1.4 rule 2
def test_an_upstream_outside_is_loaded_through_its_explicit_handler_or_that_of_the_input(build: Build) -> None:
    lake, other = Remembering(), Remembering()
    lake.values["up"], other.values["plain"] = 10, 20
    up = rs.Asset(name="up", io_handler=lake)(lambda: 1)
    plain = rs.Asset(name="plain")(lambda: 1)

    @rs.Asset(deps=[rs.AssetDef.input("plain", io_handler=other)])
    def down(up: int, plain: int) -> int:
        return up + plain

    repo = build(up, plain, down)
    assert repo.materialize(["down"]).materialized_assets == ["down"]
    assert repo.load_node("down") == 30


# §1.4 rule 2
def test_an_external_upstream_needs_not_be_selected(build: Build) -> None:
    outside = Remembering()
    outside.values["ext"] = 5
    down = rs.Asset(name="down")(lambda ext: ext)
    repo = build(rs.Asset.external(name="ext", io_handler=outside), down)
    assert repo.materialize(["down"]).success
    assert repo.load_node("down") == 5


# §1.4 rule 2
def test_an_upstream_by_lineage_only_needs_nothing(build: Build) -> None:
    later = rs.Asset(name="later", deps=[rs.AssetDef.dep("raw")])(lambda: 2)
    assert build(raw, later).materialize(["later"]).materialized_assets == ["later"]


# §1.4 rule 2
def test_a_handler_without_the_value_fails_the_step_with_its_own_error(build: Build) -> None:
    up = rs.Asset(name="up", io_handler=rs.PickleIOHandler(store=MemoryStore()))(lambda: 1)
    kept = rs.Asset(name="kept", io_handler=rs.InMemoryIOHandler())(lambda: 1)
    repo = build(up, kept, rs.Asset(name="a")(lambda up: up), rs.Asset(name="b")(lambda kept: kept))
    result = repo.materialize(["a", "b"], raise_on_error=False)
    messages = dict(result.failed_assets)
    assert messages["a"].startswith("FileNotFoundError: ")
    assert messages["b"].startswith("KeyError: 'kept'")
    with pytest.raises(FileNotFoundError):
        repo.materialize(["a"])


# §1.4 rule 3
def test_include_upstream_adds_all_upstreams_of_both_kinds_but_no_external_ones(build: Build) -> None:
    outside = Remembering()
    outside.values["ext"] = 5
    first = rs.Asset(name="first")(lambda ext: ext)
    second = rs.Asset(name="second", deps=[rs.AssetDef.dep("first")])(lambda: 1)
    third = rs.Asset(name="third")(lambda second: second)
    repo = build(rs.Asset.external(name="ext", io_handler=outside), first, second, third, raw)
    assert repo.materialize(["third"], include_upstream=True).materialized_assets == ["first", "second", "third"]
    assert repo.materialize(["third", "raw"], include_upstream=True).materialized_assets == [
        *("first", "raw", "second", "third")
    ]


# §1.4 rule 4
def test_tags_are_a_list_of_pairs_that_the_record_keeps(build: Build, storage: rs.Storage) -> None:
    tags = [("team", "x"), ("team", "y"), ("rivers/priority", "-3")]
    run = record(storage, build(raw).materialize(tags=tags).run_id)
    assert (run.tags, run.priority) == (tags, -3)


# §1.4 rule 4
@pytest.mark.parametrize("wrong", [{"team": "x"}, {}, "team", [("team", 1)], [("a", "b", "c")]])
def test_tags_of_another_shape_are_a_type_error(build: Build, storage: rs.Storage, wrong: Any) -> None:
    with pytest.raises(TypeError):
        build(raw).materialize(tags=wrong)
    assert storage.get_runs() == []


class Odd(Exception):
    """An exception of a user, with more than a message."""

    def __init__(self, code: int, *, detail: str) -> None:
        super().__init__(code)
        self.detail = detail


# §1.4 rule 5
def test_a_run_is_carried_to_its_end_before_the_first_failure_is_raised(build: Build, storage: rs.Storage) -> None:
    raised = Odd(7, detail="x")
    done: list[str] = []

    @rs.Asset
    def bad() -> int:
        raise raised

    @rs.Asset
    def worse() -> int:
        raise LookupError("second")

    @rs.Asset
    def free(raw: int) -> int:
        done.append("free")
        return raw

    @rs.Asset
    def dependent(bad: int) -> int:
        done.append("dependent")
        return bad

    repo = build(bad, worse, raw, free, dependent)
    with pytest.raises(Odd) as caught:
        repo.materialize(run_id_override="r")
    assert caught.value is raised
    assert (caught.value.args, caught.value.detail) == ((7,), "x")
    assert done == ["free"]
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "bad"
    assert types_of(storage, "r", "dependent") == ["StepFailure"]
    assert record(storage, "r").status == "Failure"


# §1.4 rule 5
def test_a_fault_that_the_framework_finds_has_its_own_type_and_no_wrapping(build: Build) -> None:
    @rs.Asset
    def wrong() -> int:
        return "text"  # type: ignore[return-value]

    with pytest.raises(AssetOutputValidationError, match="wrong"):
        build(wrong).materialize()


# §1.4 rule 5
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_and_an_exit_are_recorded_as_failures_and_raised_again(
    build: Build, storage: rs.Storage, kind: type[BaseException]
) -> None:
    @rs.Asset
    def leaves() -> int:
        raise kind(3)

    repo = build(leaves, raw)
    with pytest.raises(kind):
        repo.materialize(run_id_override="r")
    assert repo.load_node("raw") == 1
    assert record(storage, "r").status == "Failure"
    error = dict(event_of(storage, "r", "StepFailure", "leaves").metadata)["error"]
    assert error == f"{kind.__name__}: 3"
    assert repo.materialize(raise_on_error=False).failed_assets == [("leaves", error)]


# §1.4 rule 6
def test_without_raising_a_failed_result_comes_back(build: Build) -> None:
    bad = rs.Asset(name="bad")(lambda: 1 / 0)
    down = rs.Asset(name="down")(lambda bad: bad)
    result = build(bad, down).materialize(raise_on_error=False)
    assert not result.success
    assert result.failed_assets == [("bad", "ZeroDivisionError: division by zero"), ("down", SKIPPED)]


# §1.4 rule 6
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"selection": ["nowhere"]}, AssetNotFoundError),
        ({"selection": ["doubled"]}, GraphValidationError),
        ({"config": {"nowhere": {}}}, ConfigurationError),
        ({"retry": "nowhere"}, ConfigurationError),
        ({"partition_key": "2026-01-01"}, PartitionValidationError),
        ({"tags": {}}, TypeError),
    ],
)
def test_what_is_wrong_with_the_call_is_raised_all_the_same_and_makes_no_run(
    build: Build, storage: rs.Storage, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        build(raw, doubled).materialize(raise_on_error=False, **arguments)
    assert storage.get_runs() == []


# §1.4 rule 7
def test_a_run_id_is_a_uuid4_unless_one_is_given(build: Build, storage: rs.Storage) -> None:
    repo = build(raw)
    made = uuid.UUID(repo.materialize().run_id)
    assert (made.version, str(made)) == (4, storage.get_runs()[0].run_id)
    assert repo.materialize(run_id_override="mine").run_id == "mine"
    assert record(storage, "mine").status == "Success"


# §1.4 rule 7
def test_a_run_under_a_used_id_replaces_what_the_record_said(build: Build, storage: rs.Storage) -> None:
    tries: list[int] = []

    @rs.Asset
    def shaky() -> int:
        tries.append(1)
        if len(tries) == 2:
            raise ValueError("second")
        return 1

    repo = build(raw, shaky)
    ends: list[tuple[str, str | None, list[tuple[str, str]], list[str]]] = []
    for tags in ([("n", "1")], [("n", "2")], None):
        repo.materialize(["shaky"] if tags else None, run_id_override="r", tags=tags, raise_on_error=False)
        run = record(storage, "r")
        ends.append((run.status, run.error, run.tags, run.node_names))
    assert ends == [
        ("Success", None, [("n", "1")], ["shaky"]),
        ("Failure", "ValueError: second", [("n", "2")], ["shaky"]),
        ("Success", None, [], ["raw", "shaky"]),
    ]
    assert [run.run_id for run in storage.get_runs()] == ["r"]
    assert storage.get_runs(status="Failure") == []
    assert types_of(storage, "r", "shaky") == [
        *("StepStart", "Materialization", "StepSuccess"),
        *("StepStart", "StepFailure"),
        *("StepStart", "Materialization", "StepSuccess"),
    ]


class Shaky:
    """Functions that fail as long as they are told to, and count their calls."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.calls: list[str] = []

    def step(self, name: str, *inputs: str, **settings: Any) -> rs.SingleAsset:
        """An asset of that name over those inputs."""

        def called() -> int:
            self.calls.append(name)
            if name in self.failing:
                raise ValueError(name)
            return 1

        return rs.Asset(name=name, **settings)(eval(f"lambda {', '.join(inputs)}: called()", {"called": called}))


# §1.4 rule 8
@pytest.mark.parametrize("kind", ["memory", "embedded"])
def test_a_resumed_run_does_what_is_left_and_its_record_tells_the_new_end(kind: str, tmp_path: Path) -> None:
    storage = rs.Storage.memory() if kind == "memory" else rs.Storage.embedded(str(tmp_path / "store"))
    shaky = Shaky()
    assets = [shaky.step("one"), shaky.step("two", "one"), shaky.step("three", "two"), shaky.step("apart")]
    with storage, rs.CodeRepository(assets, default_executor=rs.Executor.in_process()) as repo:
        repo.resolve(storage)
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


# §1.4 rule 8
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


# §1.4 rule 8
def test_resuming_a_run_that_succeeded_does_nothing_and_lists_everything(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    repo = build(shaky.step("one"), shaky.step("two", "one"))
    repo.materialize(run_id_override="r")
    result = repo.materialize(run_id_override="r", resume=True)
    assert result == rs.RunResult(True, "r", ["one", "two"], [])
    assert shaky.calls == ["one", "two"]
    assert record(storage, "r").status == "Success"


# §1.4 rule 8
def test_a_step_that_failed_when_it_was_last_executed_is_done_again(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    repo = build(shaky.step("one"))
    repo.materialize(run_id_override="r")
    shaky.failing = {"one"}
    repo.materialize(run_id_override="r", raise_on_error=False)
    shaky.failing = set()
    assert repo.materialize(run_id_override="r", resume=True).success
    assert shaky.calls == ["one", "one", "one"]


# §1.4 rule 8
def test_resuming_what_never_was_is_a_fresh_run(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, doubled)
    result = repo.materialize(run_id_override="new", resume=True)
    assert (result.run_id, result.materialized_assets) == ("new", ["raw", "doubled"])
    assert record(storage, "new").status == "Success"
    assert repo.materialize(resume=True).materialized_assets == ["raw", "doubled"]


# §1.4 rule 8
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


# §1.4 rule 8
def test_the_run_of_a_process_that_died_can_be_resumed(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    assert subprocess.run([sys.executable, "-c", DYING.format(folder=folder)], check=False).returncode == 9
    repo = rs.CodeRepository([rs.Asset(name="one")(lambda: 1), rs.Asset(name="two")(lambda one: one + 1)])
    with rs.Storage.embedded(folder) as storage, repo:
        repo.resolve(storage)
        assert record(storage, "r").status == "Started"
        assert repo.materialize(run_id_override="r", resume=True).materialized_assets == ["one", "two"]
        assert (record(storage, "r").status, repo.load_node("two")) == ("Success", 2)


# §1.4 rules 7 and 8
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


# §1.4 rule 8
def test_a_run_that_waits_in_the_queue_is_left_to_it(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, run_queue=rs.RunQueueConfig())
    handle = repo._submit_run(["raw"])
    with pytest.raises(ExecutionError, match="Queued"):
        repo.materialize(run_id_override=handle.run_id, resume=True)
    assert handle.status == "Queued"


# §1.4 rule 8
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


# §1.4 rule 8
def test_a_resumed_run_says_that_it_used_the_data_of_its_first_half(build: Build, storage: rs.Storage) -> None:
    shaky = Shaky()
    repo = build(shaky.step("one"), shaky.step("two", "one"))
    shaky.failing = {"two"}
    repo.materialize(run_id_override="r", raise_on_error=False)
    version = event_of(storage, "r", "Materialization", "one").data_version
    shaky.failing = set()
    repo.materialize(run_id_override="r", resume=True)
    assert event_of(storage, "r", "Materialization", "two").input_data_versions == [("one", version)]


# §1.4 rule 8: of a multi-asset only what is missing is asked for
def test_a_resumed_run_asks_a_multi_asset_for_its_missing_outputs_only(build: Build, storage: rs.Storage) -> None:
    asked: list[list[str]] = []

    @rs.Asset.from_multi(output_defs=[rs.AssetDef("one"), rs.AssetDef("two"), rs.AssetDef("three")])
    def several(context: rs.AssetExecutionContext) -> dict[str, int]:
        asked.append(list(context.output_selection))
        return {"one": 1, "three": 3} if len(asked) == 1 else {"one": 10, "two": 20, "three": 30}

    reads = rs.Asset(lambda one, two: (one, two), name="reads")
    repo = build(several, reads)
    repo.materialize(run_id_override="r", raise_on_error=False)
    result = repo.materialize(run_id_override="r", resume=True)
    assert result.success
    assert asked == [["one", "two", "three"], ["two"]]
    assert sorted(result.materialized_assets) == ["one", "reads", "three", "two"]
    assert repo.load_node("reads") == (1, 20)


# §1.4 rule 8: inside of a graph
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


# §1.4 rule 8: a multi-asset that succeeded as a whole
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


# §1.4 rule 8: instances of a map
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


def counting(failures: int) -> tuple[rs.SingleAsset, list[int]]:
    """An asset that fails so many times, and its calls."""
    tries: list[int] = []

    @rs.Asset
    def flaky() -> int:
        tries.append(1)
        if len(tries) <= failures:
            raise ConnectionError("away")
        return 1

    return flaky, tries


# §1.4 rule 9
@pytest.mark.parametrize("retry", [rs.RetryPolicy(2), "twice"], ids=["policy", "name"])
def test_retry_is_the_policy_of_this_run_only(build: Build, retry: Any) -> None:
    flaky, tries = counting(2)
    repo = build(flaky, retries={"twice": rs.RetryPolicy(2)})
    assert not repo.materialize(raise_on_error=False).success
    assert len(tries) == 1
    assert repo.materialize(retry=retry).success
    assert len(tries) == 3


# §1.4 rule 9
def test_the_record_of_a_run_has_no_job_and_the_queue_has_no_say(build: Build, storage: rs.Storage) -> None:
    repo = build(
        raw,
        jobs=[rs.Job("raw", [raw])],
        run_queue=rs.RunQueueConfig(max_concurrent_runs=0, tag_concurrency_limits=[]),
    )
    run = record(storage, repo.materialize().run_id)
    assert (run.job_name, run.status, run.block_reason) == (None, "Success", None)
    assert (run.launched_by, run.node_names) == (rs.LaunchedBy.manual(), ["raw"])
    assert subjects_of(storage, run.run_id, "RunQueued") == []


# §1.4 rule 10
def test_a_partition_key_of_unpartitioned_assets_is_refused_by_name(build: Build) -> None:
    with pytest.raises(PartitionValidationError, match="'raw'"):
        build(raw).materialize(partition_key="2026-01-01")


# §1.4
def test_a_run_inside_of_a_step_is_a_run_of_its_own(build: Build, storage: rs.Storage) -> None:
    inner: list[rs.RunResult] = []
    run: list[Callable[[], rs.RunResult]] = []

    @rs.Asset
    def outer() -> int:
        inner.append(run[0]())
        return 1

    repo = build(outer, raw)
    run.append(lambda: repo.materialize(["raw"]))
    result = repo.materialize(["outer"])
    assert inner[0].run_id != result.run_id
    assert {record(storage, one.run_id).status for one in (inner[0], result)} == {"Success"}
