"""Jobs: their members, and what executing one means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import ConfigurationError, ExecutionError, GraphValidationError, PartitionValidationError
from tests.execution import worker_functions as functions
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import types_of


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def doubled(raw: int) -> int:
    return raw * 2


@pytest.mark.rule("repository 6.1")
def test_a_job_is_declared_by_name_or_by_position() -> None:
    executor, policy = rs.Executor.in_process(), rs.RetryPolicy(2)
    for job in (
        rs.Job("j", [raw], executor, True, policy),
        rs.Job(name="j", assets=[raw], executor=executor, allow_incomplete_deps=True, retry=policy),
    ):
        assert (job.name, job.assets, job.executor, job.retry) == ("j", [raw], executor, policy)
        assert job.allow_incomplete_deps is True


@pytest.mark.rule("repository 6.2")
def test_every_kind_of_node_may_be_a_member_and_some_twice(build: Build) -> None:
    step = rs.Task(lambda: 1, name="step")
    alone = rs.Task(lambda: 2, name="alone")
    pair = rs.Asset.from_multi(lambda: {"one": 1, "two": 2}, [rs.AssetDef("one"), rs.AssetDef("two")], name="pair")
    graph = rs.Asset.from_graph(lambda: step(), name="g")
    shell = rs.BashTask("shell", "echo hello")
    external = rs.Asset.external(name="ext", io_handler=Remembering())
    members = [raw, pair, graph, external, alone, shell]
    repo = build(
        raw, pair, graph, external, tasks=[step, alone, shell], jobs=[rs.Job("all", [*members, *members, raw])]
    )
    result = repo.get_job("all").execute()
    assert result.success
    assert sorted(result.materialized_assets) == ["alone", "g", "g/step", "one", "raw", "shell", "two"]
    assert [repo.load_node(name) for name in ("one", "two", "g", "alone", "shell")] == [1, 2, 1, 2, "hello"]


@pytest.mark.rule("repository 6.3")
@pytest.mark.parametrize("members", [[], [3], [raw, "doubled"], [rs.Job("x", [raw])], [None]])
def test_a_job_of_nothing_or_of_something_else_is_refused_by_name_when_it_is_made(members: list[Any]) -> None:
    with pytest.raises(GraphValidationError, match="'nightly'"):
        rs.Job("nightly", members)


@pytest.mark.rule("repository 6.5")
def test_a_missing_upstream_is_accepted_when_it_has_a_handler_and_the_job_says_so(build: Build) -> None:
    lake = Remembering()
    lake.values["up"] = 20
    up = rs.Asset(name="up", io_handler=lake)(lambda: 1)
    down = rs.Asset(name="down")(lambda up: up + 1)
    with pytest.raises(GraphValidationError, match="allow_incomplete_deps"):
        build(up, down, jobs=[rs.Job("j", [down])])
    repo = build(up, down, jobs=[rs.Job("j", [down], allow_incomplete_deps=True)])
    assert repo.get_job("j").execute().materialized_assets == ["down"]
    assert repo.load_node("down") == 21


@pytest.mark.rule("repository 6.5")
def test_a_missing_upstream_without_a_handler_is_refused_in_any_case(build: Build) -> None:
    with pytest.raises(GraphValidationError, match=r"'doubled'.*'raw'.*has no io_handler"):
        build(raw, doubled, jobs=[rs.Job("j", [doubled], allow_incomplete_deps=True)])


@pytest.mark.rule("repository 6.4")
def test_external_and_lineage_upstreams_may_be_missing_and_members_may_be_independent(build: Build) -> None:
    lake = Remembering()
    lake.values["ext"] = 5
    external = rs.Asset.external(name="ext", io_handler=lake)
    reads = rs.Asset(name="reads", deps=[rs.AssetDef.dep("raw")])(lambda ext: ext)
    other = rs.Asset(name="other")(lambda: 1)
    repo = build(raw, external, reads, other, jobs=[rs.Job("j", [reads, other])])
    assert repo.get_job("j").execute().materialized_assets == ["reads", "other"]


@pytest.mark.rule("repository 6.6")
def test_a_job_executes_like_a_selection_of_its_members_under_its_name(build: Build, storage: rs.Storage) -> None:
    class Limits(BaseModel):
        rows: int = 1

    def events(context: Any) -> int:
        return context.config.rows

    events.__annotations__["context"] = rs.AssetExecutionContext[Limits]
    asset = rs.Asset(events)
    repo = build(asset, raw, jobs=[rs.Job("j", [asset])])
    result = repo.get_job("j").execute(None, [("team", "x")], {"events": {"rows": 5}}, True)
    assert result.materialized_assets == ["events"]
    assert repo.load_node("events") == 5
    run = storage.get_run(result.run_id)
    assert run is not None
    assert (run.job_name, run.tags, run.node_names, run.status) == ("j", [("team", "x")], ["events"], "Success")
    with pytest.raises(TypeError):
        repo.get_job("j").execute(tags={})
    with pytest.raises(ConfigurationError, match="raw"):
        repo.get_job("j").execute(config={"raw": {}}, raise_on_error=False)


@pytest.mark.rule("repository 6.6")
def test_the_failure_of_a_job_is_raised_as_it_is_unless_told_otherwise(build: Build) -> None:
    boom = ValueError("boom")

    @rs.Asset
    def bad() -> int:
        raise boom

    repo = build(bad, jobs=[rs.Job("j", [bad])])
    with pytest.raises(ValueError) as caught:
        repo.get_job("j").execute()
    assert caught.value is boom
    assert repo.get_job("j").execute(raise_on_error=False).failed_assets == [("bad", "ValueError: boom")]


@pytest.mark.rule("repository 6.7")
@pytest.mark.parametrize("error", [ValueError, ExecutionError])
def test_a_job_of_no_repository_is_refused_as_either_type(error: type[Exception]) -> None:
    with pytest.raises(error, match=r"'nightly'.*get_job"):
        rs.Job("nightly", [raw]).execute()


@pytest.mark.rule("repository 6.7")
def test_the_object_that_was_given_can_itself_be_executed_once_it_is_resolved(build: Build) -> None:
    job = rs.Job("j", [raw])
    build(raw, jobs=[job])
    assert job.execute().success


@pytest.mark.rule("repository 6.8")
def test_a_key_of_an_unpartitioned_member_is_refused_by_name(build: Build) -> None:
    repo = build(raw, jobs=[rs.Job("j", [raw])])
    with pytest.raises((PartitionValidationError, ExecutionError), match="'raw'"):
        repo.get_job("j").execute(partition_key=rs.PartitionKey.single("2026-01-01"))


@pytest.mark.rule("execution 1.8", "repository 1.3")
def test_the_executor_is_that_of_the_metadata_then_the_job_then_the_repository(build: Build, tmp_path: Path) -> None:
    lake = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))

    def pair(name: str, **settings: Any) -> list[Any]:
        return [rs.Asset(functions.process, name=f"{name}{n}", io_handler=lake, **settings) for n in (1, 2)]

    pinned = pair("pinned", metadata={"rivers/executor": "in_process"})
    sent = pair("sent", metadata={"rivers/executor": "parallel"})
    free = pair("free")
    members = [*pinned, *sent, *free]
    in_process, parallel = rs.Executor.in_process(), rs.Executor.parallel(2)
    for default, of_job, frees in (
        (in_process, parallel, False),
        (parallel, in_process, True),
        (in_process, None, True),
        (None, None, False),
    ):
        repo = build(*members, jobs=[rs.Job("j", members, executor=of_job)], default_executor=default)
        repo.get_job("j").execute()
        here = {name: repo.load_node(name) == os.getpid() for name in repo.assets}
        assert {name: here[name] for name in ("pinned1", "pinned2", "sent1", "sent2")} == {
            **dict.fromkeys(("pinned1", "pinned2"), True),
            **dict.fromkeys(("sent1", "sent2"), False),
        }
        assert (here["free1"], here["free2"]) == (frees, frees)


@pytest.mark.rule("repository 6.9")
def test_the_policy_of_a_job_holds_for_its_members_without_one(build: Build, storage: rs.Storage) -> None:
    def fails() -> int:
        raise ValueError

    own = rs.Asset(fails, name="own", retry=rs.RetryPolicy(0))
    none = rs.Asset(fails, name="none")
    repo = build(own, none, jobs=[rs.Job("j", [own, none], retry=rs.RetryPolicy(1))])
    run_id = repo.get_job("j").execute(raise_on_error=False).run_id
    assert types_of(storage, run_id, "own").count("StepStart") == 1
    assert types_of(storage, run_id, "none").count("StepStart") == 2
