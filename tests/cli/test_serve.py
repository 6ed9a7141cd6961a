"""``rivers serve`` as a process: its log, its stop, and the other commands going through it."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from rivers.cli.client import ServerClient
from rivers.server.hosting import bind

if TYPE_CHECKING:
    from tests.cli.conftest import Project

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


def test_a_skipped_sensor_says_why_and_when_next(project: Project) -> None:
    with project.serve("pipeline") as server:
        server.expect(r"sensor watch #1 skipped: nothing new; next")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_either_signal_stops_cleanly_with_exit_code_0(project: Project, number: int) -> None:
    with project.serve("pipeline") as server:
        server.signal(number)
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


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_exits_at_once_and_the_next_start_ends_what_was_running(
    project: Project, number: int, code: int
) -> None:
    project.write("slow", SLOW)
    os.mkfifo(project.folder / "gate")
    with project.serve("slow") as server, project.start("materialize", "slow") as submitted:
        submitted.expect("StepStart")
        server.signal(number)
        server.expect(r"waiting for 1 running run to end \(press Ctrl-C again to exit at once\)")
        server.signal(number)
        assert server.wait() == code
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


def test_materialize_goes_through_the_server_and_shows_what_the_steps_do(project: Project) -> None:
    with project.serve("pipeline"):
        done = project.rivers("materialize", "pipeline", "--select", "a")
        assert done.returncode == 0, done.stderr
        assert "submitted to the server at http://127.0.0.1:" in done.stdout
        assert "StepStart" in done.stdout
        assert "hello from a" in done.stdout
        assert done.stdout.splitlines()[-1] == "Materialization complete. Assets: ['a']"
        both = project.rivers("materialize", "pipeline", "--select", "b", "--include-upstream")
        assert both.stdout.splitlines()[-1] == "Materialization complete. Assets: ['a', 'b']"


def test_a_failure_in_the_server_is_the_failure_of_the_command(project: Project) -> None:
    project.write("failing", "import rivers as rs\n@rs.Asset\ndef bad():\n    raise ValueError('boom')\n"
                             "repo = rs.CodeRepository(assets=[bad])\n")  # fmt: skip
    with project.serve("failing"):
        done = project.rivers("materialize", "failing")
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == "ValueError: boom"
        assert "Traceback" not in done.stderr
        unknown = project.rivers("materialize", "failing", "--job", "zz")
        assert unknown.returncode == 1
        assert "'zz' not found" in unknown.stderr


def test_another_module_than_the_served_one_is_refused_with_both_names(project: Project) -> None:
    project.write("other", (project.folder / "pipeline.py").read_text())
    with project.serve("pipeline"):
        done = project.rivers("materialize", "other")
        assert done.returncode == 1
        assert "'pipeline:repo'" in done.stderr
        assert "'other:repo'" in done.stderr


def test_a_second_server_on_the_same_store_is_refused_with_the_address_of_the_first(project: Project) -> None:
    with project.serve("pipeline") as server:
        address = server.lines[-1].split(" at ")[1].split(",")[0]
        done = project.rivers("serve", "pipeline")
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


def test_the_token_is_for_the_owner_only(project: Project) -> None:
    with project.serve("pipeline"):
        sidecar = project.folder / ".rivers" / "storage.owner.json"
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
