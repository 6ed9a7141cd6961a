"""The exception at the bottom of the groups that task groups raise."""

from __future__ import annotations

from typing import cast

from chrono_daemon import DaemonError


def innermost(error: BaseException) -> BaseException:
    """Return the one exception inside groups that hold nothing else; for a ``DaemonError``, what the daemon raised."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", error)
            if len(group.exceptions) != 1:
                return group
            error = group.exceptions[0]
        elif isinstance(error, DaemonError) and error.__cause__ is not None:
            error = error.__cause__
        else:
            return error
