"""The tick that follows from one evaluation of a schedule or sensor, or from times that had none.

Owns the table of tick statuses, the rule of the effective cursor and the identity of a tick; what becomes of the
requests is in :mod:`rivers.scheduling.launches`. Every function returns a ``TickDecision``, which storage writes whole
or not at all. Times are epoch nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from rivers.durations import format_duration
from rivers.ids import tick_id
from rivers.records import AUTOMATION_TYPES, AutomationKind, StoredTick, TickDecision, TriggerState
from rivers.scheduling.cron import MissedRange
from rivers.scheduling.due import ABANDONED, Due, missed_text
from rivers.scheduling.launches import BackfillAsked, KeyReading, Launches, RunAsked, TriggerFacts, plan_launches


class EvaluatedFacts(Protocol):
    """What one evaluation came to. With an ``error`` nothing else of it counts."""

    @property
    def requests(self) -> Sequence[RunAsked | BackfillAsked]:
        """What was asked for, in order."""
        ...

    @property
    def skip_reason(self) -> str | None:
        """Why nothing was asked for, when the function said so."""
        ...

    @property
    def cursor(self) -> str | None:
        """The new cursor; ``None`` keeps the previous one."""
        ...

    @property
    def error(self) -> str | None:
        """``"<ExcType>: <message>"`` when the function failed or did not return."""
        ...

    @property
    def traceback(self) -> str | None:
        """Where it failed."""
        ...


def decide_schedule_tick(
    trigger: TriggerFacts,
    state: TriggerState,
    evaluated: EvaluatedFacts,
    *,
    scheduled_at: int,
    targets: Mapping[str, tuple[str, ...]],
    used_keys: Mapping[str, str],
    keys: KeyReading,
    now: int,
    queued: bool,
) -> TickDecision:
    """Return the tick of the time ``scheduled_at``, which becomes the checkpoint. ``plan_launches`` says the rest."""
    identity = tick_id("schedule", trigger.name, "cron", scheduled_at)
    launches = _launches(trigger, evaluated, identity, targets, used_keys, keys, now, queued)
    tick = _evaluated_tick(trigger, state, evaluated, launches, identity, now, scheduled_at)
    return _decision(trigger, state, tick, launches, _newest(state.checkpoint, scheduled_at))


def decide_sensor_tick(
    trigger: TriggerFacts,
    state: TriggerState,
    evaluated: EvaluatedFacts,
    *,
    targets: Mapping[str, tuple[str, ...]],
    used_keys: Mapping[str, str],
    keys: KeyReading,
    now: int,
    queued: bool,
) -> TickDecision:
    """Return the tick of one poll; see ``plan_launches`` for the parameters."""
    identity = _poll_id(trigger, state)
    launches = _launches(trigger, evaluated, identity, targets, used_keys, keys, now, queued)
    tick = _evaluated_tick(trigger, state, evaluated, launches, identity, now, None)
    return _decision(trigger, state, tick, launches, None)


def decide_missed_tick(trigger: TriggerFacts, state: TriggerState, due: Due, *, now: int) -> TickDecision:
    """Return the one tick that stands for all of ``due.missed``: skipped, or failed when ``due.failed``.

    :raises ValueError: ``due`` has no missed times.
    """
    missed = due.missed
    if missed is None or due.reason is None:
        raise ValueError(f"nothing was missed by {trigger.kind} '{trigger.name}'")
    return _unevaluated(trigger, state, missed, due.reason, due.failed, now)


def decide_blocked_tick(trigger: TriggerFacts, state: TriggerState, *, now: int) -> TickDecision:
    """Return the failed tick of a sensor that is due for a poll while its timed-out evaluation still runs."""
    tick = StoredTick(
        id=_poll_id(trigger, state),
        automation_name=trigger.name,
        automation_type=AUTOMATION_TYPES[trigger.kind],
        status="Failed",
        timestamp=now,
        error=ABANDONED,
        cursor=state.cursor,
        seq=state.last_seq + 1,
    )
    return _decision(trigger, state, tick, _NOTHING, None)


def timed_out_text(kind: AutomationKind, name: str, timeout: int) -> str:
    """Return the error of an evaluation that did not return within ``timeout`` nanoseconds."""
    return f"EvaluationTimeout: {kind} '{name}' timed out after {format_duration(timeout)}"


_NOTHING = Launches((), None)


def _unevaluated(
    trigger: TriggerFacts, state: TriggerState, missed: MissedRange, reason: str, failed: bool, now: int
) -> TickDecision:
    text = missed_text(missed, reason)
    tick = StoredTick(
        # The last time of the range gives the identity: each scheduled time is dealt with by one tick only.
        id=tick_id(trigger.kind, trigger.name, "cron", missed.last),
        automation_name=trigger.name,
        automation_type=AUTOMATION_TYPES[trigger.kind],
        status="Failed" if failed else "Skipped",
        timestamp=now,
        skip_reason=None if failed else text,
        error=text if failed else None,
        cursor=state.cursor,
        seq=state.last_seq + 1,
        scheduled_at=missed.last,
        missed_first=missed.first,
        missed_last=missed.last,
        missed_count=missed.count,
    )
    return _decision(trigger, state, tick, _NOTHING, _newest(state.checkpoint, missed.last))


def _launches(
    trigger: TriggerFacts,
    evaluated: EvaluatedFacts,
    identity: str,
    targets: Mapping[str, tuple[str, ...]],
    used_keys: Mapping[str, str],
    keys: KeyReading,
    now: int,
    queued: bool,
) -> Launches:
    if evaluated.error is not None:
        return _NOTHING
    return plan_launches(
        trigger,
        evaluated.requests,
        tick_id=identity,
        targets=targets,
        used_keys=used_keys,
        keys=keys,
        now=now,
        queued=queued,
    )


def _evaluated_tick(
    trigger: TriggerFacts,
    state: TriggerState,
    evaluated: EvaluatedFacts,
    launches: Launches,
    identity: str,
    now: int,
    scheduled_at: int | None,
) -> StoredTick:
    faulty = evaluated.error is not None
    error = evaluated.error if faulty else launches.failure
    skip_reason = None if error is not None or launches.runs else evaluated.skip_reason
    return StoredTick(
        id=identity,
        automation_name=trigger.name,
        automation_type=AUTOMATION_TYPES[trigger.kind],
        status="Failed" if error is not None else "Skipped" if skip_reason is not None else "Success",
        timestamp=now,
        run_ids=[run.run_id for run in launches.runs],
        skip_reason=skip_reason,
        error=error,
        cursor=state.cursor if faulty or evaluated.cursor is None else evaluated.cursor,
        seq=state.last_seq + 1,
        scheduled_at=scheduled_at,
        traceback=evaluated.traceback if faulty else None,
    )


def _decision(
    trigger: TriggerFacts, state: TriggerState, tick: StoredTick, launches: Launches, checkpoint: int | None
) -> TickDecision:
    return TickDecision(
        kind=trigger.kind,
        name=trigger.name,
        expected_seq=state.last_seq,
        tick=tick,
        runs=launches.runs,
        checkpoint=checkpoint,
    )


def _poll_id(trigger: TriggerFacts, state: TriggerState) -> str:
    return tick_id(trigger.kind, trigger.name, "poll", state.last_seq + 1)


def _newest(checkpoint: int | None, time: int) -> int:
    return time if checkpoint is None else max(checkpoint, time)
