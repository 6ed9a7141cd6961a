"""Triggers and their ticks: the state row on which every decision is a compare-and-set, and the decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from rivers.exceptions import StorageError, Superseded
from rivers.records import AUTOMATION_TYPES, AutomationKind, StoredTick, TickDecision, TriggerState
from rivers.storage.changes import Change, TickCommitted, TriggerChoiceChanged
from rivers.storage.engine import Engine
from rivers.storage.faults import LOST, Duplicate, Lost, OutcomeUnknown
from rivers.storage.rows import Row, tick_record, tick_row, trigger_state
from rivers.storage.session import Session
from rivers.storage.transitions import created_changes, creation
from rivers.storage.wire import checked_limit, record_id

if TYPE_CHECKING:
    from rivers.clock import Clock
    from rivers.ids import IdSource

GROUP_MAX = 50
"""How many decisions, or ends of runs, go into one transaction. A larger one saves nothing and holds the GIL longer."""

_CAS = f"IF (SELECT VALUE seq FROM $known) != $known_seqs {{ THROW '{LOST}' }}"
_CAS_NEW = f"IF (SELECT VALUE seq FROM $new WHERE seq != 0) != [] {{ THROW '{LOST}' }}"
_STATE = (
    "INSERT INTO trigger $states ON DUPLICATE KEY UPDATE "
    "seq = $input.seq, c = $input.c, at = $input.at, d = $input.d, cp = $input.cp ?? cp RETURN NONE"
)


class Triggers(Session):
    """State rows, ticks and run keys of schedules, sensors and conditions."""

    def __init__(self, engine: Engine, clock: Clock | None = None, ids: IdSource | None = None) -> None:
        super().__init__(engine, clock, ids)
        self._pruned: dict[tuple[AutomationKind, str], int] = {}
        """The newest tick of each trigger that this handle has deleted. Only a hint, which saves range deletes."""

    def trigger_states(self, kind: AutomationKind) -> dict[str, TriggerState]:
        """Return the state of every trigger of a kind, by name."""
        (rows,) = self._engine.query("SELECT * FROM trigger:[$kind,NONE]..[$kind,..]", kind=kind)
        return {state.name: state for state in map(trigger_state, rows)}

    def trigger_state(self, kind: AutomationKind, name: str) -> TriggerState | None:
        """Return the state of a trigger, ``None`` when it has none yet."""
        (row,) = self._engine.query("SELECT * FROM ONLY $id", id=record_id("trigger", kind, name))
        return None if row is None else trigger_state(row)

    def ensure_triggers(
        self, kind: AutomationKind, names: Iterable[str], checkpoint: int | None
    ) -> dict[str, TriggerState]:
        """Return the states of ``names``. Those that are missing are created with ``checkpoint``."""
        names = list(names)
        if not names:
            return {}
        fresh: Row = {"seq": 0} if checkpoint is None else {"seq": 0, "cp": checkpoint}
        with self._engine as engine:
            *_, rows = engine.transact(
                self.session,
                ["INSERT IGNORE INTO trigger $rows RETURN NONE", "SELECT * FROM $ids"],
                {
                    "rows": [{"id": [kind, name], **fresh} for name in names],
                    "ids": [record_id("trigger", kind, name) for name in names],
                },
            )
            return {state.name: state for state in map(trigger_state, rows)}

    def set_trigger_choice(
        self,
        kind: AutomationKind,
        name: str,
        choice: Literal["running", "stopped"] | None,
        at: int,
        checkpoint: int | None = None,
    ) -> TriggerState:
        """Write what a person chose, and the ``checkpoint`` when it is given, as when a schedule is resumed."""
        with self._engine as engine:
            sets = "seq = seq ?? 0, ch = $choice"
            if checkpoint is not None:
                sets += ", cp = $checkpoint"
            (rows,) = engine.transact(
                self.session,
                [f"UPSERT $id SET {sets} RETURN AFTER"],
                {"id": record_id("trigger", kind, name), "choice": choice, "checkpoint": checkpoint},
            )
            if engine.changes.wanted:
                engine.changes.put([TriggerChoiceChanged(at=at, kind=kind, name=name, choice=choice)])
            return trigger_state(rows[0])

    def set_checkpoints(self, kind: AutomationKind, checkpoints: Mapping[str, int | None]) -> None:
        """Move checkpoints without a tick; ``None`` is for a trigger that has been stopped."""
        if not checkpoints:
            return
        rows: list[Row] = [{"id": [kind, name], "seq": 0, "cp": at} for name, at in checkpoints.items()]
        with self._engine as engine:
            statement = "INSERT INTO trigger $rows ON DUPLICATE KEY UPDATE cp = $input.cp RETURN NONE"
            engine.transact(self.session, [statement], {"rows": rows})

    def used_run_keys(self, kind: AutomationKind, name: str, keys: Iterable[str]) -> dict[str, str]:
        """Return which of ``keys`` this trigger has used, with the run that each produced."""
        keys = list(keys)
        if not keys:
            return {}
        ids = [record_id("run_key", kind, name, key) for key in keys]
        (rows,) = self._engine.query("SELECT VALUE [id[2], r] FROM $ids", ids=ids)
        return dict(rows)

    def get_ticks(self, automation_name: str, limit: int = 100) -> list[StoredTick]:
        """Return the newest ticks first, at most ``limit``. A schedule and a sensor may share the name.

        :raises OverflowError: ``limit`` is negative
        """
        limit = checked_limit(limit)
        if limit == 0:
            return []
        ticks: list[StoredTick] = []
        with self._engine as engine:
            for kind in AUTOMATION_TYPES:
                state = self.trigger_state(kind, automation_name)
                if state is None or state.last_seq == 0:
                    continue
                (rows,) = engine.query(
                    "SELECT * FROM tick:[$kind,$name,$first]..=[$kind,$name,$last]",
                    kind=kind,
                    name=automation_name,
                    first=max(1, state.last_seq - limit + 1),
                    last=state.last_seq,
                )
                ticks.extend(tick_record(row) for row in reversed(rows))
        ticks.sort(key=lambda tick: tick.timestamp, reverse=True)
        return ticks[:limit]

    def commit_ticks(self, decisions: Sequence[TickDecision], *, retain: int | None) -> list[TickDecision]:
        """Write decisions, each whole or not at all, in transactions of at most 50.

        A decision is valid only while the sequence of its trigger is the expected one and its run keys are unused. When
        a transaction fails, its decisions are written one by one, so that a bad one takes no other with it.

        :param retain: how many ticks of each trigger to keep; ``None`` keeps all
        :returns: the decisions that are committed. One that is missing has lost its compare-and-set: read and decide
            again
        :raises StorageError: the engine refused a decision for another reason; those before it stand
        """
        committed: list[TickDecision] = []
        with self._engine:
            for group in _groups(decisions):
                try:
                    self._commit_group(group, retain)
                    committed.extend(group)
                except Superseded:
                    raise
                except StorageError as error:
                    # Another automation graph gives a poll with the same number the same decision id, and may have
                    # decided otherwise. So a row with that id is of this very group only when the reply was lost.
                    unknown = isinstance(error, OutcomeUnknown)
                    committed.extend(
                        decision for decision in group if self._commit_alone(decision, retain, unknown=unknown)
                    )
        return committed

    def _commit_alone(self, decision: TickDecision, retain: int | None, *, unknown: bool) -> bool:
        if unknown and self._is_committed(decision):
            return True  # only the reply of the group was lost
        try:
            self._commit_group([decision], retain)
        except (Duplicate, Lost):
            return False
        except OutcomeUnknown:
            return self._is_committed(decision)
        return True

    def _is_committed(self, decision: TickDecision) -> bool:
        state = self.trigger_state(decision.kind, decision.name)
        return state is not None and state.decision_id == decision.tick.id

    def _commit_group(self, group: Sequence[TickDecision], retain: int | None) -> None:
        engine = self._engine
        statements, variables = _decision_statements(group)
        runs = [run for decision in group for run in decision.runs]
        if runs:
            run_statements, run_variables = creation(runs, engine.next_number())
            statements += run_statements
            variables |= run_variables
        floors = {} if retain is None else _floors(group, retain)
        prune_statements, prune_variables = self._pruning(floors)
        engine.transact(self.session, [*statements, *prune_statements], variables | prune_variables)
        self._pruned.update(floors)
        if engine.changes.wanted:
            changes: list[Change] = []
            for decision in group:
                changes.append(TickCommitted(kind=decision.kind, tick=decision.tick))
                changes.extend(created_changes(decision.runs))
            engine.changes.put(changes)

    def _pruning(self, floors: Mapping[tuple[AutomationKind, str], int]) -> tuple[list[str], dict[str, Any]]:
        """Return the statements that delete every tick up to the floor of its trigger, and their variables.

        Where this handle has pruned up to the tick before, one row goes, and one statement deletes those rows of the
        whole group. A range delete for each trigger costs ten times as much.
        """
        steps = [key for key, floor in floors.items() if self._pruned.get(key, 0) == floor - 1]
        leaps = [key for key in floors if self._pruned.get(key, 0) not in (floors[key] - 1, floors[key])]
        statements: list[str] = []
        variables: dict[str, Any] = {}
        if steps:
            statements.append("DELETE $outdated RETURN NONE")
            variables["outdated"] = [record_id("tick", *key, floors[key]) for key in steps]
        if leaps:
            statements.append(
                "FOR $old IN $ranges { DELETE tick:[$old.k,$old.n,NONE]..=[$old.k,$old.n,$old.s] RETURN NONE }"
            )
            variables["ranges"] = [{"k": key[0], "n": key[1], "s": floors[key]} for key in leaps]
        return statements, variables


def _floors(group: Sequence[TickDecision], retain: int) -> dict[tuple[AutomationKind, str], int]:
    """Return the newest tick to delete of each trigger that has one."""
    floors: dict[tuple[AutomationKind, str], int] = {
        (decision.kind, decision.name): decision.tick.seq - retain for decision in group
    }
    return {key: floor for key, floor in floors.items() if floor > 0}


def _groups(decisions: Sequence[TickDecision]) -> list[list[TickDecision]]:
    """Return consecutive groups. Two decisions of one trigger never share one, since the second builds on the first."""
    groups: list[list[TickDecision]] = []
    names: dict[tuple[str, str], None] = {}
    for decision in decisions:
        key = (decision.kind, decision.name)
        if not groups or key in names or len(groups[-1]) == GROUP_MAX:
            groups.append([])
            names = {}
        groups[-1].append(decision)
        names[key] = None
    return groups


def _decision_statements(group: Sequence[TickDecision]) -> tuple[list[str], dict[str, Any]]:
    """Return the statements for the compare-and-set, state rows, ticks and run keys, and their variables."""
    known = [decision for decision in group if decision.expected_seq]
    new = [decision for decision in group if not decision.expected_seq]
    keys: list[Row] = [
        {"id": [decision.kind, decision.name, run.run_key], "r": run.run_id}
        for decision in group
        for run in decision.runs
        if run.run_key is not None
    ]
    statements: list[str] = []
    variables: dict[str, Any] = {
        "states": [_state_row(decision) for decision in group],
        "ticks": [tick_row(decision.kind, decision.tick) for decision in group],
    }
    if known:
        statements.append(_CAS)
        variables["known"] = [record_id("trigger", decision.kind, decision.name) for decision in known]
        variables["known_seqs"] = [decision.expected_seq for decision in known]
    if new:
        statements.append(_CAS_NEW)
        variables["new"] = [record_id("trigger", decision.kind, decision.name) for decision in new]
    statements += [_STATE, "INSERT INTO tick $ticks RETURN NONE"]
    if keys:
        statements.append("INSERT INTO run_key $keys RETURN NONE")
        variables["keys"] = keys
    return statements, variables


def _state_row(decision: TickDecision) -> Row:
    tick = decision.tick
    row: Row = {"id": [decision.kind, decision.name], "seq": tick.seq, "at": tick.timestamp, "d": tick.id}
    if tick.cursor is not None:
        row["c"] = tick.cursor
    if decision.checkpoint is not None:
        row["cp"] = decision.checkpoint
    return row
