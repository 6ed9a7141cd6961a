"""The checkers: each knows one truth about a store that was killed, and tells every place where it does not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from rivers.daemons.leases import ORPHANED
from rivers.durations import NANOS_PER_SECOND
from rivers.records import RUN_STATUSES, TERMINAL_STATUSES, AutomationKind, RunRecord, StoredTick
from tests.crash.evidence import Evidence, Line

Checker = Callable[[Evidence], list[str]]

COUNTING: Final = ("sensor", "counting")
_KINDS: Final[dict[str, AutomationKind]] = {"Schedule": "schedule", "Sensor": "sensor"}
_RANK: Final = {status: min(position, 3) for position, status in enumerate(RUN_STATUSES)}


def every_told_tick_is_found(evidence: Evidence) -> list[str]:
    """A tick whose line was written is in the store, with what the line says."""
    findings: list[str] = []
    for life, line in _lines(evidence, "tick"):
        facts = line["facts"]
        trigger = (_KINDS[facts["automation"]], line["subject"])
        tick = evidence.ticks.get(trigger, {}).get(facts["seq"])
        if tick is None or _told(tick) != {"at": line["at"], **facts}:
            findings.append(f"life {life} told {line}, found {tick}")
    return findings


def _told(tick: StoredTick) -> dict[str, object]:
    facts: dict[str, object] = {
        "at": tick.timestamp,
        "automation": tick.automation_type,
        "status": tick.status,
        "seq": tick.seq,
        "runs": tick.run_ids,
        "scheduled_at": tick.scheduled_at,
        "skip_reason": tick.skip_reason,
        "error": tick.error,
        "missed": tick.missed_count or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def every_told_status_was_reached(evidence: Evidence) -> list[str]:
    """A run whose line was written is in the store, in that status or a later one; an end stays as it was told."""
    findings: list[str] = []
    for life, line in _lines(evidence, "run"):
        run, told = evidence.found.runs.get(line["subject"]), line["facts"]["status"]
        held = run is not None and (run.status == told or _RANK[run.status] > _RANK[told])
        if not held:
            findings.append(f"life {life} told {line}, found {run}")
    return findings


def every_told_event_is_found(evidence: Evidence) -> list[str]:
    """An event whose line was written is among the events of its run."""
    held = {
        (run_id, event.event_type, event.asset_key or "", event.timestamp)
        for run_id, events in evidence.found.run_events.items()
        for event in events
    }
    return [
        f"life {life} told {line}"
        for life, line in _lines(evidence, "event")
        if (line["facts"]["run"], line["facts"]["type"], line["subject"], line["at"]) not in held
    ]


def ticks_are_numbered_without_gaps(evidence: Evidence) -> list[str]:
    """The ticks of a trigger are numbered from 1, and its state row is what the newest one left."""
    findings: list[str] = []
    for trigger, state in evidence.found.triggers.items():
        ticks = evidence.ticks.get(trigger, {})
        if sorted(ticks) != list(range(1, state.last_seq + 1)):
            findings.append(f"{trigger} is at {state.last_seq} and has the ticks {sorted(ticks)}")
        elif ticks:
            newest = ticks[state.last_seq]
            if (state.decision_id, state.cursor, state.last_tick_at) != (newest.id, newest.cursor, newest.timestamp):
                findings.append(f"{trigger} has {state} after {newest}")
    return findings


def nothing_final_changed(evidence: Evidence) -> list[str]:
    """A tick that was found once, and a run that had ended, are found the same for ever."""
    return evidence.contradictions


def each_scheduled_time_is_dealt_with_once(evidence: Evidence) -> list[str]:
    """Every second from the first to the last has a tick of its own or is among the missed times of one."""
    findings: list[str] = []
    for (kind, name), ticks in evidence.ticks.items():
        if kind != "schedule" or not ticks:
            continue
        seconds = Counter(second for tick in ticks.values() for second in _seconds(tick))
        findings += [f"{name} dealt with {second} {count} times" for second, count in seconds.items() if count > 1]
        absent = sorted(set(range(min(seconds), max(seconds) + 1)) - set(seconds))
        findings += [f"{name} left out {absent}"] if absent else []
        checkpoint = evidence.found.triggers[kind, name].checkpoint
        if checkpoint != max(seconds) * NANOS_PER_SECOND:
            findings.append(f"{name} has the checkpoint {checkpoint} and ticks up to {max(seconds)}")
    return findings


def _seconds(tick: StoredTick) -> list[int]:
    assert tick.scheduled_at is not None
    if not tick.missed_count:
        return [tick.scheduled_at // NANOS_PER_SECOND]
    assert tick.missed_first is not None
    seconds = range(tick.missed_first // NANOS_PER_SECOND, tick.scheduled_at // NANOS_PER_SECOND + 1)
    # Of a range that counts wrong nothing is believed.
    return list(seconds) if len(seconds) == tick.missed_count else []


def no_run_key_has_two_runs(evidence: Evidence) -> list[str]:
    """Within its trigger a run key stands for one run, and the store's own record of keys says which."""
    holders: dict[tuple[str, str, str], list[str]] = {}
    for run in evidence.found.runs.values():
        if run.run_key is not None:
            by = run.launched_by
            holders.setdefault((by.kind, by.name or "", run.run_key), []).append(run.run_id)
    findings = [f"{key} has the runs {run_ids}" for key, run_ids in holders.items() if len(run_ids) > 1]
    recorded = {key: [run_id] for key, run_id in evidence.found.run_keys.items()}
    findings += [f"{key}: recorded {recorded.get(key)}, found {holders.get(key)}" for key in {**recorded, **holders}
                 if recorded.get(key) != holders.get(key)]  # fmt: skip
    return findings


