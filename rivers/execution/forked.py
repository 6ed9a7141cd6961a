"""Calls of user code that may fork: a child process that it made and forgot to end does not carry the run on."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, Final

_ABORTED: Final = 1


def kept_by_the_forker_alone(call: Callable[[], Any]) -> Any:
    """Call user code. A child process that it forked, and forgot to end, ends here: the run is its parent's."""
    with _left_by_the_forker_alone():
        return call()


async def awaited_by_the_forker_alone(call: Callable[[], Awaitable[Any]]) -> Any:
    """The same for what has to be awaited."""
    with _left_by_the_forker_alone():
        return await call()


@contextmanager
def _left_by_the_forker_alone() -> Generator[None]:
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
