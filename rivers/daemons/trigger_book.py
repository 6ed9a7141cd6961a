"""The state rows of the schedules, or of the sensors, as their daemon last saw them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chrono_daemon import SendStream

from rivers.channels.mailbox import tell
from rivers.channels.messages import RunsQueued
from rivers.execution.triggers.evaluation import Evaluated
from rivers.records import AutomationKind, TickDecision, TriggerState
from rivers.storage import GROUP_MAX, Storage


class TriggerBook:
    """Commits decisions in groups, tells of the runs they created, and keeps up with what storage says.

    The rows held here only serve to build the next decision; storage compares them with its own at every commit, and
    where another writer was faster, the row is read again and the decision is dropped.
    """

    def __init__(
        self, kind: AutomationKind, storage: Storage, runs_queued: SendStream[RunsQueued], retain: int | None
    ) -> None:
        self._kind: AutomationKind = kind
        self._storage = storage
        self._runs_queued = runs_queued
        self._retain = retain
        self._states: dict[str, TriggerState] = {}

    def open(self, running_by_default: Mapping[str, bool], now: int) -> None:
        """Read every row, creating the missing ones.

        A trigger that runs has a checkpoint, from which its missed times count; a stopped one has none.
        """
        self._states = self._storage.ensure_triggers(self._kind, list(running_by_default), None)
        moved: dict[str, int | None] = {}
        for name, default in running_by_default.items():
            state = self._states[name]
            running = is_running(state, default)
            if running and state.checkpoint is None:
                moved[name] = now
            elif not running and state.checkpoint is not None:
                moved[name] = None
        self._move_checkpoints(moved)

    def reload(self, name: str, default: bool, now: int) -> TriggerState:
        """Read one row again after a person has chosen; a trigger that was resumed has missed nothing."""
        state = self._storage.trigger_state(self._kind, name)
        if state is not None:
            self._states[name] = state
            running = is_running(state, default)
            if running != (state.checkpoint is not None):
                self._move_checkpoints({name: now if running else None})
        return self._states[name]

    def __getitem__(self, name: str) -> TriggerState:
        return self._states[name]

    def at_seq(self, name: str, seq: int) -> TriggerState:
        """The row for a decision on an evaluation that began after tick number ``seq``.

        If another writer has committed a tick since, the decision is refused, even when the row has been read again.
        """
        return replace(self._states[name], last_seq=seq)

    def used_keys(self, name: str, evaluated: Evaluated) -> Mapping[str, str]:
        """Which of the run keys asked for have produced a run already, and which one."""
        keys = [key for request in evaluated.requests if (key := getattr(request, "run_key", None)) is not None]
        return self._storage.used_run_keys(self._kind, name, keys) if keys else {}

    def commit(self, decisions: Sequence[TickDecision]) -> None:
        """Persist, then tell. At most one decision a trigger; committed in groups, in the order given.

        Each group is told of before the next is committed: when storage refuses that one, the runs of this are known.
        """
        for start in range(0, len(decisions), GROUP_MAX):
            self._commit_group(decisions[start : start + GROUP_MAX])

    def _commit_group(self, group: Sequence[TickDecision]) -> None:
        committed = self._storage.commit_ticks(group, retain=self._retain)
        for decision in committed:
            state = self._states[decision.name]
            self._states[decision.name] = replace(
                state,
                last_seq=decision.tick.seq,
                cursor=decision.tick.cursor,
                checkpoint=state.checkpoint if decision.checkpoint is None else decision.checkpoint,
                last_tick_at=decision.tick.timestamp,
                decision_id=decision.tick.id,
            )
        won = {decision.name for decision in committed}
        self._read_again(decision.name for decision in group if decision.name not in won)
        run_ids = tuple(run.run_id for decision in committed for run in decision.runs)
        if run_ids:
            tell(self._runs_queued, RunsQueued(run_ids=run_ids))

    def _read_again(self, names: Iterable[str]) -> None:
        for name in names:
            state = self._storage.trigger_state(self._kind, name)
            if state is not None:
                self._states[name] = state

    def _move_checkpoints(self, moved: Mapping[str, int | None]) -> None:
        if moved:
            self._storage.set_checkpoints(self._kind, moved)
            for name, checkpoint in moved.items():
                self._states[name] = replace(self._states[name], checkpoint=checkpoint)


def is_running(state: TriggerState, default: bool) -> bool:
    """Whether a trigger runs: what a person chose holds until it is reset, else what the code says."""
    return default if state.choice is None else state.choice == "running"
