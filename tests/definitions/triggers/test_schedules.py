"""The declaration of a schedule."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from rivers.definitions.triggers.schedules import Schedule, validate_cron
from rivers.exceptions import ScheduleDefinitionError
from rivers.records import EvalMode, ScheduleStatus


def nightly() -> None: ...


def test_the_three_forms_and_the_keyword_spelling_declare_the_same_schedule() -> None:
    factory = Schedule(cron_schedule="@daily", job_name="j")
    forms = [
        factory(nightly),
        Schedule(nightly, cron_schedule="@daily", job_name="j"),
        Schedule(evaluation_fn=nightly, cron_schedule="@daily", job_name="j"),
    ]
    assert [(form.name, form.evaluation_fn) for form in forms] == [("nightly", nightly)] * 3
    assert (factory.name, factory.evaluation_fn) == ("j_schedule", None)


def test_the_defaults_are_stopped_in_utc() -> None:
    schedule = Schedule(cron_schedule="@daily", job_name="j")
    assert schedule.default_status == ScheduleStatus.Stopped == 1
    assert schedule.eval_mode is EvalMode.Auto
    assert (schedule.timezone, schedule.tags, schedule.description, schedule.eval_timeout) == (None,) * 4


def test_applying_a_factory_makes_a_new_schedule_with_everything_copied() -> None:
    settings: dict[str, Any] = {
        "cron_schedule": "0 5 * * *",
        "job_name": "j",
        "default_status": ScheduleStatus.Running,
        "timezone": "Europe/Amsterdam",
        "tags": {"team": "a"},
        "description": "words",
        "eval_mode": EvalMode.Subprocess,
        "eval_timeout": "not a duration",
    }
    factory = Schedule(**settings)
    applied = factory(nightly)
    assert applied is not factory
    assert {key: getattr(applied, key) for key in settings} == settings


def test_an_explicit_name_survives_the_function_and_a_function_name_does_not() -> None:
    assert Schedule(cron_schedule="@daily", job_name="j", name="n")(nightly).name == "n"
    assert Schedule(lambda: None, cron_schedule="@daily", job_name="j")(nightly).name == "nightly"
    assert Schedule(cron_schedule="@daily", job_name="j", name="").name == ""


def test_attributes_are_read_only() -> None:
    schedule = Schedule(cron_schedule="@daily", job_name="j")
    with pytest.raises(AttributeError):
        schedule.name = "other"


def test_the_repr_shows_name_cron_and_job() -> None:
    schedule = Schedule(cron_schedule="0 0 * * *", job_name="j", name="n")
    assert repr(schedule) == "Schedule(name='n', cron='0 0 * * *', job='j')"


def test_something_without_a_name_is_an_attribute_error_unless_one_is_given() -> None:
    with pytest.raises(AttributeError):
        Schedule(3, cron_schedule="@daily", job_name="j")
    assert Schedule(3, cron_schedule="@daily", job_name="j", name="n").evaluation_fn == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cron_schedule": "", "job_name": "j"}, "cron_schedule cannot be empty"),
        ({"cron_schedule": "61 * * * *", "job_name": "j"}, 'invalid cron_schedule "61 \\* \\* \\* \\*"'),
        ({"cron_schedule": "@daily", "job_name": "j", "timezone": "Mars"}, 'invalid timezone "Mars"'),
        ({"cron_schedule": "@daily", "job_name": ""}, "job_name cannot be empty"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ScheduleDefinitionError, match=f"^{message}"):
        Schedule(**settings)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"job_name": "j"}, "cron_schedule"),
        ({"cron_schedule": "@daily"}, "job_name"),
        ({"cron_schedule": "@daily", "job_name": "j", "eval_timeout": 3}, "eval_timeout"),
        ({"cron_schedule": "@daily", "job_name": "j", "tags": {"a": 1}}, "tags"),
        ({"cron_schedule": "@daily", "job_name": "j", "func": nightly, "evaluation_fn": nightly}, "evaluation_fn"),
    ],
)
def test_a_missing_or_mistyped_keyword_is_a_type_error_that_names_it(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(TypeError, match=named):
        Schedule(**settings)


@pytest.mark.parametrize(
    "expr",
    [
        "* * * * *",
        "* * * * * *",
        "30 0 12 * * MON",
        "0 0 12 1 1 * 2030",
        "0 0 12 1 1 * 2099",
        "0 0 12 1 1 * 1999",
        "0 0 * JAN sun",
        "0 0 * mar,apr FRI",
        "0 0 * * 7",
        "*/15 8-18 1,15 * *",
        "0 0 L * *",
        "0 0 29 2 *",
        "@hourly",
        "@daily",
        "@weekly",
        "@monthly",
        "@yearly",
    ],
)
def test_an_expression_that_fires_at_some_time_is_valid(expr: str) -> None:
    validate_cron(expr, "Europe/Amsterdam")


@pytest.mark.parametrize(
    "expr",
    [
        "61 * * * *",
        "* 24 * * *",
        "abc",
        "* * * *",
        "* * * * * * * *",
        "*/0 * * * *",
        "@reboot",
        " ",
        "H * * * *",
        "0 0 30 2 *",
        "0 0 31 2,4 *",
        "0 0 0 30 2 *",
        "R * * * *",
        "r(0-5) * * * *",
        "R/5 * * * *",
        "0,R * * * *",
    ],
)
def test_an_expression_that_cannot_fire_or_fires_at_random_is_refused(expr: str) -> None:
    with pytest.raises(ScheduleDefinitionError) as caught:
        validate_cron(expr, None)
    assert str(caught.value).startswith(f'invalid cron_schedule "{expr}"')


def test_an_empty_expression_has_a_message_of_its_own() -> None:
    with pytest.raises(ScheduleDefinitionError, match=r"^cron_schedule cannot be empty$"):
        validate_cron("", None)


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "Europe", "", "../etc/passwd", "/etc/localtime", "UTC\0"])
def test_an_unknown_timezone_is_refused(timezone: str) -> None:
    with pytest.raises(ScheduleDefinitionError) as caught:
        validate_cron("@daily", timezone)
    assert str(caught.value).startswith(f'invalid timezone "{timezone}"')


@pytest.mark.parametrize(("expr", "timezone"), [(None, None), (5, None), ("@daily", 3)])
def test_anything_but_text_is_a_type_error(expr: object, timezone: object) -> None:
    with pytest.raises(TypeError):
        validate_cron(expr, timezone)


def test_importing_the_module_does_not_load_croniter() -> None:
    code = "import sys, rivers.definitions.triggers.schedules; sys.exit('croniter' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
