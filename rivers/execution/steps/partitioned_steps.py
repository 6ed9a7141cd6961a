"""The partitions of each step in a run, from the partition plan of the run."""

from __future__ import annotations

from datetime import datetime

from rivers.clock import Clock, SimClock, datetime_of
from rivers.exceptions import PartitionValidationError
from rivers.execution.steps.compiled_steps import Particulars, Step, StepPartition
from rivers.graph.partition_plans import Load, PartitionPlan
from rivers.partitions import PartitionContext


def partition_moment(clock: Clock, at: int | None = None) -> datetime:
    """Return the moment ``at`` (epoch nanoseconds), or now, on the naive timeline of partitions.

    It is the host's local time, and UTC in simulated time, so that a scenario is the same on every host.
    """
    now = clock.datetime() if at is None else datetime_of(at)
    return (now if isinstance(clock, SimClock) else now.astimezone()).replace(tzinfo=None)


def with_partitions(step: Step, plan: PartitionPlan) -> Step:
    """Return the step for the partitions of a run, unchanged when neither it nor what it reads has any.

    A key that leads to nothing in an upstream is a fault of this step alone, which fails when it is executed.
    """
    name = step.targets[0].name
    context = plan.context_of(name)
    inputs: dict[str, PartitionContext] = {}
    whole: list[str] = []
    unread: list[str] = []
    fault: PartitionValidationError | None = None
    for given in (*step.inputs, *(() if step.instance is None else step.instance.inputs)):
        upstream = given.template or given.upstream
        try:
            load = plan.load(name, upstream)
        except PartitionValidationError as error:
            load, fault = Load(), fault or error
        if load.is_absent:
            unread.append(given.parameter)
        elif load.partition is not None:
            inputs[given.parameter] = load.partition
        elif upstream in plan.graph.partitions:
            whole.append(given.parameter)
    if context is None and not inputs and not whole and not unread and fault is None:
        return step
    outputs = {target: of_output for target in step.nodes if (of_output := plan.context_of(target)) is not None}
    partition = StepPartition(context, outputs, inputs, tuple(whole), tuple(unread), fault)
    return step.with_particulars(Particulars(partition=partition))
