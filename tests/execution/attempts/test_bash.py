"""Commands: their value, what they print, how they fail, and how all of them ends."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rivers.exceptions import RunCanceled
from rivers.execution.attempts import bash, capture
from rivers.execution.attempts.bash import run_command
from rivers.execution.steps.command import ShellCommand

ROOT = Path(__file__).resolve().parents[2]


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
    return run_command(ShellCommand.of(command, options, None))


@pytest.mark.rule("graph-assets 2.6")
@pytest.mark.parametrize(
    ("printed", "value"),
    [(r"a\n\n\n", "a"), (r"a\r\n", "a\r"), (r" a \n b \n", " a \n b "), ("", ""), (r"\303\274", "ü")],
)
def test_the_value_is_stdout_without_the_newlines_at_its_end(printed: str, value: str) -> None:
    assert run(f"printf '{printed}'") == value


@pytest.mark.rule("graph-assets 2.2", "graph-assets 2.3")
def test_a_text_goes_through_the_shell_and_a_list_does_not() -> None:
    assert run("echo $((1 + 2)) | cat") == "3"
    assert run(["echo", "$((1 + 2))"]) == "$((1 + 2))"
    assert run("") == ""


@pytest.mark.rule("graph-assets 2.4", "graph-assets 2.5")
def test_env_is_merged_and_cwd_is_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHERITED", "yes")
    command = ShellCommand.of("echo $INHERITED $GIVEN; pwd", {"GIVEN": "too"}, str(tmp_path))
    assert run_command(command) == f"yes too\n{tmp_path}"


@pytest.mark.rule("graph-assets 2.7")
def test_another_status_than_0_is_an_os_error_with_status_and_stderr() -> None:
    with pytest.raises(OSError, match=r"^Command failed with exit status: 3: what went wrong$"):
        run("echo result; echo what went wrong >&2; exit 3")


@pytest.mark.rule("graph-assets 2.8")
def test_a_missing_program_or_folder_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        run(["no-such-program"])
    with pytest.raises(OSError, match="no/such/folder"):
        run_command(ShellCommand.of("true", None, "no/such/folder"))


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
    with capture.capturing(), capture.captured_by(captured):
        run(f"echo first; printf half; while [ ! -e '{go_on}' ]; do sleep 0.01; done; echo; echo last; echo bad >&2")
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
        run_command(ShellCommand.of(f"sleep 3600 & echo $! > '{pid}'; wait", None, None), moment)
    stopper.join()
    assert is_gone(int(pid.read_text()))


def test_its_jobs_in_groups_of_their_own_end_with_it(tmp_path: Path) -> None:
    """A shell with job control gives each of its jobs a process group."""
    pids = tmp_path / "pids"
    moment = Stopping()
    script = f"set -m; sleep 3600 & echo $! > '{pids}'; (sleep 3600 & echo $! >> '{pids}'; wait) & wait"
    stopper = threading.Thread(target=lambda: (wait_for(lambda: count_lines(pids) == 2), moment.stop()))
    stopper.start()
    with pytest.raises(RunCanceled):
        run_command(ShellCommand.of(script, None, None), moment)
    stopper.join()
    assert [is_gone(int(pid)) for pid in pids.read_text().split()] == [True, True]


def test_what_the_shell_left_in_the_background_ends_with_the_step_also_when_the_shell_is_gone(tmp_path: Path) -> None:
    pid, moment = tmp_path / "pid", Stopping()
    stopper = threading.Thread(target=lambda: (wait_for(lambda: count_lines(pid) == 1), moment.stop()))
    stopper.start()
    with pytest.raises(RunCanceled):
        run_command(ShellCommand.of(f"sleep 3600 & echo $! > '{pid}'", None, None), moment)  # sleep holds stdout open
    stopper.join()
    assert is_gone(int(pid.read_text()))


def test_a_command_that_has_closed_its_streams_is_still_waited_for_and_still_ended(tmp_path: Path) -> None:
    pid, moment = tmp_path / "pid", Stopping()
    stopper = threading.Thread(target=lambda: (wait_for(lambda: count_lines(pid) == 1), moment.stop()))
    stopper.start()
    with pytest.raises(RunCanceled):
        run_command(ShellCommand.of(f"echo $$ > '{pid}'; exec sleep 3600 >&- 2>&-", None, None), moment)
    stopper.join()
    assert is_gone(int(pid.read_text()))
    with pytest.raises(OSError, match=r"exit status: 3: $"):
        run("exec >&- 2>&-; sleep 0.2; exit 3")


def test_what_went_to_the_background_with_streams_of_its_own_does_not_keep_the_step(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    assert run(f"sleep 3600 >/dev/null 2>&1 & echo $! > '{pid}'; echo done") == "done"
    os.kill(int(pid.read_text()), signal.SIGKILL)


def test_bytes_that_are_no_text_are_replaced_and_characters_across_reads_are_not() -> None:
    assert run(r"printf 'a\377b\n'") == "a\ufffdb"
    assert run(r"printf 'a\303'; sleep 0.1; printf '\274'") == "aü"
    assert run(r"printf 'nul\000nul'") == "nul\0nul"


def test_of_a_huge_stderr_only_its_beginning_and_end_are_kept_and_all_of_stdout() -> None:
    script = "import sys; sys.stderr.write('x' * 5_000_000 + 'end'); sys.stdout.write('y' * 5_000_000); sys.exit(1)"
    with pytest.raises(OSError, match=r"characters are left out here") as raised:
        run([sys.executable, "-c", script])
    assert len(str(raised.value)) < 1_100_000
    assert str(raised.value).endswith("end")
    assert len(run([sys.executable, "-c", "import sys; sys.stdout.write('y' * 5_000_000)"])) == 5_000_000


def test_a_value_beyond_the_limit_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bash, "VALUE_CHARACTERS_MAX", 1_000_000)
    with pytest.raises(OSError, match=r"^Command wrote more than 1000000 characters to stdout, .* write to a file"):
        run("yes")


def test_a_program_without_a_stdout_or_with_a_narrow_one_runs_commands_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run("echo a") == "a"
    narrow = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert run(r"printf '\303\274\n'") == "ü"
    assert narrow.buffer.getvalue() == b"\\xfc\n"


def test_its_output_leaves_a_piped_process_while_it_runs(tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    code = (
        "import sys; from rivers.execution.attempts.bash import ShellCommand, run_command\n"
        "run_command(ShellCommand.of(sys.argv[1], None, None))"
    )
    script = f"echo first; while [ ! -e '{go_on}' ]; do sleep 0.01; done; echo last"
    with subprocess.Popen([sys.executable, "-c", code, script], stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        go_on.touch()
        assert process.stdout.read() == "last\n"


def test_an_interrupt_ends_the_command(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    class Interrupting(Stopping):
        def cancelled(self) -> bool:
            if count_lines(pid) == 1:
                raise KeyboardInterrupt
            return False

    with pytest.raises(KeyboardInterrupt):
        run_command(ShellCommand.of(f"echo $$ > '{pid}'; sleep 3600", None, None), Interrupting())
    assert is_gone(int(pid.read_text()))


def test_a_death_by_signal_is_a_failure() -> None:
    with pytest.raises(OSError, match=f"exit status: -{signal.SIGKILL.value}: "):
        run("kill -9 $$")


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.005)


def count_lines(path: Path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


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
