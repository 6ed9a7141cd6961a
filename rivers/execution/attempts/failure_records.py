"""The record of an exception that user code raised: one line, its classes and a traceback."""

from __future__ import annotations

import json
import re
import traceback
from concurrent.futures import BrokenExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from rivers.definitions.argument_checks import storable
from rivers.exceptions import RiversError

MESSAGE_MAX: Final = 20_000
TRACEBACK_MAX: Final = 200_000
"""The most characters that are kept. An exception may carry its data, and its text goes into every list and log."""

_RIVERS: Final = str(Path(__file__).resolve().parents[2])


def error_text(error: BaseException) -> str:
    """Return ``<ExceptionType>: <message>``, also for an exception whose own ``str`` fails."""
    return storable(shortened(f"{type(error).__name__}: {_message_of(error)}", MESSAGE_MAX))


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as unspeakable:
        return f"<its message could not be read: {type(unspeakable).__name__}>"


def shortened(text: str, length: int) -> str:
    """Return ``text``, or its beginning and its end when it has more than ``length`` characters."""
    if len(text) <= length:
        return text
    half = length // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters are left out here ...\n{text[-half:]}"


def class_names(error: BaseException) -> str:
    """Return the qualified names of the exception's classes, most derived first, each once, as a JSON list."""
    return json.dumps(list(dict.fromkeys(_qualified(cls) for cls in type(error).__mro__)))


class WorkerDied(BrokenExecutor):
    """A worker process ended before it gave its answer: a crash, ``os._exit``, or the system's out-of-memory killer."""


def worker_death(how: str | None) -> str:
    """Return the message of a ``WorkerDied``. ``how`` is its exit code or signal: ``EXIT(3)``, ``SIGKILL(-9)``."""
    return f"the worker process died before it gave an answer: {how or 'exit code unknown'}"


def exit_in(text: str) -> str | None:
    """Return the exit code from what loky says about a dead worker, without the guesses around it."""
    found = re.search(r"exit codes of the workers are \{(.+?)\}", text)
    return found.group(1) if found else None


class RemoteTraceback(RiversError):
    """The cause of an exception that crossed from a worker process, with the text of the traceback it had there."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}" if self.args else ""


def traceback_text(error: BaseException) -> str:
    """Return the traceback as Python prints it, from the first frame outside rivers."""
    text = "".join(traceback.format_exception(type(error), error, users_part(error.__traceback__)))
    return storable(shortened(text, TRACEBACK_MAX))


def traceback_document(error: BaseException) -> str:
    """Return the traceback as JSON: ``text``, and ``exceptions``, oldest first, with type, message and frames."""
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    seen: list[BaseException] = []
    while current is not None and not any(current is one for one in seen):
        seen.append(current)
        frames = traceback.extract_tb(users_part(current.__traceback__))
        chain.append(
            {
                "type": _qualified(type(current)),
                "message": storable(shortened(_message_of(current), MESSAGE_MAX)),
                "frames": [{"file": f.filename, "line": f.lineno, "function": f.name} for f in frames],
            }
        )
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return json.dumps({"exceptions": chain[::-1], "text": traceback_text(error)})


def users_part(tb: TracebackType | None) -> TracebackType | None:
    """Return the traceback from its first frame outside rivers, or the whole traceback when there is none."""
    part = tb
    while part is not None and part.tb_frame.f_code.co_filename.startswith(_RIVERS):
        part = part.tb_next
    return part if part is not None else tb


def _qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
