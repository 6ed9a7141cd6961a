"""What the requests of one evaluation become: runs, runs that exist already, or texts that say why not.

Owns targets, tags, run keys and run ids. One faulty request never takes the others with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rivers.definitions.argument_checks import storable
from rivers.exceptions import ExecutionError, PartitionValidationError
from rivers.ids import run_id_for_key, run_id_for_position
from rivers.partitions.keys import PartitionKey
from rivers.records import AutomationKind, LaunchedBy, NewRun, priority_of

if TYPE_CHECKING:
    from typing_extensions import TypeIs


class RunAsked(Protocol):
    """A ``RunRequest``: what a function returned to ask for one run."""

    @property
    def run_key(self) -> str | None:
        """The key under which this trigger launches at most one run, ever."""
        ...

    @property
    def tags(self) -> Mapping[str, str] | None:
        """The tags of the run, laid over those of the trigger."""
        ...

    @property
    def partition_key(self) -> str | None:
        """The partition to run for."""
        ...

    @property
    def job_name(self) -> str | None:
        """The job to run; ``None`` means the trigger's target."""
        ...


class KeyReading(Protocol):
    """A reader of the partition keys of requests, given the nodes, the moment and the registered keys."""

    def key_for(self, nodes: Sequence[str], text: str | None) -> PartitionKey | None:
        """Return the key for which the nodes can run; ``None`` when they have no partitions.

        :raises ExecutionError: they need a key and there is none, or one of them does not have this one
        :raises PartitionValidationError: the text is no key of theirs, or one of them is not partitioned
        """
        ...


class BackfillAsked(Protocol):
    """A ``BackfillRequest``: what a function returned to ask for runs over many partitions."""

    @property
    def selection(self) -> Sequence[str]:
        """The assets to run. Having this attribute is what makes a request a backfill."""
        ...


@dataclass(frozen=True, slots=True)
class TriggerFacts:
    """What deciding needs to know of a schedule or sensor. Its own target is ``job_name``, else ``asset_selection``."""

    kind: AutomationKind
    name: str
    job_name: str | None = None
    tags: Mapping[str, str] | None = None
    asset_selection: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Launches:
    """The runs to create, in the order of the requests; ``failure`` describes the first request that cannot be one."""

    runs: tuple[NewRun, ...]
    failure: str | None


def plan_launches(
    trigger: TriggerFacts,
    requests: Sequence[RunAsked | BackfillAsked],
    *,
    tick_id: str,
    targets: Mapping[str, tuple[str, ...]],
    used_keys: Mapping[str, str],
    keys: KeyReading,
    now: int,
    queued: bool,
) -> Launches:
    """Turn requests into runs.

    :param targets: the nodes of every job by its name.
    :param used_keys: run key -> run id of those keys among the requests for which this trigger has launched before.
    :param keys: reads their partition keys.
    :param now: epoch nanoseconds; the runs' ``start_time``.
    :param queued: whether a run queue admits runs (``Queued``) or they start at once (``NotStarted``).

    A run key that is in use, also by an earlier request of the same tick, launches nothing and is no failure, whatever
    its partition key is. A request that fails does not use up its run key.
    """
    runs: list[NewRun] = []
    taken = set(used_keys)
    failure: str | None = None
    for position, request in enumerate(requests):
        target = _target_of(trigger, request, targets)
        if isinstance(target, str):
            failure = failure or _numbered(target, position, len(requests))
            continue
        key = target.request.run_key
        if key is not None and key in taken:
            continue
        try:
            partition_key = keys.key_for(target.node_names, target.request.partition_key)
        except (ExecutionError, PartitionValidationError) as error:
            fault = f"{target.text} cannot run: {storable(str(error))}"
            failure = failure or _numbered(fault, position, len(requests))
            continue
        if key is None:
            run_id = run_id_for_position(tick_id, position)
        else:
            taken.add(key)
            run_id = run_id_for_key(trigger.kind, trigger.name, key)
        tags = tuple({**(trigger.tags or {}), **(target.request.tags or {})}.items())
        runs.append(
            NewRun(
                run_id=run_id,
                job_name=target.job_name,
                node_names=target.node_names,
                status="Queued" if queued else "NotStarted",
                start_time=now,
                tags=tags,
                priority=priority_of(tags),
                launched_by=_launched_by(trigger),
                run_key=key,
                partition_key=partition_key,
            )
        )
    return Launches(tuple(runs), failure)


@dataclass(frozen=True, slots=True)
class _Target:
    request: RunAsked
    job_name: str | None
    node_names: tuple[str, ...]
    text: str


def _target_of(
    trigger: TriggerFacts, request: RunAsked | BackfillAsked, targets: Mapping[str, tuple[str, ...]]
) -> _Target | str:
    """Return what the request runs, or the text that says why it cannot run."""
    if _is_backfill(request):
        return (
            f"a BackfillRequest for [{storable(', '.join(request.selection))}] cannot be launched: this version of "
            "rivers has no backfills. Return a RunRequest with a partition_key for each partition instead"
        )
    job_name = request.job_name if request.job_name is not None else trigger.job_name
    if job_name is None:
        if not trigger.asset_selection:
            return f"the RunRequest names no job, and {trigger.kind} '{trigger.name}' has neither job_name nor assets"
        nodes, target = trigger.asset_selection, f"the assets [{', '.join(trigger.asset_selection)}]"
    elif job_name not in targets:
        return f"Job '{job_name}' not found"
    else:
        nodes, target = targets[job_name], f"Job '{job_name}'"
    return _Target(request, job_name, nodes, target)


def _is_backfill(request: RunAsked | BackfillAsked) -> TypeIs[BackfillAsked]:
    # An isinstance check on a protocol costs more than the rest of a launch.
    return hasattr(request, "selection")


def _numbered(text: str, position: int, count: int) -> str:
    return text if count == 1 else f"{text} (request {position + 1} of {count})"


def _launched_by(trigger: TriggerFacts) -> LaunchedBy:
    match trigger.kind:
        case "schedule":
            return LaunchedBy.schedule(trigger.name)
        case "sensor":
            return LaunchedBy.sensor(trigger.name)
        case "condition":
            return LaunchedBy.condition()
