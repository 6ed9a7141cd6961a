"""The three standard streams. A command may be started without them (``rivers serve >&-``, some supervisors)."""

from __future__ import annotations

import os
import sys


def ensure_standard_streams() -> None:
    """Put the null device where a standard stream is closed.

    Otherwise the next file that is opened, such as one of the store, would get the number 1 and all output.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # Opening takes the lowest free number, and those below are open by now.
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
