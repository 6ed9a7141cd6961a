"""Running a command for a step: its output is captured while it runs, and nothing of it outlives the step."""

from __future__ import annotations

import codecs
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from rivers.exceptions import RunCanceled
from rivers.execution.step_time import StepTime

TERM_GRACE_SECONDS: Final = 3.0
"""How long, in real seconds, the processes of a command may take to end after SIGTERM, before SIGKILL."""

_LOOK_SECONDS: Final = 0.1
_CHUNK: Final = 65_536


def run_command(
    command: str | Sequence[str], env: Mapping[str, str] | None, cwd: str | None, time: StepTime | None = None
) -> str:
    """Run a command to its end and return what it wrote to stdout, without the newlines at its end.

    A text is run by ``sh -c``, a list directly. ``env`` is merged over the environment of this process. What the
    command prints appears on this process's stdout and stderr as it comes, line by line, and is captured with the step.
    The wait is a real one. While ``time`` says that the step is to stop, the command's process group is ended.

    :raises OSError: when the command could not be started, or exits with another status than 0
    :raises RunCanceled: when it was ended because the step is to stop
    """
    arguments = ["sh", "-c", command] if isinstance(command, str) else list(command)
    with subprocess.Popen(
        arguments,
        env={**os.environ, **(env or {})},
        cwd=cwd,
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
        self._output = _Echo("stdout")
        self._errors = _Echo("stderr")

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
        return self._output.text(), self._errors.text()


class _Echo:
    """What came from one stream, written on line by line."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: list[str] = []
        self._begun = ""

    def add(self, chunk: bytes) -> None:
        """Take in what was read; an empty chunk is the end."""
        text = self._decoder.decode(chunk, final=not chunk)
        self._parts.append(text)
        lines, newline, self._begun = (self._begun + text).rpartition("\n")
        ready = lines + newline
        if not chunk:
            ready, self._begun = ready + self._begun, ""
        if ready:
            getattr(sys, self._name).write(ready)

    def text(self) -> str:
        return "".join(self._parts)


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
