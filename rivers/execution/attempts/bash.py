"""Running a command for a step, capturing its output, and ending all its processes when the step has to stop."""

from __future__ import annotations

import codecs
import os
import selectors
import subprocess
import sys
from typing import TYPE_CHECKING, Final, Protocol

from rivers.exceptions import RunCanceled
from rivers.execution.attempts.capture import KeptText
from rivers.execution.attempts.process_session import end_session, guarded
from rivers.execution.steps.command import ShellCommand

if TYPE_CHECKING:
    from rivers.execution.steps.step_time import StepTime  # with the storage engine, which declarations can do without

VALUE_CHARACTERS_MAX: Final = 256 * 1024 * 1024
"""How many characters a command may write to stdout. They are the value of the step, all of it in memory, so more of
them fail the step: one command must not take the memory of everything else in this process."""

_LOOK_SECONDS: Final = 0.1
_CHUNK: Final = 65_536


def run_command(command: ShellCommand, time: StepTime | None = None) -> str:
    """Run a command to its end and return what it wrote to stdout, without the newlines at its end.

    What the command prints appears on this process's stdout and stderr line by line, as it comes, and is captured with
    the step. It is read as UTF-8, with U+FFFD for bytes that are none. The command has ended when it has exited and
    both streams are closed, also in what it left in the background. What runs there with other streams goes on.

    The wait is a real one. All processes of the command are ended when ``time`` says that the step is to stop, and when
    this process dies.

    :raises OSError: the command could not be started, exits with another status than 0, or writes more than
        ``VALUE_CHARACTERS_MAX`` to stdout
    :raises RunCanceled: the command was ended because the step is to stop
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
        start_new_session=True,  # makes all of its processes known, so that they can be ended
    ) as process:
        with guarded(process.pid):
            try:
                reading = _StreamsReading(process, time)
                output, errors = reading.read()
                status = reading.wait()
            except BaseException:
                end_session(process)
                raise
    if status != 0:
        raise OSError(f"Command failed with exit status: {status}: {errors.rstrip()}")
    return output.rstrip("\n")


class _StreamsReading:
    """The reading of both streams of a process until they are closed."""

    def __init__(self, process: subprocess.Popen[bytes], time: StepTime | None) -> None:
        self._process = process
        self._time = time
        self._value = _Value()
        self._errors = KeptText()  # only for the message of a failure

    def read(self) -> tuple[str, str]:
        """Return all of stdout, and the beginning and the end of stderr."""
        with selectors.DefaultSelector() as selector:
            streams = ((self._process.stdout, "stdout", self._value), (self._process.stderr, "stderr", self._errors))
            for stream, name, kept in streams:
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, _Echo(name, kept))
            while selector.get_map():
                for key, _ in selector.select(_LOOK_SECONDS):
                    chunk = os.read(key.fd, _CHUNK)
                    key.data.add(chunk)
                    if not chunk:
                        selector.unregister(key.fileobj)
                self._stop_if_asked()
        return str(self._value), str(self._errors)

    def wait(self) -> int:
        """Return the exit status. A process may go on for long after it has closed its streams."""
        while True:
            try:
                return self._process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        if self._time is not None and self._time.cancelled():
            raise RunCanceled("the command was ended, since its step is to stop")


class _Kept(Protocol):
    def append(self, text: str, /) -> None: ...


class _Value:
    """The whole of a stream, up to a limit."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = VALUE_CHARACTERS_MAX

    def append(self, text: str) -> None:
        self._room -= len(text)
        if self._room < 0:
            raise OSError(
                f"Command wrote more than {VALUE_CHARACTERS_MAX} characters to stdout, which is the value of its step; "
                "let it write to a file instead, and print where that is"
            )
        self._parts.append(text)

    def __str__(self) -> str:
        return "".join(self._parts)


class _Echo:
    """Keeps what comes from one stream, and writes it on line by line. A very long line is written in pieces."""

    def __init__(self, name: str, kept: _Kept) -> None:
        self._kept = kept
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""

    def add(self, chunk: bytes) -> None:
        """Take in what was read. An empty chunk is the end."""
        text = self._decoder.decode(chunk, final=not chunk)
        self._kept.append(text)
        lines, newline, self._begun = (self._begun + text).rpartition("\n")
        ready = lines + newline
        if not chunk or len(self._begun) > _CHUNK:
            ready, self._begun = ready + self._begun, ""
        if ready:
            self._write(ready)

    def _write(self, text: str) -> None:
        stream = getattr(sys, self._name)
        if stream is None:
            return  # a program without standard streams
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()  # else it would appear at the end only, where the stream is no terminal
