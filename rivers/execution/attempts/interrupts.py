"""Ctrl-C while a run executes on the main thread: the step that it hits fails, and the run goes no further.

A ``KeyboardInterrupt`` that user code raises is a failure like any other. Only the signal says that a person wants the
whole run to stop, however many steps are left. A program that handles SIGINT in its own way keeps doing so.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from rivers.exceptions import Killed, Superseded

_has_come = False


@contextmanager
def heeded() -> Generator[None]:
    """Take note of the signal while the block runs. Runs inside steps of the main thread share the note."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    global _has_come
    _has_come = False
    signal.signal(signal.SIGINT, _note)
    try:
        yield
    finally:
        _has_come = False
        if signal.getsignal(signal.SIGINT) is _note:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def is_meant_for_all(error: BaseException) -> bool:
    """Return whether an exception that came out of user code is no failure of that code.

    It is none when its graph was killed, nor is Ctrl-C, which hits the main thread only.
    """
    if isinstance(error, KeyboardInterrupt):
        return threading.current_thread() is threading.main_thread()
    return isinstance(error, Killed | Superseded)


def go_no_further() -> None:
    """End the run here if the signal has come. Called when a step has been settled.

    :raises KeyboardInterrupt: on the main thread, when the signal has come
    """
    if _has_come and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt("the run was interrupted")


def _note(number: int, frame: FrameType | None) -> None:
    global _has_come
    _has_come = True
    raise KeyboardInterrupt
