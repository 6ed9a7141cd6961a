"""``rivers materialize`` without a server: its output, its exit codes, and what it says when something is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project

FAILING = """
import rivers as rs

@rs.Asset
def good():
    return 1

@rs.Asset
def bad(good: int):
    raise ValueError("boom")

@rs.Asset
def after(bad):
    return 1

repo = rs.CodeRepository(assets=[good, bad, after])
"""


def test_all_assets_are_materialized_and_listed(project: Project) -> None:
    done = project.rivers("materialize", "pipeline", "--memory")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Materialization complete. Assets: ['a', 'b']"
    assert "hello from a" in done.stdout


def test_the_store_is_created_in_the_default_folder_and_holds_the_run(project: Project) -> None:
    assert project.rivers("materialize", "pipeline").returncode == 0
    assert (project.folder / ".rivers" / "storage").is_dir()
    (run,) = json.loads(project.rivers("runs", "--json").stdout)
    assert (run["status"], run["node_names"]) == ("Success", ["a", "b"])


def test_memory_leaves_no_trace(project: Project) -> None:
    project.rivers("materialize", "pipeline", "--memory")
    assert not (project.folder / ".rivers").exists()


def test_a_selection_and_a_job_limit_what_runs(project: Project) -> None:
    one = project.rivers("materialize", "pipeline", "--memory", "--select", "a")
    assert one.stdout.splitlines()[-1] == "Materialization complete. Assets: ['a']"
    job = project.rivers("materialize", "pipeline", "--job", "ab", "--storage-path", "s")
    assert job.stdout.splitlines()[-1] == "Materialization complete. Assets: ['a', 'b']"
    (run,) = json.loads(project.rivers("runs", "--json", "--storage-path", "s").stdout)
    assert run["job_name"] == "ab"


def test_a_selection_is_run_with_what_it_is_made_from_when_that_is_asked_for(project: Project) -> None:
    refused = project.rivers("materialize", "pipeline", "--memory", "--select", "b")
    assert refused.returncode == 1
    option = next(word for word in refused.stderr.replace(",", " ").split() if word.startswith("--include"))
    done = project.rivers("materialize", "pipeline", "--memory", "--select", "b", option)
    assert done.stdout.splitlines()[-1] == "Materialization complete. Assets: ['a', 'b']"
    assert project.rivers("materialize", "pipeline", "--memory", option).returncode == 2


def test_an_unknown_asset_is_named(project: Project) -> None:
    done = project.rivers("materialize", "pipeline", "--memory", "--select", "a,zz")
    assert done.returncode == 1
    assert "zz" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_job_is_named_with_those_that_are_near(project: Project) -> None:
    done = project.rivers("materialize", "pipeline", "--memory", "--job", "abb")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Job 'abb' not found" in done.stderr
    assert "'ab'" in done.stderr


def test_a_failing_step_is_named_with_the_way_to_its_traceback_and_its_error_comes_last(project: Project) -> None:
    project.write("failing", FAILING)
    done = project.rivers("materialize", "failing", "--storage-path", "s")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert "failed in 'bad'" in lines[0]
    assert "--storage-path s" in lines[1]
    assert lines[-1] == "ValueError: boom"
    assert "Traceback" not in done.stderr
    command = lines[1].split("'")[1].split()[1:]
    assert "boom" in project.rivers(*command).stdout, "the command that the message names must work"


def test_a_failing_step_shows_its_traceback_with_debug(project: Project) -> None:
    project.write("failing", FAILING)
    done = project.rivers("materialize", "failing", "--memory", "--debug")
    assert done.returncode == 1
    assert "failing.py" in done.stderr
    assert 'raise ValueError("boom")' in done.stderr
    assert done.stderr.splitlines()[-1] == "ValueError: boom"
    assert "CliFailure" not in done.stderr


def test_json_is_one_document_whatever_the_steps_print(project: Project) -> None:
    done = project.rivers("materialize", "pipeline", "--memory", "--json")
    document = json.loads(done.stdout)
    assert (document["status"], document["assets"], document["failed"]) == ("Success", ["a", "b"], {})
    project.write("failing", FAILING)
    done = project.rivers("materialize", "failing", "--memory", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["failed"]["bad"] == "ValueError: boom"


def test_a_module_that_cannot_be_loaded_creates_no_store(project: Project) -> None:
    assert project.rivers("materialize", "nope").returncode == 1
    assert not (project.folder / ".rivers").exists()


def test_a_step_that_exits_fails_the_command_whatever_code_it_chose(project: Project) -> None:
    project.write("leaving", "import sys\nimport rivers as rs\n@rs.Asset\ndef a():\n    sys.exit(0)\n"
                             "repo = rs.CodeRepository(assets=[a])\n")  # fmt: skip
    done = project.rivers("materialize", "leaving", "--memory")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "SystemExit: 0"


@pytest.mark.parametrize("text", ["2026-01-01", "r=x"])
def test_a_partition_key_is_read_as_the_assets_write_theirs_and_an_invalid_one_is_told(
    project: Project, text: str
) -> None:
    project.write(
        "parts",
        "import rivers as rs\nD = rs.PartitionsDefinition\nboth = D.multi({'d': D.static_(['1']), "
        "'r': D.static_(['x'])})\n"
        "@rs.Asset(partitions_def=both)\ndef a():\n    return 1\nrepo = rs.CodeRepository(assets=[a])\n",
    )
    done = project.rivers("materialize", "parts", "--memory", "--partition-key", text)
    assert done.returncode == 1
    assert "write it as d=...|r=..." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_partition_key_for_assets_without_partitions_is_refused(project: Project) -> None:
    done = project.rivers("materialize", "pipeline", "--memory", "--partition-key", "k")
    assert done.returncode == 1
    assert "partition" in done.stderr
    assert "Traceback" not in done.stderr
