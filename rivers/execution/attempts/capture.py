"""Capturing what a step prints and logs for its log record, while the real streams still get it.

While a run executes, ``sys.stdout`` and ``sys.stderr`` are forwarders. A context variable says which step a write
belongs to, so that steps on several threads and coroutines on one loop keep their text apart, and a step costs one
``set`` and one ``reset``. The streams get what a step writes line by line. What a stream refuses, since it is closed or
its disk is full, is in the record alone.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final, TextIO, cast

from rivers.definitions.argument_checks import storable

LOGGER_PREFIXES: Final = ("rivers.assets", "rivers.tasks")
"""The parents of the loggers that execution contexts hand out as ``context.log``."""

KEPT_CHARACTERS: Final = 1_000_000
"""How many characters of each stream of an attempt are kept, half from its beginning and half from its end."""

LINE_CHARACTERS: Final = 8192
"""A line is held until it is complete or longer than this."""


class KeptText:
    """The beginning and the end of what was written to one stream."""

    __slots__ = ("_dropped", "_half", "_head", "_head_room", "_tail", "_tail_size")

    def __init__(self, kept: int = KEPT_CHARACTERS) -> None:
        self._half = kept // 2
        self._head: list[str] = []
        self._head_room = self._half
        self._tail: list[str] = []
        self._tail_size = 0
        self._dropped = 0

    def append(self, text: str) -> None:
        """Keep ``text``. Of a long stream, drop what is in the middle."""
        if len(text) <= self._head_room:
            self._head.append(text)
            self._head_room -= len(text)
            return
        if self._head_room:
            self._head.append(text[: self._head_room])
            text = text[self._head_room :]
            self._head_room = 0
        self._tail.append(text)
        self._tail_size += len(text)
        if self._tail_size > 2 * self._half:
            self._shorten()

    def _shorten(self) -> None:
        whole = "".join(self._tail)
        self._tail = [whole[-self._half :]] if self._half else []
        self._dropped += max(0, self._tail_size - self._half)
        self._tail_size = min(self._tail_size, self._half)

    def __str__(self) -> str:
        if self._tail_size > self._half:
            self._shorten()
        gap = f"\n... {self._dropped} characters are left out here ...\n" if self._dropped else ""
        return "".join([*self._head, gap, *self._tail])


class Captured:
    """The text of one step attempt, by stream; ``None`` for a stream that got nothing."""

    __slots__ = ("_passing", "_unfinished", "logs", "stderr", "stdout")

    def __init__(self) -> None:
        self.stdout: KeptText | None = None
        self.stderr: KeptText | None = None
        self.logs: KeptText | None = None
        self._unfinished: dict[TextIO, str] = {}
        self._passing = threading.Lock()

    def write(self, stream: str, text: str) -> None:
        """Add to ``stdout``, ``stderr`` or ``logs``."""
        kept: KeptText | None = getattr(self, stream)
        if kept is None:
            kept = KeptText()
            setattr(self, stream, kept)
        kept.append(text)

    def pass_on(self, stream: TextIO, text: str) -> None:
        """Give ``stream`` the lines that ``text`` completes.

        ``print`` writes a line in parts, and what others write to the stream must not come between them. An incomplete
        line waits for its end, ``release`` or ``LINE_CHARACTERS``.
        """
        with self._passing:
            held = self._unfinished.pop(stream, "") + text
            end = held.rfind("\n") + 1
            if len(held) - end > LINE_CHARACTERS:
                end = len(held)
            if end < len(held):
                self._unfinished[stream] = held[end:]
            if end:
                with suppress(OSError, ValueError):
                    stream.write(held[:end])

    def release(self) -> None:
        """Give every stream its incomplete line as it is. A stream may refuse it."""
        with self._passing:
            while self._unfinished:
                stream, rest = self._unfinished.popitem()
                with suppress(OSError, ValueError):
                    stream.write(rest)

    def __bool__(self) -> bool:
        return any(kept is not None for kept in (self.stdout, self.stderr, self.logs))

    def texts(self) -> tuple[str | None, str | None, str | None]:
        """Return stdout, stderr and log lines as they can be stored, ``None`` for a stream that got nothing."""
        if not self:
            return None, None, None
        stdout, stderr, logs = (storable(str(kept or "")) or None for kept in (self.stdout, self.stderr, self.logs))
        return stdout, stderr, logs


_current: ContextVar[Captured | None] = ContextVar("rivers_captured", default=None)
"""Where the text of the step that runs here goes, ``None`` outside steps."""


@contextmanager
def captured_by(captured: Captured) -> Generator[None]:
    """Let ``captured`` have what the block prints and logs as well, while the forwarders are in place."""
    token = _current.set(captured)
    try:
        yield
    finally:
        _current.reset(token)
        captured.release()


class _Forwarder:
    """A stand-in for one standard stream, which keeps what a step writes and passes everything on."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, text: str) -> int:
        captured = _current.get()
        if captured is None:
            return self._stream.write(text)
        captured.write(self._name, text)
        captured.pass_on(self._stream, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        captured = _current.get()
        if captured is not None:
            captured.release()
        with suppress(OSError, ValueError):
            self._stream.flush()

    def close(self) -> None:
        """Do nothing: the stream belongs to the process, whose other threads and whose log still write to it."""

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._stream, attribute)


