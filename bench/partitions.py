"""The cost of a question to a definition with a million keys, and of each key of a range."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bench.apart import Sample, apart
from bench.figures import Figure, Floor
from rivers.partitions import PartitionKey, PartitionKeyRange, PartitionsDefinition
from rivers.partitions.definitions import DynamicKeys
from rivers.partitions.dynamic import KeysInOrder
from rivers.partitions.one_dimension import OneDimension

ASKED_BUDGET_US = 50.0
KEY_BUDGET_US = 5.0
START = datetime(1900, 1, 1)
FORMAT = "%Y-%m-%dT%H:%M"


def _made(kind: str, keys: int) -> tuple[PartitionsDefinition, datetime]:
    """Return a definition with so many keys, and the moment at which it has them."""
    if kind == "static":
        return PartitionsDefinition.static_(_spelt(keys)), START
    if kind == "dynamic":
        return PartitionsDefinition.dynamic("keys"), START
    if kind == "interval":
        return PartitionsDefinition.time_window(START, interval_seconds=3600, fmt=FORMAT), START + timedelta(
            hours=keys - 1
        )
    if kind == "hourly":
        return PartitionsDefinition.hourly(START), START + timedelta(hours=keys - 1)
    if kind == "cron":
        irregular = PartitionsDefinition.time_window(START, cron_schedule="*/20 6-21 1,L * MON-FRI", fmt=FORMAT)
        first = irregular.grid.at_or_after(irregular.bounds(START)[0]) or 0
        last = irregular.format.render(irregular.grid.step(first, keys - 1) or 0)
        return irregular, irregular.window_of(last)[0]
    hourly, now = _made("hourly", max(1, keys // 1000))
    static, _ = _made("static", min(keys, 1000))
    return PartitionsDefinition.multi({"hour": hourly, "static": static}), now


def _best_us(ask: Callable[[], object], calls: int) -> float:
    """Return the microseconds a call, the best of five rounds."""
    ask()
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(calls):
            ask()
        best = min(best, time.perf_counter() - began)
    return best / calls * 1e6


def measure(kind: str, keys: int, calls: int) -> dict[str, float]:
    """Return the microseconds a question, and a key of a range over up to 100 000 of them."""
    definition, now = _made(kind, keys)
    dynamic = {"keys": KeysInOrder(_spelt(keys))} if kind == "dynamic" else None
    assert definition.count(now, dynamic) == keys, definition.count(now, dynamic)
    middle = _middle(definition, now, dynamic, keys)
    assert definition.contains(middle, now, dynamic)
    stray = PartitionKey.from_json(middle.to_json().replace("-0", "-3"))
    chosen, length = _range(definition, now, dynamic, middle, keys)
    assert len(definition.resolve(chosen, now, dynamic)) == length
    text = f"{now:{FORMAT}}"
    return {
        "member": _best_us(lambda: definition.contains(middle, now, dynamic), calls),
        "stranger": _best_us(lambda: definition.contains(stray, now, dynamic), calls),
        "latest": _best_us(lambda: definition.latest(now, dynamic), calls),
        "count": _best_us(lambda: definition.count(now, dynamic), calls),
        "range": _best_us(lambda: definition.resolve(chosen, now, dynamic), 1) / length,
        "strptime": _best_us(lambda: datetime.strptime(text, FORMAT), calls),
        "strftime": _best_us(lambda: now.strftime(FORMAT), calls),
    }


def _spelt(keys: int) -> list[str]:
    return [f"key-{number:08d}" for number in range(keys)]


def _middle(definition: PartitionsDefinition, now: datetime, dynamic: DynamicKeys | None, keys: int) -> PartitionKey:
    """Return the key half-way; of a product the latest, as its middle is slow to find."""
    if isinstance(definition, OneDimension):
        return next(key for place, key in enumerate(definition.iter_keys(now, dynamic)) if place == keys // 2)
    latest = definition.latest(now)
    assert latest is not None
    return latest


def _range(
    definition: PartitionsDefinition, now: datetime, dynamic: DynamicKeys | None, middle: PartitionKey, keys: int
) -> tuple[PartitionKeyRange, int]:
    """Return a range from half-way on and its length: at most 100 000 keys, of a product at most a thousand."""
    if isinstance(middle, PartitionKey.Multi):
        (hour,), (last,) = middle.values_of("hour"), middle.values_of("static")
        first = f"key-{0:08d}"
        return PartitionKeyRange.multi({"hour": [hour], "static": (first, last)}), min(keys, 1000)
    length = min(100_000, keys - keys // 2)
    stop = keys // 2 + length - 1
    end = next(key for place, key in enumerate(definition.iter_keys(now, dynamic)) if place == stop)
    return PartitionKeyRange.single(str(middle), str(end)), length


KINDS = {
    "static": "static keys",
    "hourly": "hourly windows",
    "cron": "windows of an irregular cron",
    "interval": "windows of an interval",
    "multi": "keys of a product",
    "dynamic": "registered keys",
}


def figures(*, keys: int = 1_000_000, calls: int = 2000) -> list[Figure]:
    """Return the rows of membership, latest, count and a range, for each kind of definition."""
    return [
        figure
        for kind, called in KINDS.items()
        for figure in _figures(called, keys, apart(measure, kind=kind, keys=keys, calls=calls))
    ]


def _figures(called: str, keys: int, sample: Sample) -> list[Figure]:
    rows = [
        ("member", "is it a member, yes", ASKED_BUDGET_US, "strptime"),
        ("stranger", "is it a member, no", ASKED_BUDGET_US, "strptime"),
        ("latest", "the latest", ASKED_BUDGET_US, "strftime"),
        ("count", "how many", ASKED_BUDGET_US, "strftime"),
        ("range", "a range, a key", KEY_BUDGET_US, "strftime"),
    ]
    return [
        Figure(
            what=f"{what}, {keys:,} {called}",
            unit="us",
            ours=sample[name],
            budget=budget,
            floor=Floor(f"datetime.{floor}", sample[floor]),
            loop_seconds=sample.loop_seconds,
            others=sample.others,
        )
        for name, what, budget, floor in rows
    ]
