"""The core of a run: its steps level by level, on the calling thread, with every event recorded, and what it came to.

Synchronous on purpose: a started run needs no loop, so it can finish when the graph that started it has gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rivers.definitions.policies.executors import Executor
from rivers.definitions.policies.retries import RetryPolicy
from rivers.exceptions import Killed, Superseded
from rivers.execution.attempts import capture
from rivers.execution.attempts.failure_records import error_text, traceback_text
from rivers.execution.attempts.interrupts import go_no_further, heeded
from rivers.execution.choosing import by_executor, warn_of_compute
from rivers.execution.dispatch.executor_entry import ExecutorEntry, Round
from rivers.execution.dispatch.lanes import HERE
from rivers.execution.dispatch.loop import StepLoop, run_here
from rivers.execution.runs.environment import Environment, running_in
from rivers.execution.runs.hooks import HookCaller
from rivers.execution.runs.ledger import Ledger
from rivers.execution.runs.pool_claims import PoolClaims, keeping
from rivers.execution.runs.results import Ending, RunResult
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.steps.fan_out import FanOuts
from rivers.execution.steps.step_time import Cancellation, RunTime
from rivers.graph.planned_steps import StepKind
from rivers.storage import Storage


class RunExecution:
    """Executes one run that storage already says is Started. Used once.

    ``levels`` are the steps in order: those of one level depend on earlier levels only. ``executor`` is that of steps
    that ask for none. ``config`` holds the overrides of a step's config by its name, ``retry`` is the policy of steps
    that have none of their own, and ``completed`` are steps of an earlier execution of the same run that need not be
    done again.
    """

    def __init__(
        self,
        environment: Environment,
        run_id: str,
        levels: Sequence[Sequence[Step]],
        *,
        executor: Executor | None = None,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        retry: RetryPolicy | None = None,
        completed: Mapping[str, str | None] | None = None,
    ) -> None:
        cancellation = Cancellation(environment.storage, run_id, environment.clock)
        self._levels = levels
        self._executor = executor or Executor.in_process()
        self._is_resumed = bool(completed)
        self._fan_outs = FanOuts(levels, completed or {})
        hooks = HookCaller(environment, run_id, config or {})
        graphs = [step.name for level in levels for step in level if step.kind is StepKind.GRAPH]
        self._ledger = Ledger(environment, run_id, cancellation, hooks, graphs, retry, completed or {})
        self._pools = PoolClaims(environment, run_id, self._ledger.tell) if _names_pools(levels) else None
        self._renewals = self._pools or keeping.get()
        time = RunTime(environment.clock, cancellation, self._renewals)
        self._scope = RunScope(
            environment, run_id, config or {}, self._ledger, cancellation, time, self._pools, self._renewals
        )

    @property
    def first_failure(self) -> BaseException | None:
        """What the caller of the run is to hear: the very object that the function of the first failed step raised.

        ``None`` also for a run that was cancelled, however its steps took that: it is not an error of theirs.
        """
        failure = self._ledger.first_failure
        return None if failure is None or self._scope.cancellation.seen else failure.error

    def execute(self) -> RunResult:
        """:meth:`carry_out`, and store what the run came to."""
        return conclude(self._scope.environment.storage, self.carry_out())

    def carry_out(self) -> Ending:
        """Run every step that can run. Faults of steps are in the ending, not raised; nothing has stored it yet.

        :raises StorageError: when something could not be recorded; the run is then ended as failed if that is possible
        :raises Killed: when the graph of this run was killed
        :raises Superseded: likewise
        """
        token, kept = running_in.set(self._scope.environment), keeping.set(self._renewals)
        try:
            with capture.capturing(), heeded():
                for level in self._levels:
                    if self._scope.cancellation.seen:
                        break
                    self._run_level(level)
            if self._pools is not None:
                self._pools.end()
        except (Killed, Superseded):
            raise
        except BaseException as error:
            if self._pools is not None:
                with contextlib.suppress(Exception):
                    self._pools.end()
            with contextlib.suppress(Exception):
                environment, text, trace = self._scope.environment, error_text(error), traceback_text(error)
                at = environment.clock.now_ns()
                environment.storage.finish_run(self._scope.run_id, "Failure", at, error=text, traceback=trace)
            raise
        finally:
            running_in.reset(token)
            keeping.reset(kept)
            if self._pools is not None:
                self._pools.close()
        return self._ending()

    def _ending(self) -> Ending:
        ledger, at = self._ledger, self._scope.environment.clock.now_ns()
        is_cancelled = self._scope.cancellation.seen
        success = not (is_cancelled or ledger.failed)
        result = RunResult(success, self._scope.run_id, ledger.attempted, list(ledger.failed.items()))
        if is_cancelled:
            return Ending(result, "Canceled", at)
        if ledger.failed:
            trace = None if ledger.first_failure is None else ledger.first_failure.traceback
            return Ending(result, "Failure", at, next(iter(ledger.failed.values())), trace)
        return Ending(result, "Success", at)

    def _run_level(self, level: Sequence[Step]) -> None:
        ledger = self._ledger
        known = len(ledger.attempted)
        ready: list[Step] = []
        planned: list[Step] = []
        for step in level:
            planned.append(step)
            if self._is_resumed and self._fan_outs.is_done(step):
                ledger.resume(self._fan_outs.nodes_done(step))
            elif ledger.is_blocked(step):
                ledger.skip(step)
            elif step.instance is None:
                ready.append(self._fan_outs.informed(step))
            elif not self._scope.cancellation.check():
                instances = self._divide(step)
                planned += instances
                ready += [instance for instance in instances if not self._fan_outs.is_instance_done(instance)]
        for entry, executor, steps in by_executor(ready, self._executor):
            self._run_steps(steps, entry, executor)
        self._fan_outs.note_ends(ledger.attempted[known:])
        ledger.arrange_since(known, planned)

    def _divide(self, template: Step) -> list[Step]:
        """The instances of a map, after its source was divided here; those that were done before are told of."""
        ledger, fan_outs = self._ledger, self._fan_outs
        [source] = template.inputs
        partition = template.partition.inputs.get(source.parameter)
        keys = ledger.keys_of(source.upstream, partition) if source.template is None else None
        outcome = run_here(self._scope, fan_outs.informed(template, keys))
        instances = fan_outs.instances(template, outcome.values.get(template.name, ()))
        ledger.resume([instance.name for instance in instances if fan_outs.is_instance_done(instance)])
        return instances

    def _run_steps(self, steps: Sequence[Step], entry: ExecutorEntry[Any], executor: Executor) -> None:
        for step in steps:
            if step.compute is not None:
                warn_of_compute(step, executor)
        for placed in entry.rounds(steps, executor, self._scope.environment.interceptor is not None):
            if self._scope.cancellation.check():
                return
            self._run_round(placed, entry, executor)

    def _run_round(self, placed: Round, entry: ExecutorEntry[Any], executor: Executor) -> None:
        step, place = placed[0]
        if len(placed) == 1 and place == HERE and not step.is_async and not step.pools:
            run_here(self._scope, step)
            go_no_further()
        else:
            StepLoop(self._scope, placed, lambda dispatch: entry.lanes(dispatch, executor)).execute()


def _names_pools(levels: Sequence[Sequence[Step]]) -> bool:
    for level in levels:
        for step in level:
            if step.pools or (step.instance is not None and step.instance.pools):
                return True
    return False


def conclude(storage: Storage, ending: Ending) -> RunResult:
    """Store what a run came to, and tell it to its caller.

    :raises StorageError: when storage does not take it
    """
    result, run_id = ending.result, ending.run_id
    if storage.finish_run(run_id, ending.status, ending.at, error=ending.error, traceback=ending.traceback):
        return result
    record = storage.get_run(run_id)
    if result.success and record is not None and record.status == "Canceled":
        # Somebody cancelled it after its last step: a terminal status is final.
        return replace(result, success=False)
    return result
