"""What a worker process does with messages, whether they are about steps or about triggers."""

from __future__ import annotations

from collections.abc import Generator
from multiprocessing.connection import wait
from typing import Any

import pytest

from rivers.execution.workers import serving
from rivers.execution.workers.messages import Answer, Evaluate, Stop
from rivers.execution.workers.process import WorkerProcess
from rivers.execution.workers.step_keys import StepKeys

LOADED = b"' '.join(__import__('sys').modules).encode()"


@pytest.fixture
def worker() -> Generator[WorkerProcess]:
    made = WorkerProcess(StepKeys())
    yield made
    made.kill()


def hear(worker: WorkerProcess) -> Any:
    while (message := worker.hear()) is None:
        assert wait(worker.waited_for(), 60)
    return message


def test_an_evaluation_is_answered_with_what_its_function_returns_and_waits_for_nothing_of_steps(
    worker: WorkerProcess,
) -> None:
    worker.send(Evaluate(eval, LOADED))
    answer = hear(worker)
    assert isinstance(answer, Answer)
    loaded = answer.packed.decode().split()
    assert "rivers.execution.workers.serving" in loaded
    assert [name for name in ("pydantic", "rivers.storage", "rivers.io_handlers") if name in loaded] == []


def test_a_worker_takes_evaluations_and_messages_about_steps_as_they_come(worker: WorkerProcess) -> None:
    for message in (Evaluate(bytes.upper, b"a"), Stop(), Evaluate(bytes.upper, b"b"), Evaluate(eval, LOADED)):
        worker.send(message)  # a Stop comes for a step that has ended meanwhile
    assert [hear(worker).packed for _ in range(2)] == [b"A", b"B"]
    assert "rivers.execution.workers.executing" in hear(worker).packed.decode().split()


def test_a_function_that_breaks_its_word_and_raises_ends_the_worker(worker: WorkerProcess) -> None:
    worker.send(Evaluate(eval, b"1 / 0"))
    with pytest.raises(EOFError):
        hear(worker)
    assert worker.how_it_died().endswith("EXIT(1)")


def test_without_a_connection_nothing_is_served() -> None:
    assert serving._connection is None
    with pytest.raises(RuntimeError, match="started without a connection"):
        serving.serve()
