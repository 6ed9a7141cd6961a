"""The state rows of the schedules, or of the sensors, as their daemon last saw them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from chrono_daemon import SendStream

from rivers.channels.mailbox import tell
from rivers.channels.messages import RunsQueued
from rivers.daemons.settings import TriggerSettings
from rivers.execution.triggers.evaluation import Evaluated
from rivers.records import AutomationKind, TickDecision, TriggerState
from rivers.scheduling.launches import KeyReading
from rivers.storage import GROUP_MAX, AsyncStore, Storage


@dataclass(frozen=True, slots=True)
class LaunchFacts:
    """What the store knows of the requests of one evaluation.

    ``used_keys`` are their run keys that have produced a run already, with its id. ``keys`` reads their partition keys.
    """

    used_keys: Mapping[str, str]
    keys: KeyReading


class TriggerBook:
    """Commits decisions in groups, tells of the runs they created, and keeps up with what storage says.

    The rows held here only serve to build the next decision. Storage compares them with its own at every commit; where
    another writer was faster, the row is read again and the decision is dropped.
    """

    def __init__(
        self,
        kind: AutomationKind,
        store: AsyncStore,
        runs_queued: SendStream[RunsQueued],
        settings: TriggerSettings,
    ) -> None:
        self._kind: AutomationKind = kind
        self._store = store
        self._runs_queued = runs_queued
        self._settings = settings
        self._states: dict[str, TriggerState] = {}

    async def open(self, running_by_default: Mapping[str, bool], now: int) -> None:
        """Read the rows of these triggers, creating the missing ones.

        A trigger that runs has a checkpoint, from which its missed times count; a stopped one has none.
        """
        if not running_by_default:
            return
        self._states |= await self._store.run(Storage.ensure_triggers, self._kind, list(running_by_default), None)
        await self._move_checkpoints(
            {
                name: now if is_running(self._states[name], default) else None
                for name, default in running_by_default.items()
                if is_running(self._states[name], default) != (self._states[name].checkpoint is not None)
            }
        )

    async def choose(
        self, name: str, choice: Literal["running", "stopped"] | None, default: bool, now: int
    ) -> TriggerState:
        """Store what a person chose. A trigger that is resumed has missed nothing."""
        self._states[name] = await self._store.run(Storage.set_trigger_choice, self._kind, name, choice, now)
        await self.change(name, default, now)
        return self._states[name]

    async def change(self, name: str, default: bool, now: int, *, anew: bool = False) -> None:
        """Take note that a trigger runs, or does not, by another declaration; ``anew`` counts its times from now."""
        state = self._states[name]
        running = is_running(state, default)
        if running != (state.checkpoint is not None) or (running and anew):
            await self._move_checkpoints({name: now if running else None})

    async def close(self, name: str) -> None:
        """Forget a trigger that takes part no longer. Should it come back, it has missed nothing."""
        if self._states.pop(name).checkpoint is not None:
            await self._store.run(Storage.set_checkpoints, self._kind, {name: None})

    def __getitem__(self, name: str) -> TriggerState:
        return self._states[name]

    def at_seq(self, name: str, seq: int) -> TriggerState:
        """Return the row for a decision on an evaluation that began after tick number ``seq``.

        If another writer has committed a tick since, the decision is refused, even when the row has been read again.
        """
        return replace(self._states[name], last_seq=seq)

    async def launch_facts(self, answers: Sequence[tuple[str, Evaluated]], now: int) -> list[LaunchFacts]:
        """Return what deciding on the answers of these triggers takes from the store, in their order."""

        def read_launch_facts(storage: Storage) -> list[LaunchFacts]:
            return [
                LaunchFacts(self._used_keys(storage, name, evaluated), self._settings.keys(evaluated, now))
                for name, evaluated in answers
            ]

        return await self._store.run(read_launch_facts)

    def _used_keys(self, storage: Storage, name: str, evaluated: Evaluated) -> Mapping[str, str]:
        keys = [key for request in evaluated.requests if (key := getattr(request, "run_key", None)) is not None]
        return storage.used_run_keys(self._kind, name, keys) if keys else {}

    async def commit(self, decisions: Sequence[TickDecision]) -> None:
        """Persist, then tell. At most one decision a trigger; committed in groups, in the order given.

        The runs of each group are told of before the next group is committed, which storage may refuse.
        """
        for start in range(0, len(decisions), GROUP_MAX):
            await self._commit_group(decisions[start : start + GROUP_MAX])

    async def _commit_group(self, group: Sequence[TickDecision]) -> None:
        committed = await self._store.run(Storage.commit_ticks, group, retain=self._settings.retain)
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
        run_ids = tuple(run.run_id for decision in committed for run in decision.runs)
        if run_ids:
            tell(self._runs_queued, RunsQueued(run_ids=run_ids))
        won = {decision.name for decision in committed}
        await self._read_again(decision.name for decision in group if decision.name not in won)

    async def _read_again(self, names: Iterable[str]) -> None:
        for name in names:
            state = await self._store.run(Storage.trigger_state, self._kind, name)
            if state is not None:
                self._states[name] = state

    async def _move_checkpoints(self, moved: Mapping[str, int | None]) -> None:
        if moved:
            await self._store.run(Storage.set_checkpoints, self._kind, moved)
            for name, checkpoint in moved.items():
                self._states[name] = replace(self._states[name], checkpoint=checkpoint)


def is_running(state: TriggerState, default: bool) -> bool:
    """Whether a trigger runs: what a person chose holds until it is reset, else what the code says."""
    return default if state.choice is None else state.choice == "running"
