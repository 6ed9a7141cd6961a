"""Jobs: their members, and what executing one means."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

import rivers as rs
from rivers.exceptions import ConfigurationError, ExecutionError, PartitionValidationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering


@rs.Asset
def raw() -> int:
    return 1


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
def test_the_object_that_was_given_can_itself_be_executed_once_it_is_resolved(build: Build) -> None:
    job = rs.Job("j", [raw])
    build(raw, jobs=[job])
    assert job.execute().success


@pytest.mark.rule("repository 6.8")
def test_a_key_of_an_unpartitioned_member_is_refused_by_name(build: Build) -> None:
    repo = build(raw, jobs=[rs.Job("j", [raw])])
    with pytest.raises((PartitionValidationError, ExecutionError), match="'raw'"):
        repo.get_job("j").execute(partition_key=rs.PartitionKey.single("2026-01-01"))
