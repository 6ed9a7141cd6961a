"""``materialize``, and what a resumed run leaves behind."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from obstore.store import MemoryStore
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import (
    AssetNotFoundError,
    AssetOutputValidationError,
    ConfigurationError,
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


@pytest.mark.rule("repository 3.1")
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


@pytest.mark.rule("repository 3.1.1")
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


@pytest.mark.rule("repository 3.1.1")
def test_an_empty_selection_runs_nothing_and_succeeds(build: Build, storage: rs.Storage) -> None:
    result = build(raw).materialize([])
    assert (result.success, result.materialized_assets, result.failed_assets) == (True, [], [])
    assert record(storage, result.run_id).status == "Success"
    assert told(storage, result.run_id) == []


@pytest.mark.rule("repository 3.1.2")
def test_order_and_repetition_in_a_selection_do_not_matter(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, doubled, summed)
    for selection in (["summed", "doubled", "raw"], ["raw", "doubled", "raw", "summed", "summed"]):
        result = repo.materialize(selection)
        assert result.materialized_assets == ["raw", "doubled", "summed"]
        assert subjects_of(storage, result.run_id, "StepStart") == ["raw", "doubled", "summed"]


@pytest.mark.rule("repository 3.1.3")
@pytest.mark.parametrize("raise_on_error", [True, False])
def test_an_unknown_name_is_raised_in_any_case_and_makes_no_run(
    build: Build, storage: rs.Storage, raise_on_error: bool
) -> None:
    with pytest.raises(AssetNotFoundError, match="nowhere"):
        build(raw).materialize(["raw", "nowhere"], raise_on_error=raise_on_error)
    assert storage.get_runs() == []


@pytest.mark.rule("repository 3.1.4")
def test_the_default_handler_does_not_count_though_it_holds_the_value(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, doubled)
    repo.materialize()
    assert repo.load_node("raw") == 1
    runs = len(storage.get_runs())
    with pytest.raises(GraphValidationError, match=r"'doubled'.*'raw'.*not in the job and has no io_handler"):
        repo.materialize(["doubled"], raise_on_error=False)
    assert len(storage.get_runs()) == runs


@pytest.mark.rule("repository 3.1.4")
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


@pytest.mark.rule("repository 3.1.4")
def test_an_external_upstream_needs_not_be_selected(build: Build) -> None:
    outside = Remembering()
    outside.values["ext"] = 5
    down = rs.Asset(name="down")(lambda ext: ext)
    repo = build(rs.Asset.external(name="ext", io_handler=outside), down)
    assert repo.materialize(["down"]).success
    assert repo.load_node("down") == 5


@pytest.mark.rule("repository 3.1.5")
def test_an_upstream_by_lineage_only_needs_nothing(build: Build) -> None:
    later = rs.Asset(name="later", deps=[rs.AssetDef.dep("raw")])(lambda: 2)
    assert build(raw, later).materialize(["later"]).materialized_assets == ["later"]


@pytest.mark.rule("repository 3.1.6")
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


@pytest.mark.rule("repository 3.1.7")
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


@pytest.mark.rule("repository 3.3.1")
def test_tags_are_a_list_of_pairs_that_the_record_keeps(build: Build, storage: rs.Storage) -> None:
    tags = [("team", "x"), ("team", "y"), ("rivers/priority", "-3")]
    run = record(storage, build(raw).materialize(tags=tags).run_id)
    assert (run.tags, run.priority) == (tags, -3)


@pytest.mark.rule("repository 3.3.1")
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


@pytest.mark.rule("repository 3.2.1")
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


@pytest.mark.rule("repository 3.2.2")
def test_a_fault_that_the_framework_finds_has_its_own_type_and_no_wrapping(build: Build) -> None:
    @rs.Asset
    def wrong() -> int:
        return "text"

    with pytest.raises(AssetOutputValidationError, match="wrong"):
        build(wrong).materialize()


@pytest.mark.rule("repository 3.2.3")
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


@pytest.mark.rule("repository 3.2.4")
def test_without_raising_a_failed_result_comes_back(build: Build) -> None:
    bad = rs.Asset(name="bad")(lambda: 1 / 0)
    down = rs.Asset(name="down")(lambda bad: bad)
    result = build(bad, down).materialize(raise_on_error=False)
    assert not result.success
    assert result.failed_assets == [("bad", "ZeroDivisionError: division by zero"), ("down", SKIPPED)]


@pytest.mark.rule("repository 3.2.4")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"selection": ["nowhere"]}, AssetNotFoundError),
        ({"selection": ["doubled"]}, GraphValidationError),
        ({"config": {"nowhere": {}}}, ConfigurationError),
        ({"retry": "nowhere"}, ConfigurationError),
        ({"partition_key": rs.PartitionKey.single("2026-01-01")}, PartitionValidationError),
        ({"tags": {}}, TypeError),
    ],
)
def test_what_is_wrong_with_the_call_is_raised_all_the_same_and_makes_no_run(
    build: Build, storage: rs.Storage, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        build(raw, doubled).materialize(raise_on_error=False, **arguments)
    assert storage.get_runs() == []


@pytest.mark.rule("repository 3.3.2")
def test_a_run_id_is_a_uuid4_unless_one_is_given(build: Build, storage: rs.Storage) -> None:
    repo = build(raw)
    made = uuid.UUID(repo.materialize().run_id)
    assert (made.version, str(made)) == (4, storage.get_runs()[0].run_id)
    assert repo.materialize(run_id_override="mine").run_id == "mine"
    assert record(storage, "mine").status == "Success"


@pytest.mark.rule("repository 3.3.2")
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


@pytest.mark.rule("repository 3.3.3")
@pytest.mark.parametrize("retry", [rs.RetryPolicy(2), "twice"], ids=["policy", "name"])
def test_retry_is_the_policy_of_this_run_only(build: Build, retry: Any) -> None:
    flaky, tries = counting(2)
    repo = build(flaky, retries={"twice": rs.RetryPolicy(2)})
    assert not repo.materialize(raise_on_error=False).success
    assert len(tries) == 1
    assert repo.materialize(retry=retry).success
    assert len(tries) == 3


@pytest.mark.rule("repository 3.3.4")
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


@pytest.mark.rule("repository 3.1.8")
def test_a_partition_key_of_unpartitioned_assets_is_refused_by_name(build: Build) -> None:
    with pytest.raises(PartitionValidationError, match="'raw'"):
        build(raw).materialize(partition_key=rs.PartitionKey.single("2026-01-01"))


@pytest.mark.rule("repository 3.3.5")
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
