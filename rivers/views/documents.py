"""Questions about a store, with JSON values as answers, which the API sends and the command line prints.

Times are epoch nanoseconds. Their names end in ``_at`` or are those of the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from rivers.exceptions import AmbiguousRun
from rivers.partitions.keys import PartitionKey
from rivers.records import (
    AUTOMATION_TYPES,
    AutomationKind,
    RunRecord,
    ScheduleStatus,
    SensorStatus,
    StoredEvent,
    StoredLog,
    StoredTick,
    TriggerState,
)
from rivers.scheduling.cron import CronTimes
from rivers.scheduling.polls import interval_ns

if TYPE_CHECKING:
    from rivers.definitions.triggers.schedules import Schedule
    from rivers.definitions.triggers.sensors import Sensor
    from rivers.repository.code_repository import CodeRepository
    from rivers.storage import Storage

TRIGGER_KINDS: Final[tuple[AutomationKind, ...]] = ("schedule", "sensor")
Choice = Literal["running", "stopped"] | None
CHOICES: Final[dict[str, Choice]] = {"pause": "stopped", "resume": "running", "reset": None}
PREFIX_SEARCH_MAX: Final = 10_000

Document = dict[str, Any]


def automations(storage: Storage, repo: CodeRepository | None, now: int) -> list[Document]:
    """Return every schedule and sensor: effective status and reason, newest tick, cursor and next time.

    Without a repository only the store is asked, so that ``status`` is ``None`` where nobody has chosen one.
    """
    found: list[Document] = []
    for kind in TRIGGER_KINDS:
        states = storage.trigger_states(kind)
        declared = {} if repo is None else declared_triggers(repo, kind)
        for name in sorted({**states, **declared}):
            state = states.get(name) or TriggerState(kind=kind, name=name)
            found.append(_automation(storage, state, declared.get(name), repo is not None, now))
    return found


def trigger_kind(text: str) -> AutomationKind:
    """Return ``text`` as the kind of a trigger.

    :raises ValueError: when it is none
    """
    for kind in TRIGGER_KINDS:
        if kind == text:
            return kind
    raise ValueError(f"'{text}' is neither 'schedule' nor 'sensor'")


def declared_triggers(repo: CodeRepository, kind: AutomationKind) -> dict[str, Schedule | Sensor]:
    """Return the schedules or the sensors of a repository, by name."""
    triggers: Iterable[Schedule | Sensor] = repo.schedules if kind == "schedule" else repo.sensors
    return {trigger.name: trigger for trigger in triggers}


def _automation(
    storage: Storage, state: TriggerState, trigger: Schedule | Sensor | None, module_known: bool, now: int
) -> Document:
    status, why = _effective_status(state, trigger, module_known)
    newest = [tick for tick in storage.get_ticks(state.name, 2) if tick.automation_type == AUTOMATION_TYPES[state.kind]]
    return {
        "kind": state.kind,
        "name": state.name,
        "status": status,
        "why": why,
        "choice": state.choice,
        "last_tick": tick_document(newest[0]) if newest else None,
        "cursor": state.cursor,
        "next_fire_at": next_fire(trigger, state.last_tick_at, now) if status == "running" and trigger else None,
    }


def _effective_status(
    state: TriggerState, trigger: Schedule | Sensor | None, module_known: bool
) -> tuple[str | None, str]:
    if trigger is None and module_known:
        return "absent", "not in the module"
    if state.choice is not None:
        return state.choice, "choice"
    if trigger is None:
        return None, "default"
    running = trigger.default_status in (ScheduleStatus.Running, SensorStatus.Running)
    return ("running" if running else "stopped"), "default"


def choose(storage: Storage, kind: AutomationKind, name: str, choice: Choice, now: int) -> TriggerState:
    """Write a choice where no daemon runs. The times that a paused schedule passed over do not count as missed."""
    state = storage.trigger_state(kind, name)
    was_paused = state is not None and state.choice == "stopped"
    checkpoint = now if was_paused and choice != "stopped" else None
    return storage.set_trigger_choice(kind, name, choice, now, checkpoint)


def next_fires(repo: CodeRepository) -> Callable[[str, str, int], int | None]:
    """Return a function of an automation type, a name and a moment, which returns the trigger's next time."""
    triggers = {
        (AUTOMATION_TYPES[kind], name): trigger
        for kind in TRIGGER_KINDS
        for name, trigger in declared_triggers(repo, kind).items()
    }

    def next_of(automation_type: str, name: str, at: int) -> int | None:
        trigger = triggers.get((automation_type, name))
        return None if trigger is None else next_fire(trigger, at, at)

    return next_of


