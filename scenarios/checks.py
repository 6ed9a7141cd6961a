"""The checkers of the stories: each knows one truth, and tells every place where it does not hold.

A story asserts that a checker finds nothing. ``tests/plants`` plants the mistake that the checker is there for, tells
the same story, and asserts that it is found: a guard that cannot fail is no guard.
"""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rivers.records import TERMINAL_STATUSES, RunRecord, StoredTick

SECOND = 1_000_000_000

# -- one system, two clocks --------------------------------------------------------------------------------------------


def questions_which_clock(sources: Mapping[str, str]) -> list[str]:
    """No daemon asks which clock it runs on. ``sources`` are the texts of its modules by path."""
    return [
        f"{path}:{node.lineno} asks {ast.unparse(node)}"
        for path, source in sources.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("isinstance", "issubclass", "type")
        and any(name in ast.unparse(node) for name in ("clock", "Clock"))
    ]


def differences(one: Sequence[Any], other: Sequence[Any]) -> list[str]:
    """Two tellings of one story are the same, line by line."""
    found = [f"line {number}: {a!r} and {b!r}" for number, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other):
        found.append(f"{len(one)} lines and {len(other)} lines")
    return found


# -- simulated time is exact -------------------------------------------------------------------------------------------


def runs_of_another_length(runs: Iterable[RunRecord], seconds: float) -> list[str]:
    """From its creation to its end every run took exactly that long."""
    return [
        f"{run.job_name} of {run.start_time} took {((run.end_time or 0) - run.start_time) / SECOND} s"
        for run in runs
        if run.end_time is None or run.end_time - run.start_time != seconds * SECOND
    ]


def ticks_at_other_times(ticks: Iterable[StoredTick], expected: Sequence[int]) -> list[str]:
    """The ticks were recorded at exactly these moments (epoch nanoseconds), one each."""
    return differences([tick.timestamp for tick in ticks], expected)


# -- same input, same trace --------------------------------------------------------------------------------------------


def tellings_that_differ(expected: str, others: Iterable[str]) -> list[str]:
    """However often and wherever a story is told, its trace is the same."""
    return [f"telling {number} differs" for number, other in enumerate(others, 1) if other != expected]


# -- decide, persist, then tell ----------------------------------------------------------------------------------------


def changed_by_a_kill(undisturbed: Mapping[str, str], killed: Mapping[str, str], interrupted_max: int = 1) -> list[str]:
    """A kill neither adds nor removes a run; of those it interrupted, at most so many failed, and nothing else changed.

    Both map run ids to statuses.
    """
    found = [f"run {run_id} is lost" for run_id in undisturbed if run_id not in killed]
    found += [f"run {run_id} came from nowhere" for run_id in killed if run_id not in undisturbed]
    both = [run_id for run_id in undisturbed if run_id in killed]
    changed = {run_id: killed[run_id] for run_id in both if killed[run_id] != undisturbed[run_id]}
    found += [f"run {run_id} is {status}" for run_id, status in changed.items() if status != "Failure"]
    if len(changed) > interrupted_max:
        found.append(f"{len(changed)} runs were interrupted, {interrupted_max} could have been")
    return found


def runs_left_behind(runs: Iterable[RunRecord]) -> list[str]:
    """Every run has ended."""
    return [f"run {run.run_id} is still {run.status}" for run in runs if run.status not in TERMINAL_STATUSES]


# -- nothing twice, nothing lost ---------------------------------------------------------------------------------------


def times_unaccounted_for(ticks: Sequence[StoredTick], count: int) -> list[str]:
    """Each of ``count`` scheduled times, or polls, has one tick, or is among the missed ones of one."""
    covered = sum(tick.missed_count or 1 for tick in ticks)
    found = [] if covered == count else [f"{covered} of {count} times are accounted for"]
    times = Counter(tick.scheduled_at for tick in ticks if tick.scheduled_at is not None)
    return found + [f"the time {time} has {times[time]} ticks" for time in times if times[time] > 1]


def gaps_between(ticks: Sequence[StoredTick]) -> list[str]:
    """The ticks of one trigger, oldest first, are numbered from 1 without a gap."""
    return differences([tick.seq for tick in ticks], range(1, len(ticks) + 1))


def keys_that_ran_twice(runs: Iterable[RunRecord]) -> list[str]:
    """A run key of a trigger has one run."""
    keys = Counter((str(run.launched_by), run.run_key) for run in runs if run.run_key is not None)
    return [f"{key} has {keys[key]} runs" for key in keys if keys[key] > 1]


def runs_without_a_tick(runs: Iterable[RunRecord], ticks: Iterable[StoredTick]) -> list[str]:
    """The runs that exist are those that the ticks say they asked for."""
    asked = sorted(run_id for tick in ticks for run_id in tick.run_ids)
    return differences(sorted(run.run_id for run in runs), asked)


def cursors_set_back(cursors: Sequence[str | None]) -> list[str]:
    """A cursor that counts never goes back. The first may be ``None``."""
    numbers = [int(cursor or 0) for cursor in cursors]
    return [f"{before} was replaced by {after}" for before, after in itertools.pairwise(numbers) if after < before]


def moments_over_the_limit(events: Iterable[Mapping[str, Any]], limit: int) -> list[str]:
    """At no point of a trace are more runs admitted and not ended than the limit allows."""
    in_flight: dict[str, None] = {}
    found: list[str] = []
    for event in events:
        if event["kind"] != "run":
            continue
        if event["status"] in ("NotStarted", "Started"):
            in_flight[event["subject"]] = None
        elif event["status"] in TERMINAL_STATUSES:
            in_flight.pop(event["subject"], None)
        if len(in_flight) > limit:
            found.append(f"{len(in_flight)} runs in flight at {event['at']}")
    return found


# -- a user's code is foreign ------------------------------------------------------------------------------------------


def faults_without_a_record(ticks: Mapping[str, Sequence[StoredTick]], expected: Mapping[str, str]) -> list[str]:
    """Each faulty trigger has failed ticks that say what failed; ``expected`` has a piece of the text by its name."""
    found: list[str] = []
    for name, text in expected.items():
        failed = [tick for tick in ticks.get(name, ()) if tick.status == "Failed"]
        if not failed:
            found.append(f"{name} has no failed tick")
        found += [
            f"{name}: {tick.error!r} does not say {text!r}" for tick in failed[:1] if text not in (tick.error or "")
        ]
    return found


# -- a partition is made once ------------------------------------------------------------------------------------------


def partitions_not_made_once(made: Iterable[tuple[str, str]], expected: Mapping[str, Sequence[str]]) -> list[str]:
    """Of each asset exactly the expected partitions were made, each once. ``made`` are ``(asset, key)``."""
    counted = Counter(made)
    wanted = [(asset, key) for asset, keys in expected.items() for key in keys]
    found = [
        f"{asset} of {key} was made {counted[asset, key]} times" for asset, key in wanted if counted[asset, key] != 1
    ]
    return found + [f"{asset} of {key} came from nowhere" for asset, key in counted if (asset, key) not in wanted]


def made_before_what_they_need(
    made_at: Mapping[tuple[str, str], int], needs: Callable[[str, str], Iterable[tuple[str, str]]]
) -> list[str]:
    """No partition was made before those that it is made from. ``made_at`` are moments by ``(asset, key)``."""
    return [
        f"{asset} of {key} was made without {of_asset} of {of_key}"
        for (asset, key), at in made_at.items()
        for of_asset, of_key in needs(asset, key)
        if (of_asset, of_key) not in made_at or made_at[of_asset, of_key] > at
    ]
