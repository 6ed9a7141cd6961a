"""Child processes that user code forks. Whatever they do, the work of rivers goes on in their parent alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

_ABORTED: Final = 1


@contextmanager
def ending_forks() -> Generator[None]:
    """End a child process that was forked in the block when it leaves the block, by an exception or otherwise.

    Its exit code is that of its ``SystemExit``, 1 for any other exception, else 0.
    """
    process = os.getpid()
    try:
        yield
    except BaseException as error:
        if os.getpid() != process:
            _end_child(error)
        raise
    if os.getpid() != process:
        _end_child(None)


def _end_child(error: BaseException | None) -> None:
    """Exit without the interpreter's own shutdown, which would touch the parent's store."""
    code: Any = 0
    if isinstance(error, SystemExit):
        code = 0 if error.code is None else error.code
    elif error is not None:
        code = _ABORTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF if isinstance(code, int) else _ABORTED)
