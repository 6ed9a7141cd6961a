"""One attempt at a compiled step, without a run around it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pydantic import Field

import rivers as rs
from rivers.exceptions import AssetOutputValidationError, Killed, PartitionValidationError, Superseded
from rivers.execution.attempts import capture
from rivers.execution.attempts.attempt import Attempt
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.steps.compiled_steps import Particulars, Step, StepPartition
from rivers.graph.planned_steps import StepKind
from rivers.storage import Storage

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Noon:
    """A ``StepTime`` that stands still."""

    def datetime(self) -> datetime:
        return NOON

    def sleep_blocking(self, seconds: float) -> None: ...

    def cancelled(self) -> bool:
        return False


class Shelf(rs.BaseIOHandler):
    """Keeps what it is given, in order, and refuses the value of ``refused``."""

    stored: list[tuple[str, Any]] = Field(default_factory=list[tuple[str, Any]])
    refused: str | None = None

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        if context.asset_name == self.refused:
            raise OSError("disk full")
        self.stored.append((context.asset_name, obj))
        context.add_output_metadata({"seen": "handler"})

    def load_input(self, context: rs.InputContext) -> Any:
        return dict(self.stored)[context.asset_name]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


Compile = Callable[..., Step]


@pytest.fixture
def compiled() -> Generator[Compile]:
    """Compiles the step of the last of some assets."""
    repos: list[rs.CodeRepository] = []

    def compile_last(*assets: Any, **arguments: Any) -> Step:
        repo = rs.CodeRepository(list(assets), **arguments)
        repo.resolve(storage)
        repos.append(repo)
        names = list(getattr(assets[-1], "output_names", None) or [assets[-1].name])
        return repo._resolved._levels(names, repo._resolved.resources, {})[-1][-1]

    with Storage.memory() as storage:
        yield compile_last
        for repo in repos:
            repo.shutdown()


def outcome_of(step: Step, on_kept: Callable[[StepOutcome], None] | None = None) -> StepOutcome:
    attempt = Attempt(step, 1, on_kept)
    with attempt.capturing():
        returned = attempt.prepare("run", Noon(), None)()
        attempt.accept(asyncio.run(returned) if step.is_async else returned)
    if attempt.failure is None:
        with attempt.capturing():
            attempt.store()
    return attempt.outcome()


def one() -> int:
    return 1


async def one_later() -> int:
    return 1


@pytest.mark.parametrize("function", [one, one_later])
def test_a_value_is_computed_and_stored_and_what_is_known_of_it_is_the_outcome(
    compiled: Compile, shelf: Shelf, function: Any
) -> None:
    outcome = outcome_of(compiled(rs.Asset(function, name="a", io_handler=shelf)))
    assert shelf.stored == [("a", 1)]
    [output] = outcome.outputs
    assert (output.name, output.event_type, [key for key, _ in output.metadata]) == ("a", "Materialization", ["seen"])
    assert (outcome.failures, outcome.values, outcome.failed_partitions) == ((), {}, ())


def test_a_function_gets_its_context_its_inputs_and_its_resources(compiled: Compile, shelf: Shelf) -> None:
    def add(context: rs.AssetExecutionContext, first: int, scale: Any) -> int:
        assert (context.asset_name, context.run_id, context.now()) == ("add", "run", NOON)
        return first * scale.by

    class Scale(rs.Resource):
        by: int = 10

    shelf.stored.append(("first", 2))
    first = rs.Asset(one, name="first", io_handler=shelf)
    step = compiled(first, rs.Asset(add, io_handler=shelf), resources={"scale": Scale()})
    assert outcome_of(step).failures == ()
    assert shelf.stored[-1] == ("add", 20)


def raises() -> int:
    raise ValueError("boom")


def does_not_fit() -> int:
    return cast("int", "text")


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [(raises, ValueError, "ValueError: boom"), (does_not_fit, AssetOutputValidationError, "Asset")],
)
def test_what_a_function_raises_or_returns_against_its_annotation_fails_the_attempt_and_may_be_retried(
    compiled: Compile, shelf: Shelf, function: Any, error: type[Exception], text: str
) -> None:
    outcome = outcome_of(compiled(rs.Asset(function, name="a", io_handler=shelf)))
    assert outcome.failure is not None
    assert isinstance(outcome.failure.error, error)
    assert outcome.failure.text.startswith(text)
    assert outcome.failure.repeatable
    assert (outcome.outputs, shelf.stored) == ((), [])


@pytest.mark.rule("execution 3.3.2")
def test_a_value_that_cannot_be_stored_fails_its_target_and_is_not_computed_again(
    compiled: Compile, shelf: Shelf
) -> None:
    shelf.refused = "a"
    outcome = outcome_of(compiled(rs.Asset(one, name="a", io_handler=shelf)))
    assert (outcome.outputs, outcome.failure) == ((), None)
    [(name, failure)] = outcome.failed
    assert (name, failure.text, failure.repeatable) == ("a", "OSError: disk full", False)


@pytest.mark.parametrize("kill", [Killed, Superseded])
def test_a_kill_is_no_failure_of_the_step_and_comes_through(
    compiled: Compile, shelf: Shelf, kill: type[BaseException]
) -> None:
    def dies() -> int:
        raise kill

    with pytest.raises(kill):
        outcome_of(compiled(rs.Asset(dies, io_handler=shelf)))

    class Dying(Shelf):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
            raise kill

    with pytest.raises(kill):
        outcome_of(compiled(rs.Asset(one, name="a", io_handler=Dying())))


def yields() -> Iterator[Any]:
    yield rs.Output(1, output_name="a")
    yield rs.Output(2, output_name="b")
    raise ValueError("afterwards")


async def yields_later() -> AsyncIterator[Any]:
    for each in yields():
        yield each


@pytest.mark.parametrize("function", [yields, yields_later])
def test_what_a_generator_yields_is_stored_and_told_of_at_once_and_stays_when_it_fails(
    compiled: Compile, shelf: Shelf, function: Any
) -> None:
    kept: list[StepOutcome] = []
    shelf.refused = "b"
    step = compiled(rs.Asset.from_multi(function, [rs.AssetDef(name, io_handler=shelf) for name in ("a", "b", "c")]))
    outcome = outcome_of(step, kept.append)
    assert shelf.stored == [("a", 1)]
    assert [([output.name for output in each.outputs], [name for name, _ in each.failed]) for each in kept] == [
        (["a"], []),
        ([], ["b"]),
    ]
    assert ([output.name for output in outcome.outputs], [name for name, _ in outcome.failed]) == (["a"], ["b"])
    assert outcome.failure is not None
    assert outcome.failure.text == "ValueError: afterwards"
    assert not outcome.failure.repeatable


def test_an_output_that_is_missing_in_a_mapping_has_a_failure_of_its_own(compiled: Compile, shelf: Shelf) -> None:
    step = compiled(
        rs.Asset.from_multi(lambda: {"a": 1}, [rs.AssetDef(name, io_handler=shelf) for name in ("a", "b")], name="m")
    )
    outcome = outcome_of(step)
    assert shelf.stored == [("a", 1)]
    assert [(name, failure.text, failure.repeatable) for name, failure in outcome.failed] == [
        ("b", "KeyError: 'b'", False)
    ]


def test_values_are_kept_for_success_hooks_only(compiled: Compile, shelf: Shelf) -> None:
    @rs.Hook.success
    def looks(context: rs.HookContext[Any]) -> None: ...

    assert outcome_of(compiled(rs.Asset(one, name="a", io_handler=shelf, hooks=[looks]))).values == {"a": 1}
    assert outcome_of(compiled(rs.Asset(one, name="a", io_handler=shelf))).values == {}


def test_a_fault_of_its_partitions_fails_the_attempt_before_anything_is_called(compiled: Compile, shelf: Shelf) -> None:
    called: list[None] = []
    step = compiled(rs.Asset(lambda: called.append(None), name="a", io_handler=shelf))
    fault = PartitionValidationError("leads nowhere")
    outcome = outcome_of(step.with_particulars(Particulars(partition=StepPartition(fault=fault))))
    assert outcome.failure is not None
    assert outcome.failure.error is fault
    assert called == []


def test_a_map_divides_the_value_of_its_source_and_stores_nothing(compiled: Compile, shelf: Shelf) -> None:
    instance = compiled(rs.Asset(one, name="source", io_handler=shelf), rs.Asset(lambda source: 0, name="each"))
    shelf.stored.append(("source", ["x", "y"]))
    dividing = replace(instance, kind=StepKind.MAP, instance=instance)
    outcome = outcome_of(dividing)
    assert outcome.failures == ()
    assert outcome.values == {"each": (("0", "x"), ("1", "y"))}
    assert (outcome.outputs, shelf.stored) == ((), [("source", ["x", "y"])])


def test_what_is_printed_belongs_to_the_attempt_from_the_loading_to_the_storing(
    compiled: Compile, capsys: pytest.CaptureFixture[str]
) -> None:
    class Talking(Shelf):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
            print("stored")

    def talks() -> int:
        print("called")
        return 1

    step = compiled(rs.Asset(talks, io_handler=Talking()))
    with capture.capturing():
        print("before")
        outcome = outcome_of(step)
    assert outcome.texts == ("called\nstored\n", None, None)
    assert capsys.readouterr().out == "before\ncalled\nstored\n"


def forks() -> str:
    child = os.fork()
    if child == 0:
        return "child"
    os.waitpid(child, 0)
    return "parent"


async def forks_later() -> str:
    return forks()


@pytest.mark.parametrize("function", [forks, forks_later])
def test_a_child_that_a_function_forks_and_forgets_stores_nothing(
    compiled: Compile, tmp_path: Any, function: Any
) -> None:
    class Noting(Shelf):
        def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
            with (tmp_path / "note").open("a") as note:
                note.write(f"{obj}\n")

    outcome_of(compiled(rs.Asset(function, name="a", io_handler=Noting())))
    assert (tmp_path / "note").read_text() == "parent\n"
