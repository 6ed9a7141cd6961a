"""``max_concurrency``: which instances of a map may be begun, so that no more of them execute at one time."""

from __future__ import annotations

from collections import deque

from rivers.execution.lanes import Try


class Quotas:
    """Places for the instances of each map of a batch that has a limit. One keeps its place until it is settled for
    good, also while it waits to be tried again."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, deque[Try]] = {}

    def admits(self, tried: Try) -> bool:
        """Whether it may be begun now; otherwise it waits in here."""
        template, most = tried.step.template, tried.step.max_concurrency
        if template is None or most is None:
            return True
        taken = self._taken.get(template, 0)
        if taken < most:
            self._taken[template] = taken + 1
            return True
        self._waiting.setdefault(template, deque()).append(tried)
        return False

    def leave(self, tried: Try) -> Try | None:
        """It is settled for good: who gets its place, if anybody waits for it."""
        template = tried.step.template
        if template is None or tried.step.max_concurrency is None:
            return None
        waiting = self._waiting.get(template)
        if waiting:
            return waiting.popleft()
        self._taken[template] -= 1
        return None

    def withdraw(self) -> int:
        """Nobody who waits is begun any more; how many these are."""
        count = sum(len(waiting) for waiting in self._waiting.values())
        self._waiting.clear()
        return count