def ticks_and_runs_name_each_other(evidence: Evidence) -> list[str]:
    """A tick and its runs were written together: every run is named by one tick, every named run is there."""
    named = Counter(
        (run_id, kind, name)
        for (kind, name), ticks in evidence.ticks.items()
        for tick in ticks.values()
        for run_id in tick.run_ids
    )
    runs = {(run.run_id, run.launched_by.kind, run.launched_by.name) for run in evidence.found.runs.values()}
    findings = [f"{run} is named {count} times" for run, count in named.items() if count > 1]
    findings += [f"{run} is named by a tick and not there" for run in sorted(set(named) - runs)]
    return findings + [f"{run} is there and named by no tick" for run in sorted(runs - set(named), key=str)]


def no_run_is_executed_twice(evidence: Evidence) -> list[str]:
    """No step of a run began twice, whoever began it, and no run was told twice to have started."""
    begun = Counter(evidence.steps)
    told = Counter(line["subject"] for _, line in _lines(evidence, "run") if line["facts"]["status"] == "Started")
    findings = [
        f"step {step} of run {run_id} began {count} times" for (run_id, step), count in begun.items() if count > 1
    ]
    return findings + [f"run {run_id} started {count} times" for run_id, count in told.items() if count > 1]


def execution_is_what_the_store_says(evidence: Evidence) -> list[str]:
    """What succeeded was executed to its last step; what never started was not executed at all."""
    begun: dict[str, list[str]] = {}
    for run_id, step in evidence.steps:
        begun.setdefault(run_id, []).append(step)
    findings = [f"steps {steps} of a run {run_id} that the store does not know" for run_id, steps in begun.items()
                if run_id not in evidence.found.runs]  # fmt: skip
    for run in evidence.found.runs.values():
        steps = begun.get(run.run_id, [])
        if run.status == "Success" and sorted(steps) != sorted(run.node_names):
            findings.append(f"{run} succeeded and executed {steps}")
        if run.started_at is None and steps:
            findings.append(f"{run} has not started and executed {steps}")
    return findings


def no_cursor_moves_back(evidence: Evidence) -> list[str]:
    """The counting sensor's cursor grows by one a tick, and no poll has been given one that was replaced before."""
    ticks = evidence.ticks.get(COUNTING, {})
    findings = [
        f"tick #{seq} has the cursor {tick.cursor}" for seq, tick in sorted(ticks.items()) if tick.cursor != str(seq)
    ]
    pairs = zip(evidence.polls, evidence.polls[1:], strict=False)
    return findings + [
        f"a poll came to {after} after {before}" for before, after in pairs if after not in (before, before + 1)
    ]


def every_sensor_goes_on(evidence: Evidence) -> list[str]:
    """No life is stuck on what the one before has left: in each of them every sensor has its ticks."""
    sensors = [name for kind, name in evidence.found.triggers if kind == "sensor"]
    ticked = {(life, line["subject"]) for life, line in _lines(evidence, "tick")}
    lives = [life.number for life in evidence.lives]
    return [f"{name} has no tick in life {life}" for life in lives for name in sensors if (life, name) not in ticked]


def nobody_dead_holds_a_run(evidence: Evidence) -> list[str]:
    """After a start has recovered, every Started run belongs to the process that started last."""
    boot = evidence.lives[-1].boot
    return [
        f"run {run_id} is held by {owner}, and the boot was {boot}"
        for run_id, owner in evidence.found.flights.items()
        if owner is not None and owner.split(".")[0] != str(boot)
    ]


def orphans_fail_with_the_reason(evidence: Evidence) -> list[str]:
    """A run that a kill left Started is a Failure that says so, from the next start on; no other run is."""
    orphans = set().union(*evidence.left_started[:-1])
    findings: list[str] = []
    for run_id in sorted(orphans):
        run = evidence.found.runs[run_id]
        if (run.status, run.error) != ("Failure", ORPHANED) or run.end_time is None:
            findings.append(f"a kill left {run_id} Started, and it is {run}")
    findings += [
        f"{run} was ended as an orphan, and no kill had left it Started"
        for run in evidence.found.runs.values()
        if run.error == ORPHANED and run.run_id not in orphans
    ]
    return findings


