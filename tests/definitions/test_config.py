"""The config model that a function asks for, and the instance that one run gives it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings

from rivers.definitions.config import build_config, config_annotation_of
from rivers.definitions.functions.asset_contexts import AssetExecutionContext
from rivers.definitions.signatures import Unevaluated
from rivers.exceptions import ConfigurationError
from tests.soak import SOAK


class Model(BaseModel):
    limit: int = 5
    name: str = "n"


class Required(BaseModel):
    limit: int


class Settings(BaseSettings):
    rivers_test_limit: int = 5


@pytest.mark.parametrize(
    ("annotation", "config"),
    [
        (None, None),
        (AssetExecutionContext, None),
        (AssetExecutionContext[Any], None),
        (AssetExecutionContext[None], None),
        (AssetExecutionContext[TypeVar("T")], None),
        (AssetExecutionContext[Model], Model),
        (Unevaluated("AssetExecutionContext", "NameError"), None),
    ],
)
def test_the_subscript_of_the_context_is_the_config_model(annotation: Any, config: Any) -> None:
    assert config_annotation_of(annotation) is config


@pytest.mark.rule("resources 2.1.3")
def test_values_are_overrides_then_the_environment_then_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_config("a", None) is None
    assert build_config("a", Model) == Model()
    assert build_config("a", Model, {"limit": "7"}).limit == 7
    monkeypatch.setenv("RIVERS_TEST_LIMIT", "9")
    assert build_config("a", Settings).rivers_test_limit == 9
    assert build_config("a", Settings, {"rivers_test_limit": 1}).rivers_test_limit == 1


@pytest.mark.rule("resources 2.1.5")
def test_a_validation_error_comes_through_as_it_is() -> None:
    with pytest.raises(ValidationError):
        build_config("a", Required)


@pytest.mark.rule("resources 2.1.2")
@pytest.mark.parametrize("annotation", [dict, 3, list[int]])
def test_a_config_of_another_kind_is_an_error_that_names_it(annotation: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"(dict|3|list).*'a'"):
        build_config("a", annotation)


def test_a_config_that_cannot_be_evaluated_is_an_error_that_says_why() -> None:
    unevaluated = config_annotation_of(Unevaluated("AssetExecutionContext[Gone]", "NameError: Gone"))
    with pytest.raises(ConfigurationError, match="NameError: Gone"):
        build_config("a", unevaluated)


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


@pytest.mark.parametrize("mode", ["basic", "strict"] if SOAK else ["strict"])
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
    assert "rivers.definitions.policies.hooks" in loaded
    assert "typing_extensions" not in loaded
