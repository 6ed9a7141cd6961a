"""Whether what came out is what a page shows, but for what differs from run to run.

Times, addresses, process ids, sizes and lengths of real time are not compared. An id stands for one id throughout a
page: the page may show one in the output of a command and name it in a later command. A line ``...`` stands for any
lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = "/srv/shop"
"""What pages call the folder that they work in."""

_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "<time>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"\b(pid|process) \d+"), r"\1 <pid>"),
    (re.compile(r"\bsize_bytes=\d+"), "size_bytes=<n>"),
    (re.compile(r"\b\d+\.\d+ ?s\b"), "<seconds>"),
)
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})?\b")


@dataclass
class Likeness:
    """What a page's ids stand for; ``folder`` is the real one."""

    folder: Path
    _real: dict[str, str] = field(default_factory=dict[str, str])

    def command(self, shown: str) -> str:
        """A command as it has to be given, with real ids."""
        return _ID.sub(lambda match: self._real.get(match.group(), match.group()), shown)

    def same(self, shown: str, real: str) -> bool:
        """Whether one line is the other; the ids of a line that is are remembered."""
        real = real.replace(str(self.folder), FOLDER)
        if _blanked(shown) != _blanked(real):
            return False
        pairs = list(zip(_ID.findall(shown), _ID.findall(real), strict=True))
        # An id and its first characters are one thing.
        short = [(one[:8], other[:8]) for one, other in pairs]
        shown_of = {real: shown for shown, real in self._real.items()}
        if any(self._real.get(one, other) != other or shown_of.get(other, one) != one for one, other in short):
            return False
        self._real.update([*pairs, *short])
        return True

    def difference(self, shown: str, real: str) -> str | None:
        """Why the text does not fit what the page shows; ``None`` when it does."""
        wanted, found = _lines(shown), _lines(real)
        return None if self._fits(wanted, found) else _both(wanted, found)

    def _fits(self, wanted: Sequence[str], found: Sequence[str]) -> bool:
        if not wanted:
            return not found
        if wanted[0].strip() == "...":
            return any(self._fits(wanted[1:], found[start:]) for start in range(len(found) + 1))
        before = dict(self._real)
        if found and self.same(wanted[0], found[0]) and self._fits(wanted[1:], found[1:]):
            return True
        self._real = before  # an id that was met on the wrong way stands for nothing
        return False


def _blanked(line: str) -> str:
    for pattern, instead in _VARYING:
        line = pattern.sub(instead, line)
    return _ID.sub("<id>", line).rstrip()


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").split("\n")] if text.strip() else []


def _both(wanted: Sequence[str], found: Sequence[str]) -> str:
    shown = "\n".join(f"  | {line}" for line in wanted)
    real = "\n".join(f"  | {line}" for line in found)
    return f"the page shows\n{shown}\nbut this came out\n{real}"
