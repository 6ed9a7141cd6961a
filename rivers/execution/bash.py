"""Running a command for a step: its output is captured while it runs, and all of it dies when the step has to stop."""

from __future__ import annotations

import codecs
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from rivers.exceptions import RunCanceled
from rivers.execution.capture import KeptText
from rivers.execution.step_time import StepTime

TERM_GRACE_SECONDS: Final = 3.0
"""How long, in real seconds, the processes of a command may take to end after SIGTERM, before SIGKILL."""

_LOOK_SECONDS: Final = 0.1
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: a text by ``sh -c``, several arguments directly. ``env`` is merged over this process's own."""

    command: str | tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None

    @classmethod
    def of(cls, command: str | Sequence[str], env: Mapping[str, str] | None, cwd: str | None) -> Command:
        """From the declaration of a task."""
        return cls(command if isinstance(command, str) else tuple(command), tuple((env or {}).items()), cwd)


def run_command(command: Command, time: StepTime | None = None) -> str:
    """Run a command to its end and return what it wrote to stdout, without the newlines at its end.

    What the command prints appears on this process's stdout and stderr as it comes, line by line, and is captured with
    the step. The wait is a real one. Its process group is ended when ``time`` says that the step is to stop.

    :raises OSError: when the command could not be started, or exits with another status than 0
    :raises RunCanceled: when it was ended because the step is to stop
    """
    given = command.command
    arguments = ["sh", "-c", given] if isinstance(given, str) else list(given)
    with subprocess.Popen(
        arguments,
        env={**os.environ, **dict(command.env)},
        cwd=command.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a group of its own, which can be ended as one
    ) as process:
        try:
            output, errors = _Reading(process, time).read()
        except BaseException:
            _end_group(process)
            raise
        status = process.wait()
    if status != 0:
        raise OSError(f"Command failed with exit status: {status}: {errors.rstrip()}")
    return output.rstrip("\n")


class _Reading:
    """Both streams of a process, read until they are closed."""

    def __init__(self, process: subprocess.Popen[bytes], time: StepTime | None) -> None:
        self._process = process
        self._time = time
        self._output = _Echo("stdout", [])
        self._errors = _Echo("stderr", KeptText())  # only for the message of a failure

    def read(self) -> tuple[str, str]:
        with selectors.DefaultSelector() as selector:
            for stream, echo in ((self._process.stdout, self._output), (self._process.stderr, self._errors)):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, echo)
            while selector.get_map():
                for key, _ in selector.select(_LOOK_SECONDS):
                    chunk = os.read(key.fd, _CHUNK)
                    key.data.add(chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
                if self._time is not None and self._time.cancelled():
                    raise RunCanceled("the command was ended, since its step is to stop")
        return "".join(self._output.kept), str(self._errors.kept)


_Kept = TypeVar("_Kept", list[str], KeptText)


class _Echo(Generic[_Kept]):
    """What came from one stream, kept, and written on line by line; a line that does not end, in pieces."""

    def __init__(self, name: str, kept: _Kept) -> None:
        self.kept = kept
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""

    def add(self, chunk: bytes) -> None:
        """Take in what was read; an empty chunk is the end."""
        text = self._decoder.decode(chunk, final=not chunk)
        self.kept.append(text)
        lines, newline, self._begun = (self._begun + text).rpartition("\n")
        ready = lines + newline
        if not chunk or len(self._begun) > _CHUNK:
            ready, self._begun = ready + self._begun, ""
        if ready:
            getattr(sys, self._name).write(ready)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to everything the command started, and SIGKILL to what is left of it."""
    _signal_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(TERM_GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