def limits_hold(evidence: Evidence) -> list[str]:
    """At every admission by a life with a queue, no more runs are in flight than its limit."""
    # An end at the instant of an admission made room for it, so ends come first.
    moments = sorted(
        (moment, change, run.run_id)
        for run in evidence.found.runs.values()
        if (boarded := _boarded_at(run)) is not None
        for moment, change in ((boarded, 1), (run.end_time, -1))
        if moment is not None
    )
    findings: list[str] = []
    in_flight = 0
    for moment, change, run_id in moments:
        in_flight += change
        limit = _limit_at(evidence, moment)
        admitted = change == 1 and evidence.found.runs[run_id].admitted_at is not None
        if admitted and limit is not None and in_flight > limit:
            findings.append(f"run {run_id} was admitted at {moment} as number {in_flight} of {limit}")
    return findings


def _boarded_at(run: RunRecord) -> int | None:
    """When a run became one in flight: at its admission, or at its creation where there was no queue."""
    if run.admitted_at is not None:
        return run.admitted_at
    return None if run.status == "Queued" else run.start_time


def _limit_at(evidence: Evidence, moment: int) -> int | None:
    return next((life.limit for life in evidence.lives if moment <= life.ended_at), None)


def indexes_agree_with_runs(evidence: Evidence) -> list[str]:
    """The queue holds the queued runs, the flights those in flight with an owner once started, and so on."""
    found = evidence.found
    findings: list[str] = []
    for run_id, run in found.runs.items():
        owned = found.flights.get(run_id) is not None
        held = (run_id in found.flights, owned, found.queue.count(run_id), found.outcomes.get(run_id))
        status = run.status
        rare = status if status in ("Failure", "Canceled") else None
        if held != (status in ("NotStarted", "Started"), status == "Started", int(status == "Queued"), rare):
            findings.append(f"{run} has (flight, owner, queue places, outcome) {held}")
        if (run.end_time is not None) != (status in TERMINAL_STATUSES):
            findings.append(f"{run} is {status} and its end is {run.end_time}")
    known = {*found.flights, *found.queue, *found.outcomes} - set(found.runs)
    return findings + [f"an index has the run {run_id}, which is not there" for run_id in sorted(known)]


def what_was_admitted_is_launched_again(evidence: Evidence) -> list[str]:
    """What earlier lives had admitted is not waiting for its start any more: the last start has launched it."""
    since = evidence.lives[-2].ended_at if len(evidence.lives) > 1 else 0
    return [
        f"{run} was admitted before the last start and has not started"
        for run in evidence.found.runs.values()
        if run.status == "NotStarted" and (_boarded_at(run) or 0) <= since
    ]


def assets_agree_with_events(evidence: Evidence) -> list[str]:
    """Every event of a run is among those of its asset; what an asset shows as newest is one of them and whole."""
    found = evidence.found
    by_asset: dict[str, dict[str, object]] = {}
    for events in found.run_events.values():
        for event in events:
            if event.asset_key is not None:
                by_asset.setdefault(event.asset_key, {})[event.id] = event
    findings: list[str] = []
    for asset, record in found.assets.items():
        mine = by_asset.get(asset, {})
        theirs = {event.id: event for event in found.asset_events[asset]}
        if mine != theirs:
            findings.append(f"{asset}: events {sorted(set(mine) ^ set(theirs))} are in one place only")
        latest = found.latest[asset]
        shown = (record.last_event_id, record.last_run_id, record.last_timestamp, record.last_data_version)
        newest = (None,) * 4 if latest is None else (latest.id, latest.run_id, latest.timestamp, latest.data_version)
        if shown != newest or (latest is not None and mine.get(latest.id) != latest):
            findings.append(f"{asset} shows {record}, and its newest materialization is {latest}")
        if latest is None and any(event.event_type == "Materialization" for event in theirs.values()):
            findings.append(f"{asset} has been materialized and shows nothing")
    return findings


def success_has_all_its_events(evidence: Evidence) -> list[str]:
    """The end of a run was written with everything it depends on: a Success has each step's events, once."""
    findings: list[str] = []
    for run_id, run in evidence.found.runs.items():
        if run.status != "Success":
            continue
        told = Counter((event.asset_key, event.event_type) for event in evidence.found.run_events[run_id])
        expected = Counter((node, kind) for node in run.node_names
                           for kind in ("StepStart", "Materialization", "StepSuccess"))  # fmt: skip
        if any(told[each] != count for each, count in expected.items()):
            findings.append(f"{run} has the events {dict(told)}")
    return findings


def _lines(evidence: Evidence, kind: str) -> list[tuple[int, Line]]:
    return [(life.number, line) for life in evidence.lives for line in life.lines if line["kind"] == kind]


CHECKERS: Final[tuple[Checker, ...]] = (
    every_told_tick_is_found,
    every_told_status_was_reached,
    every_told_event_is_found,
    ticks_are_numbered_without_gaps,
    nothing_final_changed,
    each_scheduled_time_is_dealt_with_once,
    no_run_key_has_two_runs,
    ticks_and_runs_name_each_other,
    no_run_is_executed_twice,
    execution_is_what_the_store_says,
    no_cursor_moves_back,
    every_sensor_goes_on,
    nobody_dead_holds_a_run,
    orphans_fail_with_the_reason,
    limits_hold,
    indexes_agree_with_runs,
    what_was_admitted_is_launched_again,
    assets_agree_with_events,
    success_has_all_its_events,
)
