"""Commands: their value, what they print, how they fail, and how all of them ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rivers.exceptions import RunCanceled
from rivers.execution import bash, capture
from rivers.execution.bash import Command, run_command


class Stopping:
    """The time of a step that is to stop when ``stop`` is called."""

    def __init__(self) -> None:
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def datetime(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep_blocking(self, seconds: float) -> None: ...

    def cancelled(self) -> bool:
        return self._stopped


def run(command: str | list[str], **options: str) -> str:
    return run_command(Command.of(command, options, None))


@pytest.mark.parametrize(
    ("printed", "value"),
    [(r"a\n\n\n", "a"), (r"a\r\n", "a\r"), (r" a \n b \n", " a \n b "), ("", ""), (r"\303\274", "ü")],
)
def test_the_value_is_stdout_without_the_newlines_at_its_end(printed: str, value: str) -> None:
    assert run(f"printf '{printed}'") == value


def test_a_text_goes_through_the_shell_and_a_list_does_not() -> None:
    assert run("echo $((1 + 2)) | cat") == "3"
    assert run(["echo", "$((1 + 2))"]) == "$((1 + 2))"
    assert run("") == ""


def test_env_is_merged_and_cwd_is_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHERITED", "yes")
    command = Command.of("echo $INHERITED $GIVEN; pwd", {"GIVEN": "too"}, str(tmp_path))
    assert run_command(command) == f"yes too\n{tmp_path}"


def test_another_status_than_0_is_an_os_error_with_status_and_stderr() -> None:
    with pytest.raises(OSError, match=r"^Command failed with exit status: 3: what went wrong$"):
        run("echo result; echo what went wrong >&2; exit 3")


def test_a_missing_program_or_folder_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        run(["no-such-program"])
    with pytest.raises(OSError, match="no/such/folder"):
        run_command(Command.of("true", None, "no/such/folder"))


def test_it_reads_nothing_from_stdin() -> None:
    assert run("cat") == ""


def test_lines_appear_while_it_runs_and_are_captured(tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    captured = capture.Captured()
    texts: list[str] = []

    def watch() -> None:
        while captured.stdout is None or "first" not in str(captured.stdout):
            time.sleep(0.005)
        texts.append(str(captured.stdout))
        go_on.touch()

    watcher = threading.Thread(target=watch)
    watcher.start()
    with capture.capturing():
        token = capture.current.set(captured)
        run(f"echo first; printf half; while [ ! -e '{go_on}' ]; do sleep 0.01; done; echo; echo last; echo bad >&2")
        capture.current.reset(token)
    watcher.join()
    assert texts == ["first\n"]
    assert captured.texts() == ("first\nhalf\nlast\n", "bad\n", None)


def test_its_whole_group_ends_when_the_step_is_to_stop(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    moment = Stopping()

    def stop() -> None:
        while not pid.exists() or not pid.read_text().strip():
            time.sleep(0.005)
        moment.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(RunCanceled):
        run_command(Command.of(f"sleep 3600 & echo $! > '{pid}'; wait", None, None), moment)
    stopper.join()
    assert is_gone(int(pid.read_text()))


def test_a_command_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bash, "TERM_GRACE_SECONDS", 0.1)
    started, moment = tmp_path / "started", Stopping()

    def stop() -> None:
        while not started.exists():
            time.sleep(0.005)
        moment.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(RunCanceled):
        run_command(Command.of(f"trap '' TERM; touch '{started}'; while true; do sleep 0.05; done", None, None), moment)
    stopper.join()


def test_a_death_by_signal_is_a_failure() -> None:
    with pytest.raises(OSError, match=f"exit status: -{signal.SIGKILL.value}: "):
        run("kill -9 $$")


def is_gone(pid: int) -> bool:
    """Dead, or dead and not yet collected by whoever inherited it."""
    for _ in range(400):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z"):
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.005)
    return False
