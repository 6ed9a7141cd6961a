"""A loky executor of one process, whose end is told by the process itself.

Loky waits for a pipe that the worker holds open, and with it whatever the worker forked. While such a child lived on,
the death of the worker would go unnoticed, and with it that its task is never answered.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, cast

from loky.process_executor import ProcessPoolExecutor  # pyright: ignore[reportMissingTypeStubs]

from rivers.execution.capture import capturing


class LoneWorker(ProcessPoolExecutor):
    """One worker process, which starts with the first task and waits for more as long as it takes."""

    def __init__(self, initializer: Callable[..., None], initargs: tuple[Any, ...]) -> None:
        super().__init__(max_workers=1, timeout=None, initializer=initializer, initargs=initargs)  # pyright: ignore[reportUnknownMemberType]

    def _adjust_process_count(self) -> None:
        """Loky's hook that starts the process; what waits for its end begins after it."""
        with capturing():  # loky flushes the standard streams, which may be closed, on a full disk, or not there
            super()._adjust_process_count()  # pyright: ignore[reportUnknownMemberType]
        for process in cast("dict[int, Any]", cast("Any", self)._processes).values():
            _wait_for_the_process(process)


def _wait_for_the_process(process: Any) -> None:
    if not hasattr(os, "pidfd_open") or process.sentinel != process._popen.sentinel:
        return
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:  # an old kernel: the pipe is what there is
        return
    process._sentinel = handle
    weakref.finalize(process, os.close, handle)
