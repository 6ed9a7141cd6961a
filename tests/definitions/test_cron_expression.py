"""Which cron expressions and time zones a schedule may carry."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rivers.definitions.cron_expression import validate_cron
from rivers.exceptions import ScheduleDefinitionError


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
    code = "import sys, rivers.definitions.cron_expression; sys.exit('croniter' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
