"""What type checkers make of contexts, in a user's program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from typing import Any, assert_type

from pydantic import BaseModel

import rivers as rs


class Wanted(BaseModel):
    largest: int = 2


def described(context: rs.AssetExecutionContext) -> str:
    return context.asset_name


@rs.Asset
def bare(context: rs.AssetExecutionContext) -> str:
    assert_type(context.config, Any)
    return described(context)


@rs.Asset
def subscripted(context: rs.AssetExecutionContext[Wanted], bare: str) -> str:
    assert_type(context.config.largest, int)
    return described(context)


@rs.Task
def task(context: rs.TaskExecutionContext) -> str:
    return context.task_name


@rs.Task
def set_task(context: rs.TaskExecutionContext[Wanted]) -> int:
    return context.config.largest


@rs.Hook.success
def tell(context: rs.HookContext) -> None:
    print(context.asset_name)


@rs.Sensor(job_name="daily")
def sensor(context: rs.SensorEvaluationContext) -> rs.SkipReason:
    return rs.SkipReason(context.cursor or "nothing new")


@rs.Schedule(cron_schedule="0 6 * * *", job_name="daily")
def schedule(context: rs.ScheduleEvaluationContext[Wanted]) -> rs.RunRequest:
    return rs.RunRequest(run_key=f"{context.scheduled_execution_time} {context.config.largest}")


repo = rs.CodeRepository([bare, subscripted], [task, set_task], schedules=[schedule], sensors=[sensor])
"""


@pytest.mark.parametrize("mode", ["basic", "strict"])
def test_contexts_with_and_without_a_config_are_typed_in_a_users_program(mode: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(PROGRAM)
    settings = {"typeCheckingMode": mode, "extraPaths": [str(Path(__file__).resolve().parents[2])]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "0 errors, 0 warnings" in done.stdout, done.stdout


def test_the_package_that_type_checkers_need_for_it_is_not_imported() -> None:
    code = "import rivers, sys; rivers.AssetExecutionContext, rivers.HookContext; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "rivers.definitions.hooks" in loaded
    assert "typing_extensions" not in loaded
