"""Calls of user code that may fork: a child process that it made and forgot to end does not carry the run on."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

_ABORTED: Final = 1


def kept_by_the_forker_alone(call: Callable[[], Any]) -> Any:
    """Call user code. A child process that it forked, and forgot to end, ends here: the run is its parent's."""
    process = os.getpid()
    try:
        returned = call()
    except BaseException as error:
        if os.getpid() != process:
            _end_child(error)
        raise
    if os.getpid() != process:
        _end_child(None)
    return returned


async def awaited_by_the_forker_alone(call: Callable[[], Awaitable[Any]]) -> Any:
    """The same for what has to be awaited."""
    process = os.getpid()
    try:
        returned = await call()
    except BaseException as error:
        if os.getpid() != process:
            _end_child(error)
        raise
    if os.getpid() != process:
        _end_child(None)
    return returned


def _end_child(error: BaseException | None) -> None:
    """Without the interpreter's own shutdown, which would touch the parent's store."""
    code: Any = 0
    if isinstance(error, SystemExit):
        code = 0 if error.code is None else error.code
    elif error is not None:
        code = _ABORTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF if isinstance(code, int) else _ABORTED)
