"""How long a daemon may trust that no hint was lost before it reads storage again."""

from __future__ import annotations

from typing import Final

IDLE_SECONDS: Final = 900.0
"""The longest a daemon goes without reading storage. Short enough that a stranded run is a curiosity, long enough that
a simulated month of an idle system costs a daemon 2880 wake-ups."""


class SafetyInterval:
    """The seconds until the next unasked look at storage.

    While work is outstanding, the looks are ``first_seconds`` apart at first, and the distance doubles up to
    :data:`IDLE_SECONDS`. Any change starts them over: a hint is lost, if ever, near the change that it was about.
    """

    def __init__(self, first_seconds: float) -> None:
        self._first = first_seconds
        self._longest = max(first_seconds, IDLE_SECONDS)
        self.seconds = self._longest
        self._seen: object = None

    def observe(self, outstanding: object) -> None:
        """Note what the look found: anything comparable that describes the work left, falsy when there is none."""
        if not outstanding:
            self.seconds = self._longest
        elif outstanding != self._seen:
            self.seconds = self._first
        else:
            self.seconds = min(max(self.seconds, 0.001) * 2, self._longest)
        self._seen = outstanding
