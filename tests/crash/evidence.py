"""What is known about a store that was killed again and again: what was told, what was found, what was executed.

Told: the log lines of each life of the server. Found: what a fresh process reads in the store after each kill.
Executed: the trace that steps and sensors leave in files of their own. The checkers compare the three.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rivers.records import (
    TERMINAL_STATUSES,
    AssetRecord,
    AutomationKind,
    RunRecord,
    StoredEvent,
    StoredTick,
    TriggerState,
)
from rivers.storage import Storage

ALL = 10**9
Trigger = tuple[AutomationKind, str]
Line = dict[str, Any]


@dataclass
class Life:
    """One process from its start to its kill. ``limit`` is that of its run queue, ``None`` for no queue.

    ``boot`` is the number of the opening of the store that it made; ``ended_at`` the time of the kill.
    """

    number: int
    limit: int | None
    boot: int = 0
    ended_at: int = 0
    lines: list[Line] = field(default_factory=list)


@dataclass
class Snapshot:
    """What a store holds. ``flights`` gives the lease owner of each run in flight, ``None`` before its start."""

    triggers: dict[Trigger, TriggerState] = field(default_factory=dict)
    ticks: dict[Trigger, list[StoredTick]] = field(default_factory=dict)
    runs: dict[str, RunRecord] = field(default_factory=dict)
    flights: dict[str, str | None] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    run_keys: dict[tuple[str, str, str], str] = field(default_factory=dict)
    run_events: dict[str, list[StoredEvent]] = field(default_factory=dict)
    asset_events: dict[str, list[StoredEvent]] = field(default_factory=dict)
    assets: dict[str, AssetRecord] = field(default_factory=dict)
    latest: dict[str, StoredEvent | None] = field(default_factory=dict)

    @property
    def started(self) -> set[str]:
        """The runs that are in execution, as far as the store knows."""
        return {run_id for run_id, run in self.runs.items() if run.status == "Started"}


@dataclass
class Evidence:
    """Everything so far. ``ticks`` also holds those that the store has pruned since they were last found.

    ``left_started`` are the runs that were Started when each life ended, ``contradictions`` what one snapshot said and
    the next one says otherwise though it can never change. ``steps`` and ``polls`` are the traces, in their order.
    """

    lives: list[Life] = field(default_factory=list)
    found: Snapshot = field(default_factory=Snapshot)
    ticks: dict[Trigger, dict[int, StoredTick]] = field(default_factory=dict)
    left_started: list[set[str]] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    polls: list[int] = field(default_factory=list)

    def add(self, life: Life, found: Snapshot, steps: list[tuple[str, str]], polls: list[int]) -> None:
        """Take in what one more life has left."""
        for trigger, ticks in found.ticks.items():
            known = self.ticks.setdefault(trigger, {})
            for tick in ticks:
                if known.setdefault(tick.seq, tick) != tick:
                    self.contradictions.append(f"tick {trigger} #{tick.seq} was {known[tick.seq]} and is {tick}")
        for run_id, before in self.found.runs.items():
            if before.status in TERMINAL_STATUSES and found.runs.get(run_id) != before:
                self.contradictions.append(f"run {run_id} had ended as {before} and is {found.runs.get(run_id)}")
        self.lives.append(life)
        self.left_started.append(found.started)
        self.found, self.steps, self.polls = found, steps, polls


def read_store(path: Path) -> tuple[int, Snapshot]:
    """Open a store that nobody holds and read all of it; also which opening this was."""
    with Storage.embedded(str(path)) as storage:
        found = Snapshot()
        for kind in ("schedule", "sensor"):
            for name, state in storage.trigger_states(kind).items():
                found.triggers[kind, name] = state
                found.ticks[kind, name] = storage.get_ticks(name, ALL)
        found.runs = {run.run_id: run for run in storage.get_runs(ALL)}
        found.run_events = {run_id: storage.get_events_for_run(run_id) for run_id in found.runs}
        found.assets = {record.asset_key: record for record in storage.get_asset_records()}
        for asset in found.assets:
            found.asset_events[asset] = storage.get_events_for_asset(asset, ALL)
            found.latest[asset] = storage.get_latest_materialization(asset)
        _read_indexes(storage, found)
        return storage._engine.boot, found


def _read_indexes(storage: Storage, found: Snapshot) -> None:
    """The rows that no public call shows as they are."""
    (flights,) = storage._engine.query("SELECT id, o FROM flight")
    found.flights = {row["id"][0]: row.get("o") for row in flights}
    (queue,) = storage._engine.query("SELECT VALUE id[4] FROM queue")
    found.queue = queue
    (outcomes,) = storage._engine.query("SELECT id, r FROM run_outcome")
    found.outcomes = {row["r"]: row["id"][0] for row in outcomes}
    (keys,) = storage._engine.query("SELECT id, r FROM run_key")
    found.run_keys = {tuple(row["id"]): row["r"] for row in keys}


def read_lines(written: bytes) -> list[Line]:
    """The whole lines of a log; the last one may have been cut short by the kill."""
    return [json.loads(line) for line in written.split(b"\n")[:-1]]


def read_steps(folder: Path) -> list[tuple[str, str]]:
    """(run id, step) of every step that has begun."""
    return [(run_id, step) for run_id, step in (line.split(" ") for line in _trace(folder / "steps"))]


def read_polls(folder: Path) -> list[int]:
    """The number that each poll of the counting sensor came to."""
    return [int(line) for line in _trace(folder / "polls")]


def _trace(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
