"""Tasks, and commands as tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import SKIPPED, failures_of, types_of

# -- Task --------------------------------------------------------------------------------------------------------------


class Db(rs.Resource):
    url: str = "there"


@rs.Asset
def raw() -> int:
    return 5


@pytest.mark.rule("graph-assets 1.7", "graph-assets 1.8")
def test_a_registered_task_runs_with_everything_and_its_value_can_be_loaded(build: Build, storage: rs.Storage) -> None:
    handler = Remembering()

    @rs.Task(io_handler=handler)
    def read(context: rs.TaskExecutionContext, raw: int, db: Db, kept: int = 3) -> Any:
        return context.task_name, raw, db.url, kept

    @rs.Task
    async def later(read: Any) -> int:
        return len(read)

    repo = build(raw, tasks=[read, later], resources={"db": Db()})
    result = repo.materialize()
    assert result.materialized_assets == ["raw", "read", "later"]
    assert repo.load_node("read") == ("read", 5, "there", 3)
    assert handler.values == {"read": ("read", 5, "there", 3)}
    assert repo.load_node("later") == 4
    assert types_of(storage, result.run_id, "read") == ["StepStart", "Materialization", "StepSuccess"]
    assert list(repo.assets) == ["raw"]


@pytest.mark.rule("graph-assets 1.8")
def test_a_task_may_be_selected_and_be_in_a_job(build: Build) -> None:
    task = rs.Task(lambda: 7, name="t")
    repo = build(raw, tasks=[task], jobs=[rs.Job("j", [task])])
    assert repo.materialize(["t"]).materialized_assets == ["t"]
    assert repo.get_job("j").execute().materialized_assets == ["t"]
    assert repo.load_node("t") == 7


@pytest.mark.rule("graph-assets 1.8")
def test_an_asset_may_depend_on_a_task_and_fails_with_it(build: Build) -> None:
    @rs.Task
    def broken() -> int:
        raise ValueError("boom")

    repo = build(rs.Asset(name="down")(lambda broken: broken), tasks=[broken])
    assert failures_of(repo.materialize(raise_on_error=False)) == {"broken": "ValueError: boom", "down": SKIPPED}


# -- BashTask ----------------------------------------------------------------------------------------------------------


def value_of(build: Build, *arguments: Any, **keywords: Any) -> Any:
    repo = build(tasks=[rs.BashTask("b", *arguments, **keywords)])
    repo.materialize()
    return repo.load_node("b")


@pytest.mark.rule("graph-assets 2.9")
def test_a_failed_command_may_be_tried_again(build: Build, storage: rs.Storage, tmp_path: Path) -> None:
    command = "if [ -e tried ]; then echo done; else touch tried; exit 1; fi"
    repo = build(tasks=[rs.BashTask("b", command, cwd=str(tmp_path), retry=rs.RetryPolicy(1))])
    assert types_of(storage, repo.materialize().run_id, "b").count("StepRetry") == 1
    assert repo.load_node("b") == "done"


@pytest.mark.rule("graph-assets 2.10")
def test_upstreams_only_order_a_command_and_nothing_is_on_its_stdin(build: Build) -> None:
    ran: list[str] = []

    @rs.Task
    def first() -> str:
        ran.append("first")
        return "from first"

    @rs.Task
    def last(after: str) -> str:
        return f"last after {after!r}"

    shell = rs.BashTask("shell", "cat; echo done")
    body = lambda: last(shell(first(), "ignored", other=first()))  # noqa: E731
    repo = build(rs.Asset.from_graph(body, "g"), tasks=[first, last, shell])
    assert repo.materialize().materialized_assets == ["g/first", "g/shell", "g/last", "g"]
    assert repo.load_node("g") == "last after 'done'"


@pytest.mark.rule("graph-assets 2.11")
def test_the_value_of_a_command_goes_to_its_handler(build: Build) -> None:
    handler = Remembering()
    value_of(build, "echo x", io_handler=handler)
    assert handler.values == {"b": "x"}
