"""The command of a step that runs one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """What to run: a text through ``sh -c``, several arguments directly. ``env`` is merged over this process's own."""

    command: str | tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None

    @classmethod
    def of(cls, command: str | Sequence[str], env: Mapping[str, str] | None, cwd: str | None) -> ShellCommand:
        """Return the command that a task declares."""
        return cls(command if isinstance(command, str) else tuple(command), tuple((env or {}).items()), cwd)
