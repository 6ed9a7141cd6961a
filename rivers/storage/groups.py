"""Event groups: events and logs of a run are gathered here, and written as a few large rows.

A group holds what one session has recorded of one run since the last write. It is the only copy outside the engine. A
crash may lose it, and the work that it is about is then done again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from rivers.records import NewEvent

FINAL_EVENTS: Final = ("StepSuccess", "StepFailure")
GROUP_EVENTS_MAX: Final = 200
GROUP_LOG_CHARACTERS_MAX: Final = 256 * 1024
GROUP_SPAN_NS_MAX: Final = 1_000_000_000
"""How much work a crash may lose besides that of the steps that it interrupts, in nanoseconds."""


@dataclass(slots=True)
class Group:
    """The open group of one run."""

    run_id: str
    events: list[NewEvent] = field(default_factory=list[NewEvent])
    logs: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    log_characters: int = 0

    @property
    def full(self) -> bool:
        """Whether it is time to write the group."""
        return len(self.events) >= GROUP_EVENTS_MAX or self.log_characters >= GROUP_LOG_CHARACTERS_MAX

    def would_be_missed(self, began: int) -> bool:
        """Return whether the work in the group took long, now that a step has ended that began at ``began``."""
        if not self.events:
            return False
        return self.events[-1].timestamp - min(began, self.events[0].timestamp) >= GROUP_SPAN_NS_MAX


class OpenGroups:
    """The groups of all sessions that have not been written yet. The lock of the engine guards them."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], Group] = {}

    def group(self, session: str, run_id: str) -> Group:
        """Return the open group of a run, which is opened when there is none."""
        key = (session, run_id)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(run_id)
        return group

    def find(self, session: str, run_id: str) -> Group | None:
        """Return the open group of a run, ``None`` when there is none."""
        return self._groups.get((session, run_id))

    def of(self, session: str) -> list[Group]:
        """Return the open groups of a session, in the order of opening."""
        return [group for (owner, _), group in self._groups.items() if owner == session]

    def sessions(self) -> list[str]:
        """Return the sessions that have an open group."""
        return list(dict.fromkeys(session for session, _ in self._groups))

    def forget(self, session: str, groups: Iterable[Group]) -> None:
        """Drop groups that have been written."""
        for group in groups:
            self._groups.pop((session, group.run_id), None)

    def drop(self, session: str) -> None:
        """Drop every open group of a session that has been killed."""
        self.forget(session, self.of(session))
