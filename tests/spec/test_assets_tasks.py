"""Tasks, and commands as tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import AssetDefinitionError, TaskDefinitionError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import SKIPPED, failures_of, types_of


def double(value: int) -> int:
    return 2 * value


# -- Task --------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("graph-assets 1.1")
def test_a_task_is_made_bare_by_a_factory_or_directly() -> None:
    for task in (rs.Task(double), rs.Task()(double), rs.Task(wraps=double), rs.Task(name="double")(double)):
        assert isinstance(task, rs.Task)
        assert (task.name, task.tags, task.is_async) == ("double", None, False)
    assert rs.Task().name is None
    assert rs.Task(tags=["t"])(double).tags == ["t"]

    async def later() -> int:
        return 1

    assert rs.Task(later).is_async


@pytest.mark.rule("graph-assets 1.3")
def test_a_task_has_no_hooks() -> None:
    with pytest.raises(TypeError):
        rs.Task(hooks=[])


@pytest.mark.rule("graph-assets 1.4")
def test_outside_of_a_graph_a_task_is_its_function() -> None:
    task = rs.Task(double)
    assert (task(4), task(value=5)) == (8, 10)
    with pytest.raises(TypeError):
        task()
    with pytest.raises(TypeError):
        task(1, 2)


@pytest.mark.rule("graph-assets 1.5")
@pytest.mark.parametrize("wrong", [3, None, "text"])
def test_an_unbound_task_takes_a_function(wrong: Any) -> None:
    with pytest.raises(TaskDefinitionError):
        rs.Task(tags=["t"])(wrong)


@pytest.mark.rule("graph-assets 1.6")
@pytest.mark.parametrize("make", [lambda: rs.Task(io_handler=3), lambda: rs.BashTask("b", "true", io_handler=3)])
def test_a_handler_of_another_kind_is_refused(make: Any) -> None:
    with pytest.raises(AssetDefinitionError):
        make()


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


@pytest.mark.rule("graph-assets 1.7")
def test_a_task_is_tried_again_by_its_own_policy(build: Build, storage: rs.Storage) -> None:
    tries: list[int] = []

    @rs.Task(retry=rs.RetryPolicy(2))
    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")
        return 1

    run_id = build(tasks=[flaky]).materialize().run_id
    assert types_of(storage, run_id, "flaky").count("StepRetry") == 2


@pytest.mark.rule("graph-assets 1.9")
def test_a_task_with_the_name_of_an_asset_is_refused(build: Build) -> None:
    with pytest.raises(AssetDefinitionError, match="raw"):
        build(raw, tasks=[rs.Task(lambda: 1, name="raw")])


# -- BashTask ----------------------------------------------------------------------------------------------------------


def value_of(build: Build, *arguments: Any, **keywords: Any) -> Any:
    repo = build(tasks=[rs.BashTask("b", *arguments, **keywords)])
    repo.materialize()
    return repo.load_node("b")


@pytest.mark.rule("graph-assets 2.1")
def test_name_and_command_are_required() -> None:
    with pytest.raises(TypeError):
        rs.BashTask("b")
    with pytest.raises(TypeError):
        rs.BashTask(command="true")


@pytest.mark.rule("graph-assets 2.1")
def test_it_tells_what_it_was_given() -> None:
    task = rs.BashTask("b", "true", env={"A": "1"}, cwd="here", tags=["t"])
    assert (task.name, task.command, task.env, task.cwd, task.tags) == ("b", "true", {"A": "1"}, "here", ["t"])
    bare = rs.BashTask("b", ["true"])
    assert (bare.command, bare.env, bare.cwd, bare.tags) == (["true"], None, None, None)


@pytest.mark.rule("graph-assets 2.2")
@pytest.mark.parametrize(
    ("command", "expected"), [("echo a | tr a b", "b"), ("", ""), ("printf '%s' \"$((1 + 2))\"", "3"), ("true", "")]
)
def test_a_text_is_run_by_the_shell(build: Build, command: str, expected: str) -> None:
    assert value_of(build, command) == expected


@pytest.mark.rule("graph-assets 2.3")
def test_a_list_is_run_without_a_shell(build: Build) -> None:
    assert value_of(build, ["printf", "%s|%s", "$HOME", "a b"]) == "$HOME|a b"


@pytest.mark.rule("graph-assets 2.3")
@pytest.mark.parametrize(
    ("command", "kind"), [([], TaskDefinitionError), (3, TypeError), (None, TypeError), ({"a": 1}, TypeError)]
)
def test_another_command_is_refused(command: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        rs.BashTask("b", command)


@pytest.mark.rule("graph-assets 2.4")
def test_the_environment_is_merged_over_the_inherited_one(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIVERS_SPEC_KEPT", "kept")
    monkeypatch.setenv("RIVERS_SPEC_CHANGED", "before")
    command = "echo $RIVERS_SPEC_KEPT $RIVERS_SPEC_CHANGED $RIVERS_SPEC_NEW"
    env = {"RIVERS_SPEC_CHANGED": "after", "RIVERS_SPEC_NEW": "new"}
    assert value_of(build, command, env=env) == "kept after new"


@pytest.mark.rule("graph-assets 2.5")
def test_it_runs_in_its_folder(build: Build, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("here")
    assert value_of(build, "cat 'a file'", cwd=str(tmp_path)) == "here"


@pytest.mark.rule("graph-assets 2.6")
@pytest.mark.parametrize(
    ("printed", "value"),
    [
        (r"a\n", "a"),
        (r"a\n\n\n", "a"),
        (r"a\r\n", "a\r"),
        (r" a \n", " a "),
        (r"\na\nb\n", "\na\nb"),
        (r"\t\n", "\t"),
        (r"\303\251\n", "é"),
        ("", ""),
    ],
)
def test_the_value_is_what_it_prints_without_the_newlines_at_the_end(build: Build, printed: str, value: str) -> None:
    assert value_of(build, ["printf", printed]) == value


@pytest.mark.rule("graph-assets 2.7")
def test_a_status_other_than_0_is_an_error_with_the_status_and_what_was_complained(build: Build) -> None:
    with pytest.raises(OSError, match=r"Command failed with exit status: 3: no luck"):
        value_of(build, "echo out; echo no luck >&2; exit 3")


@pytest.mark.rule("graph-assets 2.8")
@pytest.mark.parametrize(
    ("command", "keywords"),
    [(["no-such-program-of-rivers"], {}), ("true", {"cwd": "no/such/folder"}), (["true"], {"cwd": "no/such/folder"})],
)
def test_a_missing_program_or_folder_is_an_error(build: Build, command: Any, keywords: Any) -> None:
    with pytest.raises(OSError):
        value_of(build, command, **keywords)


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
def test_a_command_may_be_the_value_of_a_graph(build: Build) -> None:
    shell = rs.BashTask("shell", "echo x")
    repo = build(rs.Asset.from_graph(lambda: shell(), "g"), tasks=[shell])
    repo.materialize()
    assert (repo.load_node("g"), repo.load_node("g/shell")) == ("x", "x")


@pytest.mark.rule("graph-assets 2.11")
def test_the_value_of_a_command_goes_to_its_handler(build: Build) -> None:
    handler = Remembering()
    value_of(build, "echo x", io_handler=handler)
    assert handler.values == {"b": "x"}
