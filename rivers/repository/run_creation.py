"""The record of a run that a person asks for, and its way into storage: as a new run, or as one that starts again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from rivers.exceptions import ExecutionError
from rivers.partitions import PartitionKey
from rivers.queueing.leases import ORPHANED, RUN_LEASE_NS
from rivers.records import LaunchedBy, NewRun, RunRecord, StorageType, priority_of
from rivers.storage import Storage


def run_by_hand(
    run_id: str,
    names: Sequence[str],
    status: str,
    at: int,
    *,
    job_name: str | None = None,
    partition_key: PartitionKey | None = None,
    tags: Sequence[tuple[str, str]] | None = None,
    config: Mapping[str, Any] | None = None,
) -> NewRun:
    """Return the record of a run that a person asks for ``at`` a moment, in epoch nanoseconds (UTC).

    :raises TypeError: when ``tags`` is not a list of pairs of text
    """
    pairs = _pairs(tags)
    return NewRun(
        run_id=run_id,
        job_name=job_name,
        node_names=tuple(names),
        status=status,
        start_time=at,
        partition_key=partition_key,
        tags=pairs,
        priority=priority_of(pairs),
        launched_by=LaunchedBy.manual(),
        config=dict(config) if config else None,
    )


def _pairs(tags: Any) -> tuple[tuple[str, str], ...]:
    if tags is None:
        return ()
    if isinstance(tags, Mapping | str) or not isinstance(tags, Iterable):
        raise TypeError(f"tags must be a list of (key, value) pairs, got {type(tags).__name__}")  # pyright: ignore[reportUnknownArgumentType]
    pairs: list[tuple[str, str]] = []
    for pair in cast("Iterable[Any]", tags):
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):  # pyright: ignore
            raise TypeError(f"tags must be a list of (key, value) pairs of str, got {pair!r}")
        pairs.append((pair[0], pair[1]))  # pyright: ignore
    return tuple(pairs)


def enter_run(storage: Storage, run: NewRun, *, resume: bool) -> None:
    """Store ``run``, which is ``Started``, with a lease for the session of ``storage``.

    When the id is known, that run goes back to ``Started`` and ends anew. A resumed run keeps its job, its launcher
    and, unless others are given, its tags. Otherwise the record describes the new run, from the time at which the id
    was first used.

    Runs that a killed process was executing end as failed before this one begins.

    :raises ExecutionError: when the run of that id has not ended and its executor is alive
    """
    if storage.type == StorageType.Embedded:
        # There may never be a graph on this store, whose lease daemon would end what a killed process has left behind.
        storage.fail_orphans(run.start_time, ORPHANED)
    owner, lease_until = storage.session, run.start_time + RUN_LEASE_NS
    if storage.create_run(run, owner=owner, lease_until=lease_until):
        return
    earlier = storage.get_run(run.run_id)
    again = _resumed(run, earlier) if resume and earlier is not None else run
    if not storage.start_run_again(again, owner=owner, lease_until=lease_until, anew=not resume):
        found = storage.get_run(run.run_id)
        status = "unknown" if found is None else found.status
        raise ExecutionError(f"run '{run.run_id}' is {status}: it can be executed again only when it has ended")


def _resumed(run: NewRun, earlier: RunRecord) -> NewRun:
    tags = run.tags or tuple(earlier.tags)
    return replace(
        run,
        job_name=earlier.job_name,
        launched_by=earlier.launched_by,
        run_key=earlier.run_key,
        tags=tags,
        priority=priority_of(tags),
    )


def completed_steps(storage: Storage, run_id: str, key: PartitionKey | None) -> dict[str, str | None]:
    """Return the steps that succeeded when the run of that id last executed them, with their data versions.

    A run for another partition has none. Steps from before the run was begun anew do not count.
    """
    completed: dict[str, str | None] = {}
    earlier = storage.get_run(run_id)
    if earlier is not None and earlier.partition_key != key:
        return completed
    versions: dict[str, str | None] = {}
    for event in storage.get_events_since_anew(run_id):
        if event.asset_key is None:
            continue
        if event.event_type in ("Materialization", "Observation"):
            versions[event.asset_key] = event.data_version
        elif event.event_type == "StepSuccess":
            completed[event.asset_key] = versions.get(event.asset_key)
        elif event.event_type in ("StepStart", "StepFailure") and event.partition_key is None:
            completed.pop(event.asset_key, None)
    return completed
