"""What a message says about a name that does not exist."""

from __future__ import annotations

from rivers.definitions.near_names import did_you_mean


def test_the_nearest_name_is_offered() -> None:
    assert did_you_mean("nigthly", ["hourly", "nightly"]) == "; did you mean 'nightly'?"


def test_several_names_may_be_near() -> None:
    assert did_you_mean("revenu", ["revenue", "revenues"]) == "; did you mean 'revenue' or 'revenues'?"


def test_nothing_is_said_when_nothing_is_near() -> None:
    assert did_you_mean("zz", ["nightly"]) == ""
    assert did_you_mean("zz", []) == ""
