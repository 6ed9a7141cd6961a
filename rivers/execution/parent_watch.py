"""A worker process must not outlive the process that it works for, which may be killed without a chance to end it."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sys
import threading
from typing import Any, Final, cast

_LOOK_SECONDS: Final = 1.0


def settle_in(parent: int) -> None:
    """In a worker: live and die with the process ``parent`` that started it."""
    # A Ctrl-C in the terminal reaches the whole process group, but only the parent knows how to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Loky leaves its own way to start processes as the default, with which multiprocessing itself can start none.
    multiprocessing.set_start_method(cast("Any", None), force=True)
    end_with_parent(parent)


def end_with_parent(parent: int) -> None:
    """In a worker: end this process, whatever it is doing, when the process ``parent`` that started it has ended."""
    watch = threading.Thread(target=_exit_after, args=(parent,), name="rivers-parent-watch", daemon=True)
    watch.start()


def _exit_after(parent: int) -> None:
    _wait_ended(parent)
    os._exit(1)  # the code of a user that runs beside us may never come back from a clean end


def _wait_ended(parent: int) -> None:
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(parent)
        except OSError:
            pass  # an old kernel, or it has ended already
        else:
            # Asked after opening: a process that took over the number of a dead parent is not our parent.
            if os.getppid() == parent:
                ended = select.poll()
                ended.register(descriptor, select.POLLIN)
                ended.poll()
            return
    while os.getppid() == parent:
        threading.Event().wait(_LOOK_SECONDS)
