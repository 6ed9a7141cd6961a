"""What steps print and log is kept for each of them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from tests.spec import printing_steps
from tests.spec.conftest import Build
from tests.spec.recorded import logs_of


@pytest.mark.rule("contexts 3.1", "contexts 3.2")
def test_stdout_stderr_and_log_lines_are_kept_and_still_forwarded(
    build: Build, storage: rs.Storage, capfd: pytest.CaptureFixture[str]
) -> None:
    @rs.Asset
    def a(context: rs.AssetExecutionContext) -> int:
        print("out")
        sys.stderr.write("err\n")
        context.log.warning("rows: %d", 3)
        return 1

    before = storage.clock.now_ns()
    run_id = build(a).materialize().run_id
    [record] = storage.get_run_logs(run_id)
    assert (record.run_id, record.step_key, record.stdout, record.stderr) == (run_id, "a", "out\n", "err\n")
    assert record.logs is not None
    assert "rows: 3" in record.logs
    assert record.id
    assert before <= record.timestamp <= storage.clock.now_ns()
    out, err = capfd.readouterr()
    assert "out\n" in out
    assert "err\n" in err


@pytest.mark.rule("contexts 3.4")
def test_a_failed_attempt_leaves_a_traceback_with_its_causes_oldest_first(build: Build, storage: rs.Storage) -> None:
    @rs.Asset(retry=rs.RetryPolicy(1))
    def a() -> None:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error

    run_id = build(a).materialize(raise_on_error=False).run_id
    records = [each for each in logs_of(storage, run_id, "a") if each.traceback is not None]
    assert len(records) == 2
    document = json.loads(records[0].traceback)
    assert [each["message"] for each in document["exceptions"]] == ["'first'", "second"]
    assert 'raise ValueError("second") from error' in document["text"]


@pytest.mark.rule("contexts 3.7")
@pytest.mark.parametrize("executor", [rs.Executor.in_process(), rs.Executor.parallel(2)], ids=["here", "in workers"])
def test_it_works_in_this_process_and_in_workers(
    build: Build, storage: rs.Storage, tmp_path: Path, executor: rs.Executor
) -> None:
    handler = rs.PickleIOHandler(store=LocalStore(tmp_path))
    assets = [
        rs.Asset(io_handler=handler)(function)
        for function in (printing_steps.left, printing_steps.right, printing_steps.broken)
    ]
    repo = build(*assets, default_executor=executor)
    run_id = repo.materialize(raise_on_error=False).run_id
    in_workers = isinstance(executor, rs.Executor.Parallel)
    assert (repo.load_node("left") != os.getpid()) is in_workers
    [left] = logs_of(storage, run_id, "left")
    [right] = logs_of(storage, run_id, "right")
    assert left.stdout == "left prints\n"
    assert "left logs" in left.logs
    assert right.stderr == "right complains\n"
    broken = logs_of(storage, run_id, "broken")
    assert "broken prints\n" in [each.stdout for each in broken]
    assert any("broken in a worker" in (each.traceback or "") for each in broken)


@pytest.mark.rule("contexts 3.6")
def test_outputs_tasks_and_commands_have_records_under_the_names_of_their_steps(
    build: Build, storage: rs.Storage
) -> None:
    @rs.Asset.from_multi(output_defs=[rs.AssetDef("m1"), rs.AssetDef("m2")])
    def multi() -> Any:
        print("from the multi-asset")
        return {"m1": 1, "m2": 2}

    @rs.Task
    def task(context: rs.TaskExecutionContext) -> None:
        print("from the task")
        context.log.warning("task logs")

    shell = rs.BashTask("shell", "echo from the command; echo careful >&2")
    graph = rs.Asset.from_graph(lambda: shell(task()), "g")
    run_id = build(multi, graph, tasks=[task, shell]).materialize().run_id
    records = {each.step_key: each for each in storage.get_run_logs(run_id)}
    assert records["g/task"].stdout == "from the task\n"
    assert "task logs" in records["g/task"].logs
    assert records["g/shell"].stdout == "from the command\n"
    assert records["g/shell"].stderr == "careful\n"
    [several] = [each for key, each in records.items() if not key.startswith("g/")]
    assert several.stdout == "from the multi-asset\n"
    assert several.step_key in ("multi", "m1")
