"""Commands called directly, as tasks are called outside graphs. As steps they are tested in test_step_kinds."""

from __future__ import annotations

import os
import pickle
import threading
import time
from pathlib import Path

import pytest

import rivers as rs
from rivers.definitions.assets import bash_tasks
from rivers.repository.bash_task import BashTask


def test_a_call_runs_the_command_and_gives_its_stdout_whatever_is_passed(tmp_path: Path) -> None:
    task = BashTask("t", "echo $WHO; pwd; echo >&2", {"WHO": "world"}, tmp_path)
    assert task() == f"world\n{tmp_path}"
    assert task(1, 2, three=3) == f"world\n{tmp_path}"
    assert BashTask("t", ["echo", "$WHO"])() == "$WHO"
    assert BashTask("t", "")() == ""


def test_its_output_appears_and_its_failure_is_raised(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match=r"^Command failed with exit status: 4: went wrong$"):
        BashTask("t", "echo first; echo went wrong >&2; exit 4")()
    assert capfd.readouterr() == ("first\n", "went wrong\n")


def test_a_missing_program_and_a_missing_folder_are_os_errors() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        BashTask("t", ["no-such-program"])()
    with pytest.raises(OSError, match="no/such/folder"):
        BashTask("t", "true", cwd="no/such/folder")()
    with pytest.raises(OSError, match=r"exit status: 127: "):
        BashTask("t", "no-such-program")()


@pytest.mark.rule("graph-assets 2.4")
def test_the_environment_is_that_of_the_moment_and_a_path_in_env_finds_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = BashTask("t", "echo $A $B", {"B": "given"})
    monkeypatch.setenv("A", "later")
    monkeypatch.setenv("B", "inherited")
    assert task() == "later given"
    program = tmp_path / "my-program"
    program.write_text("#!/bin/sh\necho mine\n")
    program.chmod(0o755)
    assert BashTask("t", ["my-program"], {"PATH": f"{tmp_path}:{os.environ['PATH']}"})() == "mine"


@pytest.mark.rule("graph-assets 2.11")
def test_in_the_body_of_a_graph_asset_nothing_runs_until_the_step_does(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    task = BashTask("touches", f"touch '{ran}'; echo done")

    @rs.Asset.from_graph()
    def g() -> object:
        return task()

    with rs.Storage.memory() as storage, rs.CodeRepository([g], tasks=[task]) as repo:
        repo.resolve(storage)
        assert not ran.exists()
        assert repo.materialize().success
        assert ran.exists()
        assert repo.load_node("g") == "done"


def test_it_is_the_public_one_a_declaration_and_crosses_to_workers() -> None:
    assert rs.BashTask is BashTask
    task = pickle.loads(pickle.dumps(BashTask("t", "echo a")))
    assert isinstance(task, bash_tasks.CommandTask)
    assert repr(task) == "BashTask(name='t', command='echo a')"
    assert task() == "a"


def test_called_in_a_step_its_output_is_captured_with_the_step() -> None:
    @rs.Asset
    def a() -> str:
        return BashTask("t", "echo from the command")()

    with rs.Storage.memory() as storage, rs.CodeRepository([a]) as repo:
        repo.resolve(storage)
        result = repo.materialize()
        assert repo.load_node("a") == "from the command"
        assert [log.stdout for log in storage.get_run_logs(result.run_id)] == ["from the command\n"]


@pytest.mark.rule("execution 6.6")
@pytest.mark.parametrize("executor", [rs.Executor.in_process(), rs.Executor.parallel(2)], ids=repr)
def test_a_cancelled_run_ends_its_commands_and_all_that_they_started(tmp_path: Path, executor: rs.Executor) -> None:
    pids = tmp_path / "pids"
    pids.touch()
    # Neither waits for the others: their own background, a background of that, and a shell with job control.
    script = f"sleep 3600 & echo $! >> '{pids}'; (sleep 3600 & echo $! >> '{pids}') & set -m; sleep 3600 & "
    script += f"echo $! >> '{pids}'; echo $$ >> '{pids}'; wait"
    is_parallel = executor != rs.Executor.in_process()
    tasks = [BashTask(f"task_{position}", script) for position in range(1 + is_parallel)]
    with rs.Storage.memory() as storage, rs.CodeRepository([], tasks=tasks, default_executor=executor) as repo:
        repo.resolve(storage)

        def cancel() -> None:
            while len(pids.read_text().split()) < 4 * len(tasks):
                time.sleep(0.005)
            storage.cancel_run("r", 2)

        canceller = threading.Thread(target=cancel)
        canceller.start()
        result = repo.materialize(run_id_override="r", raise_on_error=False)
        canceller.join()
        run = storage.get_run("r")
    assert not result.success
    assert run is not None
    assert run.status == "Canceled"
    assert [pid for pid in pids.read_text().split() if is_running(pid)] == []


def is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