def next_fire(trigger: Schedule | Sensor, last_tick_at: int | None, now: int) -> int | None:
    """Return when a running trigger fires next: a cron time, or for a sensor the earliest moment of its next poll."""
    if hasattr(trigger, "cron_schedule"):
        schedule: Any = trigger
        return _cron_times(schedule.cron_schedule, schedule.timezone).after(now)
    sensor: Any = trigger
    interval = interval_ns(sensor.minimum_interval)
    return now if last_tick_at is None else max(now, last_tick_at + interval)


@lru_cache(maxsize=1024)
def _cron_times(expression: str, timezone: str | None) -> CronTimes:
    """Return a parsed expression. Parsing costs far more than asking, and the live log asks at every tick."""
    return CronTimes(expression, timezone)


def ticks(storage: Storage, name: str | None, limit: int) -> list[Document]:
    """Return the newest ticks first, of one automation or of all."""
    if name is not None:
        return [tick_document(tick) for tick in storage.get_ticks(name, limit)]
    names = sorted({name for kind in TRIGGER_KINDS for name in storage.trigger_states(kind)})
    found = [tick for name in names for tick in storage.get_ticks(name, limit)]
    found.sort(key=lambda tick: tick.timestamp, reverse=True)
    return [tick_document(tick) for tick in found[:limit]]


def runs(storage: Storage, status: str | None, limit: int) -> list[Document]:
    """Return the newest runs first, of one status or of all.

    :raises StorageError: for a status that runs do not have (also a ``ValueError``)
    """
    return [run_document(run) for run in storage.get_runs(limit, status)]


def run_detail(storage: Storage, run_id: str) -> Document | None:
    """Return one run with its events and what its steps printed, ``None`` when there is none.

    ``run_id`` may be the beginning of an id.

    :raises AmbiguousRun: when several runs begin so
    """
    run = find_run(storage, run_id)
    if run is None:
        return None
    return {
        **run_document(run),
        "traceback": run.traceback,
        "events": [event_document(event) for event in storage.get_events_for_run(run.run_id)],
        "logs": [log_document(log) for log in storage.get_run_logs(run.run_id)],
    }


def find_run(storage: Storage, run_id: str) -> RunRecord | None:
    """Return the run of that id, else the only one of the newest 10 000 whose id begins so, else ``None``.

    :raises AmbiguousRun: when several runs begin so
    """
    run = storage.get_run(run_id)
    if run is not None or not run_id:
        return run
    matches = [run for run in storage.get_runs(PREFIX_SEARCH_MAX) if run.run_id.startswith(run_id)]
    if len(matches) > 1:
        message = f"{len(matches)} runs begin with '{run_id}': give more of the id"
        raise AmbiguousRun(message, kind="Run", name=run_id)
    return matches[0] if matches else None


def tick_document(tick: StoredTick) -> Document:
    """Return a tick as JSON."""
    return asdict(tick)


def run_document(run: RunRecord) -> Document:
    """Return a run as JSON, without its traceback and configuration."""
    launched_by = {"kind": run.launched_by.kind}
    if run.launched_by.name is not None:
        launched_by["name"] = run.launched_by.name
    return {
        "run_id": run.run_id,
        "job_name": run.job_name,
        "status": run.status,
        "start_time": run.start_time,
        "started_at": run.started_at,
        "end_time": run.end_time,
        "tags": dict(run.tags),
        "node_names": list(run.node_names),
        "priority": run.priority,
        "partition_key": _partition_text(run.partition_key),
        "block_reason": run.block_reason,
        "launched_by": launched_by,
        "run_key": run.run_key,
        "error": run.error,
    }


def event_document(event: StoredEvent) -> Document:
    """Return an event of a run as JSON."""
    return {
        "event_type": event.event_type,
        "step": event.asset_key,
        "timestamp": event.timestamp,
        "partition_key": _partition_text(event.partition_key),
        "metadata": [list(pair) for pair in event.metadata],
        "data_version": event.data_version,
    }


def log_document(log: StoredLog) -> Document:
    """Return the output of a step as JSON."""
    return {
        "step": log.step_key,
        "timestamp": log.timestamp,
        "stdout": log.stdout,
        "stderr": log.stderr,
        "logs": log.logs,
        "traceback": log.traceback,
    }


def _partition_text(key: PartitionKey | None) -> str | None:
    return None if key is None else str(key)
