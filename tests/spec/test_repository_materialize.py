"""``materialize``, and what a resumed run leaves behind."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import (
    AssetNotFoundError,
    ConfigurationError,
    GraphValidationError,
    PartitionValidationError,
)
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import subjects_of, types_of


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


@pytest.mark.rule("repository 3.1.1")
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


@pytest.mark.rule("repository 3.1.2")
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


@pytest.mark.rule("assets 3.2", "repository 3.1.6")
def test_an_upstream_by_lineage_only_needs_nothing(build: Build) -> None:
    later = rs.Asset(name="later", deps=[rs.AssetDef.dep("raw")])(lambda: 2)
    assert build(raw, later).materialize(["later"]).materialized_assets == ["later"]


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


@pytest.mark.rule("repository 3.1.4", "repository 3.2.4")
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


@pytest.mark.rule("queue 1.5", "repository 3.3.4")
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
