"""The code blocks of a page of ``docs/``, and the rules by which they are read.

=======================  ===============================================================================================
info string              what it is
=======================  ===============================================================================================
``python``               run in the page's namespace, top to bottom
``python raises``        the same, but it must raise; the ``text`` block after it shows ``<Type>: <message>``
``python NAME.py``       written to that file in the page's folder, then run likewise; ``test_*.py`` is left to pytest
``text``                 what the Python block before it prints
``console``              commands after ``$``, each followed by what it writes; ``^C`` interrupts the running server
``... no-run``           looked at by nobody; ``test_guide.py`` counts them
=======================  ===============================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = DOCS / "guide"
LANGUAGES = ("python", "text", "console", "toml")
_FENCE = re.compile(r"^```(.*)$")


@dataclass(frozen=True)
class Block:
    """One fenced block; ``line`` is that of its first line of content."""

    page: Path
    line: int
    language: str
    marks: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.page.relative_to(DOCS.parent)}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that it is written to."""
        return next((mark for mark in self.marks if "." in mark), None)

    @property
    def runs(self) -> bool:
        """Whether it is tried at all."""
        return "no-run" not in self.marks


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page in their order. Raises ``ValueError`` for a fence without a language or without an end."""
    return list(_blocks(page, page.read_text(encoding="utf-8").splitlines()))


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    opened: tuple[int, list[str]] | None = None
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        info = fence.group(1).split()
        if opened is None:
            if not info or info[0] not in LANGUAGES:
                raise ValueError(f"{page.name}:{number}: a block says its language, one of {', '.join(LANGUAGES)}")
            opened = (number, info)
        else:
            start, (language, *marks) = opened
            yield Block(page, start + 1, language, tuple(marks), "\n".join(lines[start : number - 1]) + "\n")
            opened = None
    if opened is not None:
        raise ValueError(f"{page.name}:{opened[0]}: the block is never closed")
