"""Ending a worker process with the process that it works for, even when that one is killed and can end nobody."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final, cast

_LOOK_SECONDS: Final = 1.0

_lifelines: dict[int, tuple[Connection[Any, Any], Connection[Any, Any]]] = {}
"""Both ends of this process's lifeline, by its process id, since a fork of it has none."""


def lifeline() -> Connection[Any, Any]:
    """Return what each worker of this process is given for ``settle_in``.

    It is one end of a pipe, whose other end is open as long as this process lives.
    """
    pid = os.getpid()
    line = _lifelines.get(pid)
    if line is None:
        line = _lifelines.setdefault(pid, Pipe(duplex=False))  # another thread may have been first
    return line[0]


def settle_in(parent: int, line: Connection[Any, Any]) -> None:
    """Let this worker live and die with the process ``parent`` that started it and gave it the ``lifeline``."""
    # A Ctrl-C in the terminal reaches the whole process group, but only the parent knows how to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Loky leaves its own start method as the default, with which multiprocessing itself can start no process.
    multiprocessing.set_start_method(cast("Any", None), force=True)
    end_with_parent(parent)
    _be_killed_with(line)


def end_with_parent(parent: int) -> None:
    """End this worker, whatever it is doing, when the process ``parent`` that started it has ended."""
    watch = threading.Thread(target=_exit_after, args=(parent,), name="rivers-parent-watch", daemon=True)
    watch.start()


def _be_killed_with(line: Connection[Any, Any]) -> None:
    """Have the kernel kill this process when the other end of ``line`` is closed.

    The watch alone is not enough: it is a thread, which has to wait while code in C keeps the interpreter to itself.
    """
    if sys.platform != "linux":
        return
    import fcntl

    with suppress(OSError):  # without /proc only the watch remains
        # Opened anew, since everybody who shares an open file shares its one owner. It stays open for good.
        own = os.open(f"/proc/self/fd/{line.fileno()}", os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(own, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(own, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) | os.O_ASYNC)


def _exit_after(parent: int) -> None:
    _wait_ended(parent)
    os._exit(1)  # user code that runs beside this thread might hold up a clean exit for ever


def _wait_ended(parent: int) -> None:
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(parent)
        except OSError:
            pass  # an old kernel, or the parent has ended already
        else:
            # Asked after opening: another process may have got the number of a dead parent.
            if os.getppid() == parent:
                ended = select.poll()
                ended.register(descriptor, select.POLLIN)
                ended.poll()
            return
    while os.getppid() == parent:
        threading.Event().wait(_LOOK_SECONDS)
