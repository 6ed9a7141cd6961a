"""The execution of orders, with the test at the other end of the connection and no process between them."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.execution.attempts.capture import LOGGER_PREFIXES
from rivers.execution.steps.compiled_steps import Particulars, Step
from rivers.execution.workers.crossing import packed_particulars, packed_step
from rivers.execution.workers.executing import StepExecution
from rivers.execution.workers.messages import (
    AskTime,
    Define,
    Done,
    Dropped,
    Execute,
    Forget,
    Imported,
    Kept,
    Order,
    Stop,
    Time,
)
from rivers.storage import Storage

LEVELS = (logging.WARNING,) * len(LOGGER_PREFIXES)


class Worker:
    """The worker's side of a connection, whose other end is the test's."""

    def __init__(self, theirs: Connection[Any, Any], ours: Connection[Any, Any]) -> None:
        ticks = iter(range(100))
        self._execution = StepExecution(theirs, lambda: float(next(ticks)))
        self._ours = ours

    def know(self, *steps: Step) -> None:
        for key, step in enumerate(steps):
            self._execution.take(Define(key, packed_step(step)))

    def execute(self, *orders: Order, meanwhile: tuple[object, ...] = ()) -> list[Any]:
        """What the worker says when it is given these orders, and sent the other messages before it begins."""
        for message in meanwhile:
            self._ours.send_bytes(pickle.dumps(message))
        self._execution.take(Execute(orders, LEVELS))
        said: list[Any] = []
        while self._ours.poll():
            said.append(pickle.loads(self._ours.recv_bytes()))
        return said

    def forget(self, key: int) -> None:
        self._execution.take(Forget(key))


@pytest.fixture
def worker() -> Generator[Worker]:
    ours, theirs = Pipe()
    levels = [logging.getLogger(prefix).level for prefix in LOGGER_PREFIXES]
    with ours, theirs:
        yield Worker(theirs, ours)
    for prefix, level in zip(LOGGER_PREFIXES, levels, strict=True):
        logging.getLogger(prefix).setLevel(level)


Compile = Callable[..., Step]


@pytest.fixture
def compiled(tmp_path: Path) -> Generator[Compile]:
    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))

    def compile_one(function: Any, **options: Any) -> Step:
        asset = rs.Asset(function, io_handler=handler, **options)
        repo = rs.CodeRepository([asset])
        repo.resolve(storage)
        return repo._resolved._levels([asset.name], repo._resolved.resources, {})[0][0]

    with Storage.memory() as storage:
        yield compile_one


def order(key: int, **changes: Any) -> Order:
    return replace(Order(key, 1, "run", None), **changes)


def one() -> int:
    return 1


def fails() -> int:
    raise KeyError("no such thing")


def asks(context: rs.AssetExecutionContext) -> int:
    return context.now().year


def test_orders_are_answered_in_their_sequence_with_their_length(worker: Worker, compiled: Compile) -> None:
    worker.know(compiled(one), compiled(fails))
    said = worker.execute(order(0), order(1), order(0))
    assert all(isinstance(each, Done) for each in said)
    assert [each.seconds for each in said] == [1.0, 1.0, 1.0]
    assert [each.outcome.failure and each.outcome.failure.text for each in said] == [
        None,
        "KeyError: 'no such thing'",
        None,
    ]


def test_the_levels_of_the_loggers_are_those_of_the_parent(worker: Worker) -> None:
    worker.execute()
    assert [logging.getLogger(prefix).level for prefix in LOGGER_PREFIXES] == list(LEVELS)


def test_the_timeout_of_a_step_begins_when_it_has_been_imported(worker: Worker, compiled: Compile) -> None:
    worker.know(compiled(one, metadata={"rivers/timeout": "1m"}))
    assert [type(each) for each in worker.execute(order(0))] == [Imported, Done]


def test_a_step_asks_its_parent_for_the_time(worker: Worker, compiled: Compile) -> None:
    worker.know(compiled(asks))
    question, done = worker.execute(order(0), meanwhile=(Time(0),))
    assert isinstance(question, AskTime)
    assert done.outcome.failure is None


def test_after_a_stop_the_orders_that_remain_are_dropped(worker: Worker, compiled: Compile) -> None:
    worker.know(compiled(one))
    assert [type(each) for each in worker.execute(order(0), order(0), meanwhile=(Stop(),))] == [Done, Dropped]


def test_what_a_run_adds_to_a_step_comes_with_the_order(worker: Worker, compiled: Compile) -> None:
    step = compiled(one)
    worker.know(step)
    named = packed_particulars(step.with_particulars(Particulars(name="instance")))
    [done] = worker.execute(order(0, particulars=named))
    assert [output.name for output in done.outcome.outputs] == ["instance"]
    [broken] = worker.execute(order(0, particulars=b"no particulars"))
    assert broken.outcome.failure.text.startswith("UnpicklingError")
    assert broken.seconds == 0.0


def test_a_step_that_was_forgotten_has_to_be_defined_again(worker: Worker, compiled: Compile) -> None:
    step = compiled(one)
    worker.know(step)
    worker.forget(0)
    [done] = worker.execute(order(0))
    assert done.outcome.failure.text == "KeyError: 0"
    worker.know(step)
    [done] = worker.execute(order(0))
    assert done.outcome.failure is None


def test_what_is_yielded_is_sent_when_it_has_been_stored(worker: Worker, compiled: Compile, tmp_path: Path) -> None:
    def yields() -> Iterator[Any]:
        yield rs.Output(1, output_name="a")
        yield rs.Output(2, output_name="b")

    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))
    multi = rs.Asset.from_multi(yields, [rs.AssetDef(name, io_handler=handler) for name in ("a", "b")])
    with Storage.memory() as storage:
        repo = rs.CodeRepository([multi])
        repo.resolve(storage)
        worker.know(repo._resolved._levels(["a", "b"], {}, {})[0][0])
    first, second, done = worker.execute(order(0))
    assert [type(first), type(second), type(done)] == [Kept, Kept, Done]
    assert [[output.name for output in each.outcome.outputs] for each in (first, second, done)] == [
        ["a"],
        ["b"],
        ["a", "b"],
    ]


class Unsendable(Exception):
    def __reduce__(self) -> Any:
        raise TypeError("stays here")


class UnsendableValue:
    """Can be stored, and cannot be sent."""

    def __init__(self) -> None:
        self.is_stored = False

    def __reduce__(self) -> Any:
        if self.is_stored:
            raise TypeError("stays here")
        self.is_stored = True
        return int, ()


def raises_what_cannot_be_sent() -> int:
    raise Unsendable("boom")


def gives_what_cannot_be_sent() -> UnsendableValue:
    return UnsendableValue()


@rs.Hook.success
def looks(context: rs.HookContext[Any]) -> None: ...


def test_an_exception_that_cannot_be_sent_is_replaced_and_its_texts_stay(worker: Worker, compiled: Compile) -> None:
    worker.know(compiled(raises_what_cannot_be_sent))
    [done] = worker.execute(order(0))
    failure = done.outcome.failure
    assert failure.text == "Unsendable: boom"
    assert isinstance(failure.error, ExecutionError)
    assert "Unsendable: boom (an exception that could not be sent back: TypeError: stays here)" in str(failure.error)


def test_a_value_for_hooks_that_cannot_be_sent_fails_its_step(worker: Worker, compiled: Compile) -> None:
    worker.know(compiled(gives_what_cannot_be_sent, hooks=[looks]))
    [done] = worker.execute(order(0))
    assert (
        "(UnsendableValue) could not be sent back from the worker: TypeError: stays here" in done.outcome.failure.text
    )
    assert not done.outcome.failure.repeatable
    assert done.outcome.values == {}


class Opening(rs.Resource):
    fails: bool = False

    def setup(self) -> None:
        if self.fails:
            raise OSError("cannot be opened")


def test_a_resource_that_cannot_be_set_up_fails_the_step(worker: Worker, tmp_path: Path) -> None:
    def uses(opening: Opening) -> int:
        raise AssertionError("called without its resource")

    handler = rs.PickleIOHandler(store=LocalStore(str(tmp_path)))
    with Storage.memory() as storage:
        repo = rs.CodeRepository([rs.Asset(uses, io_handler=handler)], resources={"opening": Opening()})
        repo.resolve(storage)
        changed = {**repo._resolved.resources, "opening": Opening(fails=True)}
        worker.know(repo._resolved._levels(["uses"], changed, {})[0][0])
    [done] = worker.execute(order(0))
    assert done.outcome.failure.text == "OSError: cannot be opened"
