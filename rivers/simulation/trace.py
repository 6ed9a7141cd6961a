"""The trace of a scenario: one line of JSON for each committed fact, in the order of the commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from rivers.storage.changes import Change
from rivers.views.changes import change_line

_LINES: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class Trace:
    """The facts that the system under a scenario has committed.

    A line has ``at`` (epoch nanoseconds), ``kind``, ``subject`` and the facts. Nothing in it is measured in real time,
    so two runs of one scenario give the same lines, byte for byte.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    def __call__(self, changes: Sequence[Change]) -> None:
        """Add the changes of one commit. A scenario subscribes its trace to its storage."""
        for change in changes:
            at, kind, subject, facts = change_line(change)
            self._lines.append(_LINES.encode({"at": at, "kind": kind, "subject": subject, **facts}))

    @property
    def lines(self) -> list[str]:
        """Return the lines so far, oldest first."""
        return list(self._lines)

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the lines as dictionaries, only those of ``kind`` when it is given: ``tick``, ``run``, ``event``,
        ``trigger`` or ``pool``."""
        parsed: list[dict[str, Any]] = [json.loads(line) for line in self._lines]
        return [each for each in parsed if kind is None or each["kind"] == kind]

    def digest(self) -> str:
        """Return BLAKE2b over the lines: equal for two scenarios exactly when their traces are, byte for byte."""
        digest = hashlib.blake2b(digest_size=16)
        for line in self._lines:
            digest.update(line.encode())
            digest.update(b"\n")
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self._lines)

    def __str__(self) -> str:
        return "\n".join(self._lines)