class _Nowhere(io.TextIOBase):
    """A stream for a process that was started without one, where Python has ``None``, which nobody can flush."""

    def write(self, text: str, /) -> int:
        return len(text)


class _LogLines(logging.Handler):
    """Keeps the lines that a step logs, and passes on those that Python would print without this handler."""

    def emit(self, record: logging.LogRecord) -> None:
        captured = _current.get()
        if captured is not None:
            captured.write("logs", f"{self.format(record)}\n")
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and not _is_taken(record.name):
            token = _current.set(None)  # kept as a log line, and not as stderr as well
            try:
                last.handle(record)
            finally:
                _current.reset(token)


def _is_taken(name: str) -> bool:
    """Return whether a handler other than ours gets the lines of this logger."""
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None:
        if any(not isinstance(each, _LogLines) for each in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False


_log_lines: Final = _LogLines()
# No time in the line: the record has one, and a reading of the wall clock would differ between two simulations.
_log_lines.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
_lock = threading.Lock()
_users = 0
_levelled: list[logging.Logger] = []
_installed: dict[str, tuple[TextIO | None, _Forwarder]] = {}


@contextmanager
def capturing() -> Generator[None]:
    """Have the forwarders in place while the block runs. Blocks may nest, and overlap between threads."""
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
        stream = getattr(sys, name, None)
        # Somebody else may have swapped the stream meanwhile, as test runners do: then forward to the new one.
        if not isinstance(stream, _Forwarder):
            forwarder = _Forwarder(cast("TextIO", _Nowhere()) if stream is None else stream, name)
            _installed[name] = (stream, forwarder)
            setattr(sys, name, forwarder)
    if _users == 1:
        for prefix in LOGGER_PREFIXES:
            logger = logging.getLogger(prefix)
            logger.addHandler(_log_lines)
            if not _is_configured(logger):
                # Python's default is WARNING, which would lose most of what people log in a step.
                logger.setLevel(logging.INFO)
                _levelled.append(logger)


def _remove() -> None:
    for name, (stream, forwarder) in _installed.items():
        if getattr(sys, name, None) is forwarder:
            setattr(sys, name, stream)
    _installed.clear()
    for prefix in LOGGER_PREFIXES:
        logging.getLogger(prefix).removeHandler(_log_lines)
    while _levelled:
        _levelled.pop().setLevel(logging.NOTSET)


def _is_configured(logger: logging.Logger) -> bool:
    """Return whether the program says which lines it wants: by a root handler, or by a level above this logger."""
    root = logging.getLogger()
    if root.handlers or root.level != logging.WARNING:
        return True
    above: logging.Logger | None = logger
    while above is not None and above is not root:
        if above.level != logging.NOTSET:
            return True
        above = above.parent
    return False
