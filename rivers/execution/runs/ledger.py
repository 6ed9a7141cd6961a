"""What is recorded about a run: the events and logs of its steps, and what they have come to so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from rivers.definitions.policies.retries import RetryPolicy, classify_failure
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome, StepOutput
from rivers.execution.runs.environment import Environment
from rivers.execution.runs.escalation import next_compute
from rivers.execution.runs.hooks import HookCaller
from rivers.execution.runs.results import SKIPPED
from rivers.execution.steps.compiled_steps import Step, StepTarget
from rivers.execution.steps.dynamic_outputs import Keys, keys_fact, recorded_keys
from rivers.execution.steps.step_time import Cancellation
from rivers.ids import content_id, random_for
from rivers.partitions import PartitionContext, PartitionKey
from rivers.records import NewEvent


class Ledger:
    """Settles every outcome of one run, on the run's own thread.

    ``retry`` is the policy of steps that have none of their own. ``completed`` are steps of an earlier execution of the
    run, with their data versions. ``graphs`` are the graph assets of the run, which begin with their first internal
    step.
    """

    def __init__(
        self,
        environment: Environment,
        run_id: str,
        cancellation: Cancellation,
        hooks: HookCaller,
        graphs: Collection[str],
        retry: RetryPolicy | None,
        completed: Mapping[str, str | None],
    ) -> None:
        self.attempted: list[str] = []
        self.failed: dict[str, str] = {}
        self.first_failure: AttemptFailure | None = None
        self._storage = environment.storage
        self._clock = environment.clock
        self._run_id = run_id
        self._cancellation = cancellation
        self._hooks = hooks
        self._graphs = dict.fromkeys(graphs, False)
        self._retry = retry
        self._versions: dict[str, str | None] = dict(completed)
        self._keys: dict[str, Keys | None] = {}
        self._broken: dict[str, None] = {}
        self._begun: dict[str, int] = {}

    def begin(self, step: Step, number: int) -> None:
        """Record that attempt ``number`` at ``step`` begins."""
        at = self._clock.now_ns()
        self._begun.setdefault(step.name, at)
        events: list[NewEvent] = []
        if self._graphs and self._graphs.get(step.graph or "") is False:
            self._graphs[step.graph or ""] = True
            events.append(NewEvent("StepStart", at, step.graph))
        if number > 1 or not self._graphs.get(step.name):
            events += _of_each(step, "StepStart", at)
        self._record(events)

    def tell(self, step: Step, event_type: str, facts: Sequence[tuple[str, str]] = ()) -> None:
        """Record something about ``step`` that is no part of its attempts."""
        self._record(_of_each(step, event_type, self._clock.now_ns(), tuple(facts)))

    def settle(self, step: Step, number: int, outcome: StepOutcome) -> float | None:
        """Record what came of attempt ``number``.

        :returns: ``None`` when that was the last; else the seconds to wait before the next, which is announced.
        """
        if any(outcome.texts) or outcome.failure is not None or outcome.failed:
            self._record_log(step, outcome)
        failure = outcome.failure
        if failure is not None and failure.repeatable:
            wait = self._wait_before_next(step, number, failure)
            if wait is not None:
                return wait
        self._settle_targets(step, outcome)
        return None

    def close(self, step: Step, failure: AttemptFailure) -> None:
        """Record that the announced next attempt at ``step`` is not made after all."""
        self._settle_targets(step, StepOutcome(failure=failure))

    def skip(self, step: Step) -> None:
        """Record that ``step`` is not attempted, since something that it depends on failed."""
        at = self._clock.now_ns()
        for name in step.nodes:
            self.attempted.append(name)
            self.failed[name] = SKIPPED
            self._record([NewEvent("StepFailure", at, name, metadata=(("error", SKIPPED),))])

    def resume(self, nodes: Sequence[str]) -> None:
        """Count nodes as attempted that an earlier execution of the run has made."""
        self.attempted.extend(nodes)

    def is_blocked(self, step: Step) -> bool:
        """Whether something that ``step`` depends on failed, or an instance of it did."""
        return bool(self.failed) and any(
            upstream in self.failed or upstream in self._broken for upstream in step.upstreams
        )

    def keys_of(self, node: str, partition: PartitionContext | None) -> Keys | None:
        """The keys of the elements that the stored value of ``node`` consists of, ``None`` when they have none.

        ``partition`` is what is loaded of it. What was stored at several times may have keys that differ: then none.
        """
        if partition is not None:
            keys = dict.fromkeys(str(each) for key in partition.keys for each in key.concrete())
            found = dict.fromkeys(self._stored_keys(node, key) for key in keys)
            return next(iter(found)) if len(found) == 1 else None
        if node not in self._keys:
            self._keys[node] = self._stored_keys(node, None)
        return self._keys[node]

    def _stored_keys(self, node: str, partition: str | None) -> Keys | None:
        made = self._storage.get_latest_materialization(node, partition)
        if made is None or (partition is None and made.partition_key is not None):
            return None
        return recorded_keys(made.metadata)

    def arrange_since(self, count: int, steps: Sequence[Step]) -> None:
        """Put what was attempted after the first ``count`` in the order of ``steps``, whatever ended first."""
        if len(self.attempted) > count + 1:
            names = [target.name for step in steps for target in step.targets]
            positions = {name: position for position, name in enumerate(names)}
            last = len(names)
            self.attempted[count:] = sorted(self.attempted[count:], key=lambda name: positions.get(name, last))

    def _settle_targets(self, step: Step, outcome: StepOutcome) -> None:
        at = self._clock.now_ns()
        is_instance = step.is_instance
        inputs = self._input_versions(step)
        outputs = {output.name: output for output in outcome.outputs}
        events: list[NewEvent] = []
        for target in step.targets:
            name = target.name
            self.attempted.append(name)
            self._versions.setdefault(name, None)
            output = outputs.get(name)
            if output is not None:
                events += self._output_events(step, target, output, at, inputs, outcome.failed_partitions)
            failure = None if output is not None else outcome.failure_of(name)
            if failure is None:
                events.append(NewEvent("StepSuccess", at, name, of_instance=is_instance))
            else:
                events += self._failure_events(step, target, failure, at)
        self._record(events)
        self._storage.secure_events(self._run_id, self._begun.pop(step.name, at))
        self._hooks.call(step, outcome)

    def _output_events(
        self,
        step: Step,
        target: StepTarget,
        output: StepOutput,
        at: int,
        inputs: tuple[tuple[str, str], ...],
        failed: Sequence[tuple[PartitionKey, str]],
    ) -> list[NewEvent]:
        version, metadata, partition = output.data_version, output.metadata, step.partition
        if version is None:
            # A run that is executed again under its id makes new data, at another moment.
            version = content_id(self._run_id, output.name, at, "data_version")
        self._versions[output.name] = version
        if output.keys is not None:
            metadata = (*metadata, keys_fact(output.keys))
        event = NewEvent(output.event_type, at, output.name, None, metadata, version, target.code_version, inputs)
        event = replace(event, of_instance=True) if step.is_instance else event
        if partition.context is None:
            self._keys[output.name] = output.keys
            return [event]
        texts = dict(failed)
        return [
            _partition_failure(step, target, key, texts[key], at) if key in texts else replace(event, partition_key=key)
            for key in partition.keys
        ]

    def _wait_before_next(self, step: Step, number: int, failure: AttemptFailure) -> float | None:
        policy = step.retry or self._retry
        if policy is None or not policy.should_retry(failure.error, number) or self._cancellation.check():
            return None
        wait = policy.wait_seconds(number, random_for(self._run_id, step.name, number))
        reason = classify_failure(failure.error)
        facts = [
            ("rivers/attempt", str(number)),
            ("rivers/failure_reason", str(reason)),
            ("rivers/next_delay_ms", str(round(wait * 1000))),
        ]
        if policy.escalate is not None and reason in policy.escalate.on:
            facts.append(("rivers/next_compute", next_compute(step.compute, policy.escalate, number)))
        self._record(_of_each(step, "StepRetry", self._clock.now_ns(), tuple(facts)))
        return wait

    def _failure_events(self, step: Step, target: StepTarget, failure: AttemptFailure, at: int) -> list[NewEvent]:
        self.failed[target.name] = failure.text
        if step.template is not None:
            self._broken[step.template] = None
        if self.first_failure is None:
            self.first_failure = failure
        facts = (
            ("error", failure.text),
            ("rivers/failure_reason", str(classify_failure(failure.error))),
            ("rivers/exc_type", failure.classes),
        )
        events = [_partition_failure(step, target, key, failure.text, at) for key in step.partition.keys]
        return [*events, NewEvent("StepFailure", at, target.name, metadata=facts, of_instance=step.is_instance)]

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

    def _record(self, events: Sequence[NewEvent]) -> None:
        self._storage.record_events(self._run_id, events)

    def _record_log(self, step: Step, outcome: StepOutcome) -> None:
        """What the attempt printed, and a record of its own for the traceback of one that failed."""
        at = self._clock.now_ns()
        if any(outcome.texts):
            self._storage.record_log(self._run_id, step.name, at, *outcome.texts)
        for failure in outcome.failures:
            self._storage.record_log(self._run_id, step.name, at, None, None, None, failure.document)


def _of_each(step: Step, event_type: str, at: int, facts: tuple[tuple[str, str], ...] = ()) -> list[NewEvent]:
    """The same event of every target."""
    is_instance = step.is_instance
    return [NewEvent(event_type, at, target.name, metadata=facts, of_instance=is_instance) for target in step.targets]


def _partition_failure(step: Step, target: StepTarget, key: PartitionKey, text: str, at: int) -> NewEvent:
    return NewEvent("StepFailure", at, target.name, key, (("error", text),), of_instance=step.is_instance)
