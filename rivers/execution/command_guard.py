"""A command must not outlive the process that runs it, which may be killed without a chance to end it.

A shell waits beside the command for the end of a pipe that only this process holds open: it comes with the death of
this process, however it died, and then the shell ends the command.
"""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

_SCRIPT: Final = 'read -r _ || { kill -TERM "-$1"; sleep 3; kill -KILL "-$1"; }'
"""A line on stdin says that the command has ended; its number may be somebody else's by then."""


@contextmanager
def guarded(group: int) -> Generator[None]:
    """While the block runs, the end of this process is that of the process group ``group`` too: SIGTERM, then SIGKILL.

    Where there is no ``sh``, nothing is guarded.
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
