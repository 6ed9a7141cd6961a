"""Evaluations in worker processes: at most so many at once, the others first come, first served.

Each evaluation has a worker to itself, so a crash or a kill ends that evaluation only. Workers start when they are
needed, stay warm, and are replaced when they died or were killed.
"""

from __future__ import annotations

import pickle
import threading
from collections import deque
from concurrent.futures import CancelledError, Future
from functools import partial
from multiprocessing.connection import wait
from typing import Final

from rivers.clock.threads import THREADS
from rivers.execution.attempts.coroutine_host import settle
from rivers.execution.attempts.failure_records import WorkerDied
from rivers.execution.triggers.evaluated import Evaluated
from rivers.execution.triggers.in_worker import WorkerTask, evaluate_packed, packed_task
from rivers.execution.workers.messages import Evaluate
from rivers.execution.workers.pool import WorkerPool
from rivers.execution.workers.process import WorkerProcess

_END_SECONDS: Final = 5.0
"""How long ``close`` waits, in real time, for the evaluations that it has ended."""


class SubprocessEvaluations:
    """Evaluates triggers in worker processes. All methods may be called from any thread."""

    def __init__(self, workers_max: int) -> None:
        self._workers_max = workers_max
        self._pool = WorkerPool()
        self._changing = threading.Condition()
        self._waiting: deque[tuple[Future[Evaluated], WorkerTask]] = deque()
        self._running: dict[Future[Evaluated], WorkerProcess | None] = {}
        """With the worker to end when the evaluation is cancelled, while there is one."""
        self._thread_count = 0
        self._is_closed = False

    def submit(self, task: WorkerTask) -> Future[Evaluated]:
        """Evaluate ``task`` in a worker. Cancelling the future kills that worker, and waits for nothing.

        The future fails with :class:`WorkerDied`, which names the trigger, when the worker ended by itself, and with
        ``ExecutionError`` when the function cannot be sent or no process can be started.

        :raises RuntimeError: after ``close``
        """
        future: Future[Evaluated] = Future()
        with self._changing:
            if self._is_closed:
                raise RuntimeError("the worker processes have been shut down")
            self._waiting.append((future, task))
        self._start_waiting()
        return future

    def close(self) -> None:
        """Kill every worker and cancel what is running or waiting. Returns when the workers are gone."""
        with self._changing:
            self._is_closed = True
            futures = [future for future, _ in self._waiting] + list(self._running)
            self._waiting.clear()
        for future in futures:
            future.cancel()
        with self._changing:
            self._changing.wait_for(lambda: self._thread_count == 0, _END_SECONDS)
        self._pool.close()

    def _start_waiting(self) -> None:
        while True:
            with self._changing:
                if not self._waiting or len(self._running) >= self._workers_max:
                    return
                future, task = self._waiting.popleft()
                if future.cancelled():
                    continue
                self._running[future] = None
                self._thread_count += 1
            future.add_done_callback(self._ended)
            try:
                THREADS.run(partial(self._evaluate, future, task), self._left)
            except RuntimeError as error:  # the system has no thread left
                self._left(None)
                settle(future.set_exception, error)

    def _left(self, _: None) -> None:
        with self._changing:
            self._thread_count -= 1
            self._changing.notify_all()

    def _ended(self, future: Future[Evaluated]) -> None:
        with self._changing:
            worker = self._running.pop(future)
        if worker is not None:
            # On a thread: it takes milliseconds, and the caller may be the graph's loop.
            THREADS.run(worker.end, lambda _: None)
        self._start_waiting()

    def _evaluate(self, future: Future[Evaluated], task: WorkerTask) -> None:
        """Settle the future. On a thread of its own, since a worker may be slow to start and to take a long message."""
        try:
            evaluated = self._answer(future, task)
        except BaseException as error:
            settle(future.set_exception, error)
        else:
            settle(future.set_result, evaluated)

    def _answer(self, future: Future[Evaluated], task: WorkerTask) -> Evaluated:
        packed = packed_task(task)
        worker = self._pool.lend()
        if not self._assign(future, worker):
            self._pool.take_back(worker, self._workers_max)
            raise CancelledError
        worker.send(Evaluate(evaluate_packed, packed))
        answer = None
        try:
            while answer is None:
                wait(worker.waited_for())
                answer = worker.hear()
        except EOFError:
            died = WorkerDied(f"{task.kind} '{task.name}': {worker.how_it_died()}")
            self._assign(future, None)
            self._pool.discard(worker)
            raise died from None
        if self._assign(future, None):
            self._pool.take_back(worker, self._workers_max)
        else:
            self._pool.discard(worker)
        return pickle.loads(answer.packed)

    def _assign(self, future: Future[Evaluated], worker: WorkerProcess | None) -> bool:
        """Set whom a cancellation of the future ends. False when the future has been cancelled already."""
        with self._changing:
            if future not in self._running:
                return False
            self._running[future] = worker
            return True
