"""How the processes of a program end, and that its number is safe until they have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rivers.execution.attempts import process_session
from rivers.execution.attempts.process_session import end_session, guarded


def started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A process that has printed its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_sigterm_comes_first_so_that_a_program_can_clean_up(tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    process = started(["sh", "-c", f"trap 'touch \"{cleaned}\"; exit 5' TERM; echo; while true; do sleep 0.02; done"])
    end_session(process)
    assert process.returncode == 5
    assert cleaned.exists()


def test_a_process_in_the_background_gets_the_time_to_clean_up_as_well(tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    background = f"trap 'sleep 0.2; touch \"{cleaned}\"; exit' TERM; echo; while true; do sleep 0.02; done"
    process = started(["sh", "-c", f"({background}) & sleep 3600"])
    end_session(process)
    assert cleaned.exists()


def test_what_ignores_sigterm_is_killed_also_in_a_group_of_its_own(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import os, signal, time\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.setpgid(0, 0)\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"    open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        "    print(flush=True)\n"
        "time.sleep(3600)\n"
    )
    process = started([sys.executable, "-c", code])
    end_session(process, grace_seconds=0.1)
    assert is_gone(int(pid.read_text()))


def test_only_its_own_group_ends_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process_session, "_PROC", tmp_path / "none")
    process = started(["sh", "-c", "echo; sleep 3600 & sleep 3600"])
    end_session(process)
    assert process.returncode == -15


def test_one_that_is_collected_already_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    process = started(["echo"])
    process.wait()
    sent: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, number: sent.append(group))
    end_session(process)
    assert sent == []


PARENT = """
import sys
from rivers.execution.attempts.bash import run_command
from rivers.execution.steps.command import ShellCommand
command = "exec 9>$HELD; trap '' HUP; echo at work; sleep 600 & (sleep 600 &); sleep 600"
run_command(ShellCommand.of(command, {"HELD": sys.argv[1]}, None))
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
