"""Faults that a scenario plants on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rivers.ids import random_for
from rivers.storage.changes import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """A seeded plan of faults.

    :param crash_after_commits: kill every daemon right after these commits (counted from 1 over the whole scenario),
        before any message about them is heard, and start again on the same storage.
    :param crash_rate: the share of commits, from 0 to 1, after which the same happens, drawn from the seed.
    :param lost_messages: the share of messages between daemons, from 0 to 1, that are lost, drawn from the seed.

    Raises ``ValueError`` for a share outside 0 to 1.
    """

    crash_after_commits: tuple[int, ...] = ()
    crash_rate: float = 0.0
    lost_messages: float = 0.0

    def __post_init__(self) -> None:
        for name in ("crash_rate", "lost_messages"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, got {share!r}")


class FaultPlan:
    """The faults of one scenario as they come up."""

    def __init__(self, faults: Faults | None, seed: int) -> None:
        self._faults = faults or Faults()
        self._seed = seed
        self._commit_count = 0
        self._message_count = 0
        self.crash_due = False

    def watch(self, changes: Sequence[Change]) -> bool:
        """Count one commit. Return whether the automation graph is to be killed after it."""
        self._commit_count += 1
        faults = self._faults
        crash = self._commit_count in faults.crash_after_commits or (
            faults.crash_rate > 0 and random_for(self._seed, "crash", self._commit_count).random() < faults.crash_rate
        )
        self.crash_due = self.crash_due or crash
        return crash

    def loses(self, message: Any) -> bool:
        """Return whether this message, the next one in the order of sending, is lost."""
        if not self._faults.lost_messages:
            return False
        self._message_count += 1
        draw = random_for(self._seed, "message", type(message).__name__, self._message_count).random()
        return draw < self._faults.lost_messages
