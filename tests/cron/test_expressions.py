"""The cron expressions that can be used."""

from __future__ import annotations

import pytest

from rivers.cron.expressions import cron_fault


@pytest.mark.parametrize(
    "expression", ["* * * * *", "0 0 * * MON-WED", "0 0 L * *", "@daily", "*/10 * * * * *", "0 0 0 1 1 * 2027"]
)
def test_a_good_expression_has_no_fault(expression: str) -> None:
    assert cron_fault(expression) is None


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("61 * * * *", "out of range"),
        ("* * *", "columns"),
        ("0 0 30 2 *", "it never fires"),
        ("R * * * *", "random field 'R'"),
    ],
)
def test_a_bad_one_says_why(expression: str, fault: str) -> None:
    assert fault in (cron_fault(expression) or "")
