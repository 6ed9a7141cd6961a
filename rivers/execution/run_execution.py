"""The core of a run: its steps level by level, on the calling thread, with every event recorded, and what it came to.

Synchronous on purpose: a started run needs no loop, so it can finish when the graph that started it has gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final

from rivers.definitions.retries import RetryPolicy, classify_failure
from rivers.exceptions import Killed, Superseded
from rivers.execution import capture
from rivers.execution.attempt import Attempt
from rivers.execution.environment import Environment, running_in
from rivers.execution.failures import class_names, error_text, traceback_document, traceback_text
from rivers.execution.recording import output_event, store
from rivers.execution.results import SKIPPED, Ending, RunResult
from rivers.execution.steps import Step
from rivers.ids import content_id, random_for
from rivers.records import NewEvent
from rivers.storage import Storage

CANCEL_CHECK_SECONDS: Final = 1.0
"""How long a wait between two attempts may go on after the run was cancelled."""


class RunExecution:
    """Executes one run that storage already says is Started. Used once.

    ``levels`` are the steps in order: those of one level depend on earlier levels only. ``config`` holds the overrides
    of a step's config by its name, ``retry`` is the policy of steps that have none of their own, and ``completed`` are
    steps of an earlier execution of the same run that need not be done again.
    """

    def __init__(
        self,
        environment: Environment,
        run_id: str,
        levels: Sequence[Sequence[Step]],
        *,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        retry: RetryPolicy | None = None,
        completed: Mapping[str, str | None] | None = None,
    ) -> None:
        self.first_failure: BaseException | None = None
        """The exception of the first step that failed: the very object that its function raised."""
        self._environment = environment
        self._storage = environment.storage
        self._clock = environment.clock
        self._run_id = run_id
        self._levels = levels
        self._config = config or {}
        self._retry = retry
        self._versions: dict[str, str | None] = dict(completed or {})
        self._completed = frozenset(completed or ())
        self._attempted: list[str] = []
        self._failed: dict[str, str] = {}
        self._cancelled = False

    def execute(self) -> RunResult:
        """:meth:`carry_out`, and store what the run came to."""
        return conclude(self._storage, self.carry_out())

    def carry_out(self) -> Ending:
        """Run every step that can run. Faults of steps are in the ending, not raised; nothing has stored it yet.

        :raises StorageError: when something could not be recorded; the run is then ended as failed if that is possible
        :raises Killed: when the graph of this run was killed
        :raises Superseded: likewise
        """
        token = running_in.set(self._environment)
        try:
            with capture.capturing():
                for level in self._levels:
                    self._run_level(level)
        except (Killed, Superseded):
            raise
        except BaseException as error:
            with contextlib.suppress(Exception):
                text, trace = error_text(error), traceback_text(error)
                self._storage.finish_run(self._run_id, "Failure", self._clock.now_ns(), error=text, traceback=trace)
            raise
        finally:
            running_in.reset(token)
        return self._ending()

    def _ending(self) -> Ending:
        at = self._clock.now_ns()
        result = RunResult(
            not (self._cancelled or self._failed), self._run_id, self._attempted, list(self._failed.items())
        )
        if self._cancelled:
            return Ending(result, "Canceled", at)
        if self._failed:
            trace = None if self.first_failure is None else traceback_text(self.first_failure)
            return Ending(result, "Failure", at, next(iter(self._failed.values())), trace)
        return Ending(result, "Success", at)

    def _run_level(self, level: Sequence[Step]) -> None:
        ready: list[Step] = []
        for step in level:
            if step.name in self._completed:
                self._attempted.append(step.name)
            elif self._failed and any(upstream in self._failed for upstream in step.upstreams):
                self._skip(step)
            else:
                ready.append(step)
        if self._environment.interceptor is None:
            together = [step for step in ready if step.is_async]
            if len(together) > 1:
                ready = [step for step in ready if not step.is_async]
                if not self._is_cancelled():
                    self._run_together(together)
        for step in ready:
            if self._is_cancelled():
                return
            self._run_step(step)

    def _is_cancelled(self) -> bool:
        self._cancelled = self._cancelled or self._storage.is_cancelled(self._run_id)
        return self._cancelled

    def _run_step(self, step: Step, first_attempt: int = 1) -> None:
        number = first_attempt
        while True:
            attempt = self._begin(step, number)
            token = capture.current.set(attempt.captured)
            try:
                attempt.accept(self._call(attempt))
            except BaseException as error:
                attempt.fail(error)
            finally:
                capture.current.reset(token)
            if self._settle(attempt):
                return
            number += 1

    def _call(self, attempt: Attempt) -> Any:
        environment, step = self._environment, attempt.step

        def call() -> Any:
            rest = attempt.prepare(self._run_id, self._clock, self._config.get(step.name))
            return environment.coroutines.run(rest) if step.is_async else rest()

        if environment.interceptor is None:
            return call()
        return environment.interceptor.around(step.name, attempt.number, call, self._clock)

    def _run_together(self, steps: Sequence[Step]) -> None:
        """The first attempts of asynchronous steps, all on the coroutine loop at once; retries follow one by one."""
        started: list[tuple[Attempt, Future[Any] | None]] = []
        for step in steps:
            attempt = self._begin(step, 1)
            token = capture.current.set(attempt.captured)
            try:
                rest = attempt.prepare(self._run_id, self._clock, self._config.get(step.name))
                started.append((attempt, self._environment.coroutines.submit(rest)))
            except BaseException as error:
                attempt.fail(error)
                started.append((attempt, None))
            finally:
                capture.current.reset(token)
        for attempt, future in started:
            if future is not None:
                try:
                    attempt.accept(future.result())
                except BaseException as error:
                    attempt.fail(error)
        for attempt, _ in started:
            if not self._settle(attempt):
                self._run_step(attempt.step, 2)

    def _begin(self, step: Step, number: int) -> Attempt:
        self._record(NewEvent("StepStart", self._clock.now_ns(), step.name))
        return Attempt(step, number)

    def _settle(self, attempt: Attempt) -> bool:
        """Record what came of an attempt; ``False`` when the step is to be tried again, after the wait for it."""
        step, output = attempt.step, None
        may_repeat = attempt.failure is not None  # a value that could not be stored is not computed again
        if attempt.failure is None:
            output = self._store(attempt)
        self._record_log(attempt)
        if attempt.failure is not None:
            if may_repeat and self._try_again(attempt, attempt.failure):
                return False
            self._attempted.append(step.name)
            self._fail(step, attempt.failure)
        elif output is not None:
            self._attempted.append(step.name)
            self._versions[step.name] = output.data_version
            self._record(output, NewEvent("StepSuccess", self._clock.now_ns(), step.name))
        return True

    def _store(self, attempt: Attempt) -> NewEvent | None:
        """Hand the result to the handler and make the event that tells of it; ``None`` when that failed."""
        step = attempt.step
        input_versions = self._input_versions(step)
        token = capture.current.set(attempt.captured)
        try:
            event_type, metadata, version = store(step, attempt.context, attempt.returned)
            if version is None:
                version = content_id(self._run_id, step.name, "data_version")
            at = self._clock.now_ns()
            return output_event(step, event_type, metadata, version, at, input_versions)
        except BaseException as error:
            attempt.fail(error)
            return None
        finally:
            capture.current.reset(token)

    def _input_versions(self, step: Step) -> tuple[tuple[str, str], ...]:
        pairs: list[tuple[str, str]] = []
        for upstream in step.upstreams:
            if upstream not in self._versions:
                # Made by another run. Looked up once: the run should say that it used one version of it throughout.
                record = self._storage.get_asset_record(upstream)
                self._versions[upstream] = None if record is None else record.last_data_version
            version = self._versions[upstream]
            if version is not None:
                pairs.append((upstream, version))
        return tuple(pairs)

    def _try_again(self, attempt: Attempt, failure: BaseException) -> bool:
        policy = attempt.step.retry or self._retry
        if policy is None or not policy.should_retry(failure, attempt.number) or self._is_cancelled():
            return False
        step = attempt.step
        wait = policy.wait_seconds(attempt.number, random_for(self._run_id, step.name, attempt.number))
        facts = (
            ("rivers/attempt", str(attempt.number)),
            ("rivers/failure_reason", str(classify_failure(failure))),
            ("rivers/next_delay_ms", str(round(wait * 1000))),
        )
        self._record(NewEvent("StepRetry", self._clock.now_ns(), step.name, metadata=facts))
        while wait > 0 and not self._is_cancelled():
            nap = min(wait, CANCEL_CHECK_SECONDS)
            self._clock.sleep_blocking(nap)
            wait -= nap
        return not self._cancelled

    def _fail(self, step: Step, failure: BaseException) -> None:
        text = error_text(failure)
        self._failed[step.name] = text
        if self.first_failure is None:
            self.first_failure = failure
        facts = (
            ("error", text),
            ("rivers/failure_reason", str(classify_failure(failure))),
            ("rivers/exc_type", class_names(failure)),
        )
        self._record(NewEvent("StepFailure", self._clock.now_ns(), step.name, metadata=facts))

    def _skip(self, step: Step) -> None:
        self._attempted.append(step.name)
        self._failed[step.name] = SKIPPED
        self._record(NewEvent("StepFailure", self._clock.now_ns(), step.name, metadata=(("error", SKIPPED),)))

    def _record(self, *events: NewEvent) -> None:
        self._storage.record_events(self._run_id, events)

    def _record_log(self, attempt: Attempt) -> None:
        """What the attempt printed, and a record of its own for the traceback of one that failed."""
        at = self._clock.now_ns()
        if attempt.captured:
            self._storage.record_log(self._run_id, attempt.step.name, at, *attempt.captured.texts())
        if attempt.failure is not None:
            document = traceback_document(attempt.failure)
            self._storage.record_log(self._run_id, attempt.step.name, at, None, None, None, document)


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
