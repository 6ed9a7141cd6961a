"""Ending every process that a program has started and that stayed in the program's session.

The program is started as the leader of a session (``start_new_session``). What it starts in the background is in its
process group. What a shell with job control starts has groups of its own in the same session. Without a ``/proc`` to
read the session from, only the program's own group is ended. What has called ``setsid`` wants to stay.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

TERM_GRACE_SECONDS: Final = 3.0
"""How long, in real seconds, the processes may take to end after SIGTERM, before SIGKILL."""

_LOOK_SECONDS: Final = 0.05
_KILLS_MAX: Final = 40
_PROC: Final = Path("/proc")


def end_session(leader: subprocess.Popen[bytes], grace_seconds: float = TERM_GRACE_SECONDS) -> None:
    """Send SIGTERM to all processes of the session, then SIGKILL to those that are left. Return when they are gone.

    The leader is collected last: until then nobody else can get its number.
    """
    if leader.returncode is not None:
        return  # collected already, so its number may be somebody else's
    _signal(leader.pid, signal.SIGTERM)
    for _ in range(round(grace_seconds / _LOOK_SECONDS)):
        if not _is_running(leader.pid):
            break
        threading.Event().wait(_LOOK_SECONDS)
    for _ in range(_KILLS_MAX):
        _signal(leader.pid, signal.SIGKILL)
        if not _is_running(leader.pid):
            break
        threading.Event().wait(_LOOK_SECONDS)
    leader.wait()


def _is_running(session: int) -> bool:
    if any(_groups(session)):
        return True
    # Without /proc nothing is known of the others, and only the leader itself says whether it has ended.
    return os.waitid(os.P_PID, session, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _signal(session: int, number: signal.Signals) -> None:
    for group in sorted({session, *_groups(session)}):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def _groups(session: int) -> Iterator[int]:
    """Yield the process group of each process of the session that has not ended, nothing without ``/proc``."""
    with suppress(FileNotFoundError):
        for entry in os.listdir(_PROC):
            if not entry.isdecimal():
                continue
            try:
                # The name, in parentheses, may hold anything. State, parent, group and session follow it.
                state, _, group, its_session = (_PROC / entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (OSError, ValueError):
                continue  # the process has ended meanwhile
            if int(its_session) == session and state not in "ZX":
                yield int(group)


_SCRIPT: Final = 'read -r _ || { kill -TERM "-$1"; sleep 3; kill -KILL "-$1"; }'
"""Kills the group when stdin ends without a line. A line says that the command has ended: by then its number may be
somebody else's."""


@contextmanager
def guarded(group: int) -> Generator[None]:
    """End the process group ``group`` when this process ends during the block: SIGTERM, then SIGKILL.

    Nothing is guarded where there is no ``sh``.
    """
    try:
        guard = subprocess.Popen(
            ["sh", "-c", _SCRIPT, "rivers-command-guard", str(group)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what is sent to the group of this process must not end the guard first
        )
    except OSError:
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            guard.communicate(b"ended\n")
        guard.wait()
