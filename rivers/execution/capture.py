"""What a step prints and logs, kept for its log record and still forwarded to the real streams.

While a run is on, ``sys.stdout`` and ``sys.stderr`` are forwarders. Which step a write belongs to is read from a
context variable, so that steps on several threads and coroutines on one loop keep their text apart, and a step costs
one ``set`` and one ``reset``.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TextIO

from rivers.definitions.storable_text import storable

LOGGER_PREFIXES: Final = ("rivers.assets", "rivers.tasks")
"""Parents of the loggers that execution contexts hand out as ``context.log``."""

TEXT_MAX: Final = 2_000_000
"""How many characters of one stream a step attempt keeps: what prints without end must not fill memory and store."""


class _Text:
    """What one stream got: all of it, or its beginning and its end when it is longer than ``TEXT_MAX``."""

    __slots__ = ("_end", "_end_length", "_left_out", "_room", "_start")

    def __init__(self) -> None:
        self._start: list[str] = []
        self._room = TEXT_MAX // 2
        self._end: deque[str] = deque()
        self._end_length = 0
        self._left_out = 0

    def __bool__(self) -> bool:
        return bool(self._start)

    def append(self, text: str) -> None:
        if len(text) <= self._room:
            self._room -= len(text)
            self._start.append(text)
            return
        if self._room:
            self._start.append(text[: self._room])
            text, self._room = text[self._room :], 0
        self._end.append(text)
        self._end_length += len(text)
        while (surplus := self._end_length - TEXT_MAX // 2) > 0:
            oldest = self._end.popleft()
            if len(oldest) > surplus:
                self._end.appendleft(oldest[surplus:])
            dropped = min(len(oldest), surplus)
            self._end_length -= dropped
            self._left_out += dropped

    def joined(self) -> str:
        """The text; where something is missing, a line says how much."""
        gap = f"\n... {self._left_out} characters are left out here ...\n" if self._left_out else ""
        return "".join((*self._start, gap, *self._end))


class Captured:
    """The text of one step attempt, by stream."""

    __slots__ = ("logs", "stderr", "stdout")

    def __init__(self) -> None:
        self.stdout = _Text()
        self.stderr = _Text()
        self.logs = _Text()

    def __bool__(self) -> bool:
        return bool(self.stdout or self.stderr or self.logs)

    def texts(self) -> tuple[str | None, str | None, str | None]:
        """stdout, stderr and log lines, as they can be stored; ``None`` for a stream that got nothing."""
        stdout, stderr, logs = (storable(text.joined()) or None for text in (self.stdout, self.stderr, self.logs))
        return stdout, stderr, logs


current: ContextVar[Captured | None] = ContextVar("rivers_captured", default=None)
"""What the running step's text goes to; ``None`` outside steps."""


class _Forwarder:
    """A stand-in for one standard stream: keeps what a step writes and passes everything on."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, text: str) -> int:
        captured = current.get()
        if captured is not None:
            getattr(captured, self._name).append(text)
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def close(self) -> None:
        """Nothing: the stream belongs to the process, whose other threads and whose log still write to it."""

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._stream, attribute)


class _LogLines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        captured = current.get()
        if captured is not None:
            captured.logs.append(f"{self.format(record)}\n")


_log_lines: Final = _LogLines()
# No time in the line: the record has one, and a wall-clock reading would differ between two simulations.
_log_lines.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
_lock = threading.Lock()
_users = 0
_levelled: list[logging.Logger] = []
_installed: dict[str, tuple[TextIO, _Forwarder]] = {}


@contextmanager
def capturing() -> Generator[None]:
    """Have the forwarders in place while the block runs; blocks may nest and overlap between threads."""
    global _users
    with _lock:
        _users += 1
        _install()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _remove()


def _install() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        # Somebody else may have swapped the stream since (a test runner does): then forward to the new one.
        if stream is not None and not isinstance(stream, _Forwarder):
            forwarder = _Forwarder(stream, name)
            _installed[name] = (stream, forwarder)
            setattr(sys, name, forwarder)
    if _users == 1:
        for prefix in LOGGER_PREFIXES:
            logger = logging.getLogger(prefix)
            logger.addHandler(_log_lines)
            if not _is_configured(logger):
                # Python's own default is WARNING, which would lose most of what people log in a step.
                logger.setLevel(logging.INFO)
                _levelled.append(logger)


def _remove() -> None:
    for name, (stream, forwarder) in _installed.items():
        if getattr(sys, name) is forwarder:
            setattr(sys, name, stream)
    _installed.clear()
    for prefix in LOGGER_PREFIXES:
        logging.getLogger(prefix).removeHandler(_log_lines)
    while _levelled:
        _levelled.pop().setLevel(logging.NOTSET)


def _is_configured(logger: logging.Logger) -> bool:
    """Whether the program has said which lines it wants: by a handler of the root, or by a level above this logger."""
    root = logging.getLogger()
    if root.handlers or root.level != logging.WARNING:
        return True
    above: logging.Logger | None = logger
    while above is not None and above is not root:
        if above.level != logging.NOTSET:
            return True
        above = above.parent
    return False
