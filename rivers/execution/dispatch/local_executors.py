"""The executors of this machine: steps one after another in this process, or beside each other in worker processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rivers.definitions.policies.executors import InProcessExecutor, ParallelExecutor
from rivers.execution.dispatch.call_lanes import CoroutineLanes, ThreadLanes
from rivers.execution.dispatch.executor_entry import ExecutorEntry, Round
from rivers.execution.dispatch.inline_lane import InlineLane
from rivers.execution.dispatch.lane import Dispatch
from rivers.execution.dispatch.lanes import HERE, Lanes, Room
from rivers.execution.dispatch.worker_lanes import WorkerLanes
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.workers.crossing import may_cross

WORKER: Final = "worker"
THREAD: Final = "thread"
LOOP: Final = "loop"


def place_of(step: Step, *, is_parallel: bool, is_alone: bool, has_interceptor: bool) -> str:
    """Where a step executes. ``is_alone`` says that it is the only one that is not asynchronous.

    One with a timeout never executes on the run's thread, which could not be taken from it; in a worker it can be
    killed, on a thread it is abandoned.
    """
    if step.is_async:
        return HERE if has_interceptor else LOOP
    if is_parallel and step.command is not None and not is_alone:
        return THREAD
    if is_parallel and (step.timeout is not None or not is_alone) and step.command is None and may_cross(step):
        return WORKER
    return HERE if step.timeout is None else THREAD


def _in_process_rounds(steps: Sequence[Step], options: InProcessExecutor, has_interceptor: bool) -> Sequence[Round]:
    """The coroutines together, then the other steps one by one."""
    coroutines = [
        (step, place_of(step, is_parallel=False, is_alone=False, has_interceptor=has_interceptor))
        for step in steps
        if step.is_async
    ]
    rounds = _one_by_one([step for step in steps if not step.is_async])
    return [coroutines, *rounds] if coroutines else rounds


def _parallel_rounds(steps: Sequence[Step], options: ParallelExecutor, has_interceptor: bool) -> Sequence[Round]:
    """All steps together, unless each of them needs this thread."""
    is_alone = sum([not step.is_async for step in steps]) == 1
    placed = [
        (step, place_of(step, is_parallel=True, is_alone=is_alone, has_interceptor=has_interceptor)) for step in steps
    ]
    if any(place != HERE or step.is_async for step, place in placed):
        return [placed]
    return _one_by_one(steps)


def _one_by_one(steps: Sequence[Step]) -> list[Round]:
    """Steps that nothing else can be done beside. One that waits for slots of pools lets others go first."""
    if not [step for step in steps if step.pools]:
        return [[(step, HERE if step.timeout is None else THREAD)] for step in steps]
    here = [(step, HERE) for step in steps if step.timeout is None]
    threads: list[Round] = [[(step, THREAD)] for step in steps if step.timeout is not None]
    return [here, *threads] if here else threads


def _in_process_lanes(dispatch: Dispatch, options: InProcessExecutor) -> Mapping[str, Lanes]:
    coroutines = CoroutineLanes(dispatch, Room(None))
    return {THREAD: ThreadLanes(dispatch, Room(1)), LOOP: coroutines, HERE: InlineLane(dispatch, coroutines)}


def _parallel_lanes(dispatch: Dispatch, options: ParallelExecutor) -> Mapping[str, Lanes]:
    """Workers and threads share ``max_workers``; coroutines have a limit of their own, 0 for none."""
    room = Room(max(1, options.max_workers))
    coroutines = CoroutineLanes(dispatch, Room(options.max_async_concurrent or None))
    return {
        WORKER: WorkerLanes(dispatch, room),
        THREAD: ThreadLanes(dispatch, room),
        LOOP: coroutines,
        HERE: InlineLane(dispatch, coroutines),
    }


IN_PROCESS: Final = ExecutorEntry("in_process", InProcessExecutor, _in_process_rounds, _in_process_lanes)
PARALLEL: Final = ExecutorEntry("parallel", ParallelExecutor, _parallel_rounds, _parallel_lanes)
