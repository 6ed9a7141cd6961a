"""What is stored about runs and steps, and can be read back."""

from __future__ import annotations

import time
from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.recorded import event_of, told, types_of

SUCCESS = ["StepStart", "Materialization", "StepSuccess"]


@rs.Asset(code_version="3")
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


@pytest.mark.rule("execution 5.1")
def test_a_run_is_stored_with_everything_that_is_known_of_it(build: Build, storage: rs.Storage) -> None:
    before = time.time_ns()
    tags = [("team", "x"), ("rivers/priority", "2")]
    run_id = build(doubled, raw).materialize(tags=tags).run_id
    after = time.time_ns()
    run = record(storage, run_id)
    assert (run.run_id, run.job_name, run.status, run.node_names) == (run_id, None, "Success", ["doubled", "raw"])
    assert (run.partition_key, run.tags, run.priority, run.block_reason) == (None, tags, 2, None)
    assert run.launched_by == rs.LaunchedBy.manual()
    assert run.launched_by.kind == "manual"
    assert run.end_time is not None
    assert before <= run.start_time <= run.end_time <= after
    assert storage.get_run("nobody") is None


@pytest.mark.rule("execution 5.2")
def test_the_status_tells_how_a_run_is_doing(build: Build, storage: rs.Storage) -> None:
    seen: list[str] = []

    @rs.Asset
    def looks(context: rs.AssetExecutionContext) -> int:
        assert context.run_id is not None
        run = record(storage, context.run_id)
        seen.append(run.status)
        assert run.end_time is None
        return 1 // len(seen[1:])

    repo = build(looks)
    failed = repo.materialize(raise_on_error=False)
    good = repo.materialize()
    assert seen == ["Started", "Started"]
    assert [record(storage, one.run_id).status for one in (failed, good)] == ["Failure", "Success"]
    failure = record(storage, failed.run_id)
    assert failure.error is not None
    assert failure.error.startswith("ZeroDivisionError: ")


@pytest.mark.rule("execution 5.2", "queue 1.5")
def test_a_queued_run_has_the_status_of_the_queue(build: Build, storage: rs.Storage) -> None:
    repo = build(raw, run_queue=rs.RunQueueConfig(), jobs=[rs.Job("j", [raw])])
    run = record(storage, repo._submit_run(job_name="j").run_id)
    assert (run.status, run.job_name, run.node_names, run.end_time) == ("Queued", "j", ["raw"], None)


@pytest.mark.rule("execution 5.3", "execution 5.4", "execution 5.7")
def test_a_step_that_succeeds_tells_three_things_in_order(build: Build, storage: rs.Storage) -> None:
    before = time.time_ns()
    run_id = build(doubled, raw).materialize().run_id
    assert told(storage, run_id) == [(kind, name) for name in ("raw", "doubled") for kind in SUCCESS]
    events = storage.get_events_for_run(run_id)
    times = [event.timestamp for event in events]
    assert times == sorted(times)
    assert before <= times[0]
    assert times[-1] <= time.time_ns()
    assert {event.partition_key for event in events} == {None}
    made = event_of(storage, run_id, "Materialization", "raw")
    assert (made.code_version, made.run_id, made.input_data_versions) == ("3", run_id, [])
    assert made.data_version
    down = event_of(storage, run_id, "Materialization", "doubled")
    assert down.input_data_versions == [("raw", made.data_version)]
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in made.metadata)


@pytest.mark.rule("execution 5.6")
def test_every_node_of_a_run_has_events_of_its_own(build: Build, storage: rs.Storage) -> None:
    one, inc = rs.Task(lambda: 1, name="one"), rs.Task(lambda one: one + 1, name="inc")
    alone, shell = rs.Task(lambda: 1, name="alone"), rs.BashTask("shell", "echo hello")
    graph = rs.Asset.from_graph(lambda: inc(one()), name="g")
    pair = rs.Asset.from_multi(lambda: {"a": 1, "b": 2}, [rs.AssetDef("a"), rs.AssetDef("b")], name="pair")
    run_id = build(graph, pair, tasks=[one, inc, alone, shell]).materialize().run_id
    for name in ("g/one", "g/inc", "a", "b", "alone", "shell", "g"):
        assert types_of(storage, run_id, name) == SUCCESS, name
    of_graph = [(kind, name) for kind, name in told(storage, run_id) if (name or "").startswith("g")]
    assert of_graph[0] == ("StepStart", "g")
    assert of_graph[-2:] == [("Materialization", "g"), ("StepSuccess", "g")]


@pytest.mark.rule("execution 5.1", "execution 5.3")
@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            rs.RunRecord,
            "run_id job_name status node_names partition_key tags start_time end_time launched_by "
            "priority block_reason",
        ),
        (
            rs.StoredEvent,
            "event_type asset_key partition_key timestamp metadata data_version code_version input_data_versions",
        ),
    ],
)
def test_records_have_the_documented_attributes(kind: Any, names: str) -> None:
    assert set(names.split()) <= {field for field in dir(kind) if not field.startswith("_")}
