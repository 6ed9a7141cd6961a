"""What is at the bottom of an exception group is what is raised."""

from __future__ import annotations

from chrono_daemon import DaemonError

from rivers.daemons.failures import innermost


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def test_groups_of_one_are_opened_however_deep() -> None:
    error = ValueError("boom")
    assert innermost(ExceptionGroup("outer", [ExceptionGroup("inner", [error])])) is error


def test_a_daemon_error_gives_way_to_what_the_daemon_raised() -> None:
    error = ValueError("boom")
    assert innermost(ExceptionGroup("group", [caused(DaemonError("a daemon failed"), error)])) is error


def test_a_daemon_error_without_a_cause_stays() -> None:
    error = DaemonError("a daemon failed")
    assert innermost(error) is error


def test_a_group_of_several_stays_a_group() -> None:
    group = ExceptionGroup("both", [ValueError("one"), KeyError("two")])
    assert innermost(ExceptionGroup("outer", [group])) is group


def test_a_plain_exception_with_a_cause_is_not_opened() -> None:
    error = caused(ValueError("boom"), KeyError("why"))
    assert innermost(error) is error
