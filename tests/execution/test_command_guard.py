"""Commands end with the process that runs them, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rivers.execution.command_guard import guarded

PARENT = """
import sys
from rivers.execution.bash import Command, run_command
command = "exec 9>$HELD; trap '' HUP; echo at work; sleep 600 & (sleep 600 &); sleep 600"
run_command(Command.of(command, {"HELD": sys.argv[1]}, None))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_command_ends_with_a_parent_that_is_killed(tmp_path: Path, number: int) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    program = [sys.executable, "-c", PARENT, str(held)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "at work\n"
        parent.send_signal(number)
    os.set_blocking(reader, True)
    with os.fdopen(reader) as end:
        assert end.read() == ""  # which comes when the last process of the command has gone


def test_what_has_ended_is_not_ended_again() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as other:
        with guarded(other.pid):
            pass
        assert other.poll() is None
        other.kill()


def test_without_a_shell_commands_run_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done: list[int] = []
    with guarded(os.getpid()):
        done.append(1)
    assert done == [1]
