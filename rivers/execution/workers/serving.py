"""The worker's side: what a worker process does from its start to the end of the connection.

What steps need is imported at the first step, since it takes twice as long as what evaluations need.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from rivers.execution.attempts import capture
from rivers.execution.attempts.forks import ending_forks
from rivers.execution.workers.messages import Answer, Evaluate
from rivers.execution.workers.parent_watch import settle_in

if TYPE_CHECKING:
    from rivers.execution.workers.executing import StepExecution

_connection: Connection[Any, Any] | None = None


def adopt(connection: Connection[Any, Any], parent: int, line: Connection[Any, Any]) -> None:
    """Take the worker's end of the connection when the process starts, and die with the process ``parent``."""
    global _connection
    _connection = connection
    settle_in(parent, line)


def serve() -> None:
    """Do what the messages say until the other side is gone, then end the process."""
    if _connection is None:
        raise RuntimeError("a worker process was started without a connection")
    status = 1
    try:
        _serve(_connection)
        status = 0
    except BaseException:
        with suppress(BaseException):
            traceback.print_exc()
    finally:
        # Nobody is left to work for, or the parent waits for an answer that does not come: it has to see the end of
        # this process. Loky's own end would wait for its next task for ever.
        flush_streams()
        os._exit(status)


def _serve(connection: Connection[Any, Any]) -> None:
    steps: StepExecution | None = None
    with suppress(EOFError, OSError), capture.capturing():
        while True:
            message = pickle.loads(connection.recv_bytes())
            if isinstance(message, Evaluate):
                _evaluate(message, connection)
                continue
            if steps is None:
                from rivers.execution.workers.executing import StepExecution

                steps = StepExecution(connection)
            steps.take(message)


def _evaluate(evaluate: Evaluate, connection: Connection[Any, Any]) -> None:
    with ending_forks():
        packed = evaluate.function(evaluate.task)
    flush_streams()
    connection.send_bytes(pickle.dumps(Answer(packed)))


def flush_streams() -> None:
    """Hand on what was printed: a worker that dies later must not take it along."""
    for name in ("stdout", "stderr"):
        with suppress(BaseException):  # what user code put there, or nothing if it took the stream away
            getattr(sys, name).flush()
