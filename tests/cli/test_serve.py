"""``rivers serve`` as a process: its log, its stop, and the other commands going through it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest

from rivers.cli.client import ServerClient
from rivers.server.hosting import bind
from tests.cli.conftest import PIPELINE, Project, Watched

FAILING = """
@rs.Asset
def bad():
    raise ValueError("boom")

@rs.Asset
def after(bad):
    return 1

repo = rs.CodeRepository(assets=[a, b, bad, after], jobs=[ab], schedules=[yearly], sensors=[watch])
"""

SLOW = """
import rivers as rs

@rs.Asset
def slow():
    print("about to wait", flush=True)
    with open("gate") as gate:
        gate.read()

repo = rs.CodeRepository(assets=[slow])
"""


BROKEN = """
import rivers as rs
from rivers.daemons.trigger_book import TriggerBook
from rivers.exceptions import StorageError

def fail(self, decisions):
    raise StorageError("no space left")

@rs.Asset
def a():
    return 1

@rs.Sensor(job_name="j", minimum_interval="10ms", default_status=rs.SensorStatus.Running)
def watch(context):
    TriggerBook.commit = fail

repo = rs.CodeRepository(assets=[a], jobs=[rs.Job("j", [a])], sensors=[watch])
"""


def test_a_tick_its_run_and_the_next_time_are_in_the_log_and_in_the_store(project: Project) -> None:
    with project.serve("pipeline", "--storage-path", "s") as server:
        assert project.rivers("automations", "resume", "every_second", "--storage-path", "s").returncode == 0
        server.expect(r"schedule every_second resumed; next \d{4}-")
        seq, run = server.expect(r"schedule every_second #(\d+) fired -> run (\w{8}); next \d{4}-.* UTC").groups()
        server.expect(rf"run {run} succeeded \(job ab, schedule")
        server.signal(signal.SIGINT)
        server.expect("stopped")
        assert server.wait() == 0
    ticks = json.loads(project.rivers("ticks", "every_second", "--json", "--storage-path", "s").stdout)
    (tick,) = [tick for tick in ticks if tick["seq"] == int(seq)]
    assert tick["run_ids"][0].startswith(run)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Watched]]:
    """One server of the module ``shared`` for tests that leave it as it is: the project and the process."""
    project = Project(tmp_path_factory.mktemp("shared"))
    project.write("shared", PIPELINE + FAILING)
    with project.serve("shared") as server:
        yield project, server


def test_a_skipped_sensor_says_why_and_when_next(shared: tuple[Project, Watched]) -> None:
    shared[1].expect(r"sensor watch #1 skipped: nothing new; next")


def test_sigterm_stops_as_cleanly_as_ctrl_c_with_exit_code_0(project: Project) -> None:
    with project.serve("pipeline") as server:
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert not (project.folder / ".rivers" / "storage.owner.json").exists()


def test_the_stop_waits_for_running_runs_says_how_many_and_takes_no_new_ones(project: Project) -> None:
    project.write("slow", SLOW)
    gate = project.folder / "gate"
    os.mkfifo(gate)
    with project.serve("slow", "--json") as server, project.start("materialize", "slow") as submitted:
        submitted.expect("StepStart")
        server.signal(signal.SIGTERM)
        server.expect('"waiting"')
        assert json.loads(server.lines[-1])["facts"] == {"running_runs": 1}
        refused = project.rivers("materialize", "slow")
        assert refused.returncode == 1
        assert "stopping" in refused.stderr
        assert json.loads(project.rivers("runs", "--json").stdout)[0]["status"] == "Started"
        gate.open("w").close()
        server.expect('"stopped"')
        assert server.wait() == 0
        submitted.expect("Materialization complete")
        assert submitted.wait() == 0
    assert json.loads(project.rivers("runs", "--json").stdout)[0]["status"] == "Success"


def test_a_second_signal_of_either_kind_exits_at_once_and_the_next_start_ends_what_was_running(
    project: Project,
) -> None:
    project.write("slow", SLOW)
    os.mkfifo(project.folder / "gate")
    with project.serve("slow") as server, project.start("materialize", "slow") as submitted:
        submitted.expect("StepStart")
        server.signal(signal.SIGINT)
        server.expect(r"waiting for 1 running run to end \(press Ctrl-C again to exit at once\)")
        server.signal(signal.SIGTERM)
        assert server.wait() == 128 + signal.SIGTERM
        submitted.expect(r"stopped before run \w{8} ended")
        assert submitted.wait() == 1
    with project.serve("slow"):
        (run,) = json.loads(project.rivers("runs", "--json").stdout)
        assert run["status"] == "Failure"
        assert "died or was killed" in run["error"]


def test_ctrl_c_leaves_a_submitted_run_to_the_server(project: Project) -> None:
    project.write("slow", SLOW)
    gate = project.folder / "gate"
    os.mkfifo(gate)
    with project.serve("slow") as server:
        with project.start("materialize", "slow") as submitted:
            submitted.expect("StepStart")
            submitted.signal(signal.SIGINT)
            submitted.expect("The run goes on in the server")
            assert submitted.wait() == 130
        gate.open("w").close()
        server.expect("succeeded")


def test_materialize_goes_through_the_server_and_shows_what_the_steps_do(shared: tuple[Project, Watched]) -> None:
    project, _ = shared
    done = project.rivers("materialize", "shared", "--select", "a")
    assert done.returncode == 0, done.stderr
    assert "submitted to the server at http://127.0.0.1:" in done.stdout
    assert "StepStart" in done.stdout
    assert "hello from a" in done.stdout
    assert done.stdout.splitlines()[-1] == "Materialization complete. Assets: ['a']"
    both = project.rivers("materialize", "shared", "--select", "b", "--include-upstream")
    assert both.stdout.splitlines()[-1] == "Materialization complete. Assets: ['a', 'b']"


def test_a_failure_in_the_server_is_the_failure_of_the_command(shared: tuple[Project, Watched]) -> None:
    project, _ = shared
    done = project.rivers("materialize", "shared", "--select", "bad,after")
    assert done.returncode == 1
    assert "failed in 'bad'\n" in done.stderr
    assert done.stderr.splitlines()[-1] == "ValueError: boom"
    assert "Traceback" not in done.stderr
    unknown = project.rivers("materialize", "shared", "--job", "zz")
    assert unknown.returncode == 1
    assert "'zz' not found" in unknown.stderr


def test_another_module_than_the_served_one_is_refused_with_both_names(shared: tuple[Project, Watched]) -> None:
    project, _ = shared
    project.write("other", PIPELINE)
    done = project.rivers("materialize", "other")
    assert done.returncode == 1
    assert "'shared:repo'" in done.stderr
    assert "'other:repo'" in done.stderr


def test_a_second_server_on_the_same_store_is_refused_with_the_address_of_the_first(
    shared: tuple[Project, Watched],
) -> None:
    project, server = shared
    (serving,) = [line for line in server.lines if "serving" in line]
    address = serving.split(" at ")[1].split(",")[0]
    done = project.rivers("serve", "shared")
    assert done.returncode == 1
    assert address in done.stderr


def test_a_port_in_use_is_refused_with_the_way_out(project: Project) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        done = project.rivers("serve", "pipeline", "--port", str(port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


def test_a_killed_server_leaves_a_store_that_the_commands_open_themselves(project: Project) -> None:
    with project.serve("pipeline") as server:
        server.signal(signal.SIGKILL)
        server.wait()
    done = project.rivers("automations", "list", "--json")
    assert done.returncode == 0, done.stderr


def test_the_token_is_for_the_owner_only(shared: tuple[Project, Watched]) -> None:
    sidecar = shared[0].folder / ".rivers" / "storage.owner.json"
    assert sidecar.stat().st_mode & 0o777 == 0o600
    assert json.loads(sidecar.read_text())["token"]


def test_json_lines_hold_no_output_of_steps(project: Project) -> None:
    with project.serve("pipeline", "--json") as server:
        assert project.rivers("materialize", "pipeline").returncode == 0
        server.signal(signal.SIGINT)
        server.expect('"stopped"')
    documents = [json.loads(line) for line in server.lines if line.startswith("{")]
    assert {"serving", "tick", "run", "stopping", "stopped"} <= {each["kind"] for each in documents}


def test_a_daemon_that_fails_is_told_in_a_line_and_in_the_health(project: Project) -> None:
    project.write("broken", BROKEN)
    with project.serve("broken") as server:
        told = server.expect("SensorDaemon").string
        assert "SensorDaemon daemon raised: StorageError: no space left" in told
        sidecar = json.loads((project.folder / ".rivers" / "storage.owner.json").read_text())
        client = ServerClient(sidecar["address"], sidecar["token"])
        # Between two attempts it runs for a moment; the time between them grows.
        assert any(client.get("health")["healthy"] is False for _ in range(500))
        server.signal(signal.SIGINT)
        server.expect("stopped")
    assert not any("Traceback" in line for line in server.lines)
    with project.serve("broken", "--debug") as server:
        server.expect("Traceback")


def test_no_daemon_fires_nothing_and_takes_choices_but_no_runs(project: Project) -> None:
    with project.serve("pipeline", "--no-daemon") as server:
        assert project.rivers("automations", "pause", "watch").returncode == 0
        done = project.rivers("materialize", "pipeline")
        assert done.returncode == 1
        assert "--no-daemon" in done.stderr
        server.signal(signal.SIGINT)
        assert server.wait() == 0
    assert json.loads(project.rivers("ticks", "--json").stdout) == []
