"""Which queued runs may start now, and what keeps each of the others.

Owns the limits of the run queue. Every run in flight counts, whoever started it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rivers.records import RunRecord


@dataclass(frozen=True, slots=True)
class TagLimit:
    """At most ``limit`` runs in flight that carry the tag ``key``.

    With a ``value``, only runs that carry the tag with this value. Without it and with ``per_unique_value``, at most
    ``limit`` of each value.
    """

    key: str
    limit: int
    value: str | None = None
    per_unique_value: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a queue. A negative ``max_concurrent_runs`` is none, 0 admits nothing. Tags are tried in order."""

    max_concurrent_runs: int = 10
    tag_limits: tuple[TagLimit, ...] = ()


UNLIMITED: Final = Limits(max_concurrent_runs=-1)
"""The limits that admit everything: those of a repository that has no queue, or no longer."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The outcome of one look at the queue.

    ``admitted`` are run ids in the order in which they start. ``reasons`` has the block reasons that changed, ``None``
    where a reason no longer holds (the admitted runs are not in it). ``everyone`` is what keeps every queued run; it
    replaces the text of last time, also when it is ``None``.

    ``wants_more``: slots are left after the whole page, so runs behind it may start too; ask again with the next page
    and with the admitted runs among those in flight. When the last slot is given away before the page ends, the rest
    keep their reasons, and the next cycle names the global limit.
    """

    admitted: tuple[str, ...] = ()
    reasons: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    everyone: str | None = None
    wants_more: bool = False


def admit(queued: Sequence[RunRecord], in_flight: Sequence[RunRecord], limits: Limits) -> Admission:
    """Walk one page of the queue.

    :param queued: runs in the order of admission: priority descending, ``start_time`` ascending, order of creation.
    :param in_flight: every run that is ``NotStarted`` or ``Started``.
    """
    slots_max = limits.max_concurrent_runs
    if 0 <= slots_max <= len(in_flight):
        everyone = f"global run limit ({len(in_flight)}/{slots_max})"
        # A reason of its own would hide the global one.
        stale: dict[str, str | None] = {run.run_id: None for run in queued if run.block_reason not in (None, everyone)}
        return Admission(reasons=stale, everyone=everyone)
    slots = slots_max - len(in_flight) if slots_max >= 0 else len(queued) + 1

    tallies = [_Tally(limit) for limit in limits.tag_limits]
    for run in in_flight:
        _count(tallies, dict(run.tags))

    admitted: list[str] = []
    reasons: dict[str, str | None] = {}
    for run in queued:
        if len(admitted) == slots:
            return Admission(tuple(admitted), reasons)
        tags = dict(run.tags)
        reason = next((text for tally in tallies if (text := tally.refusal(tags)) is not None), None)
        if reason is None:
            admitted.append(run.run_id)
            _count(tallies, tags)
        elif reason != run.block_reason:
            reasons[run.run_id] = reason
    return Admission(tuple(admitted), reasons, wants_more=len(queued) > 0 and len(admitted) < slots)


class _Tally:
    """The runs in flight that count for one limit, by the value that they share a limit with."""

    def __init__(self, limit: TagLimit) -> None:
        self._limit = limit
        self._counts: Counter[str] = Counter()

    def add(self, tags: dict[str, str]) -> None:
        label = self._label(tags)
        if label is not None:
            self._counts[label] += 1

    def refusal(self, tags: dict[str, str]) -> str | None:
        """Return why a run with these tags may not start; ``None`` when the limit does not match or has room."""
        label = self._label(tags)
        if label is None or self._counts[label] < self._limit.limit:
            return None
        return f"tag limit: {label} ({self._counts[label]}/{self._limit.limit})"

    def _label(self, tags: dict[str, str]) -> str | None:
        """What the block text calls the group that the tags belong to; ``None`` when the limit does not match."""
        limit = self._limit
        value = tags.get(limit.key)
        if value is None or (limit.value is not None and value != limit.value):
            return None
        return f"{limit.key}={value}" if limit.value is not None or limit.per_unique_value else limit.key


def _count(tallies: Sequence[_Tally], tags: dict[str, str]) -> None:
    for tally in tallies:
        tally.add(tags)
