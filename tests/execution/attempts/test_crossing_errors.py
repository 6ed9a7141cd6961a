"""What is left of an exception that was made in another process."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from rivers.execution.attempts.crossing_errors import fault_of_crossing, packed_error


class Refused(Exception):
    """Takes two things, and hands on one."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status


class Prefixed(Exception):
    """Would say its prefix twice."""

    def __init__(self, table: str) -> None:
        super().__init__(f"no table {table}")


class Named(KeyError):
    def __init__(self, *, name: str) -> None:
        super().__init__(name)
        self.name = name


class Unreachable(OSError):
    def __init__(self, host: str) -> None:
        super().__init__(111, "refused", host)
        self.host = host


@dataclass(frozen=True, kw_only=True)
class Frozen(Exception):
    code: int


def crossed(error: BaseException) -> Any:
    return pickle.loads(packed_error(error))


@pytest.mark.parametrize(
    "error",
    [
        Refused(503, "busy"),
        Prefixed("orders"),
        Named(name="k"),
        Unreachable("db.example"),
        Frozen(code=4),
        ValueError("plain", 2),
        FileNotFoundError(2, "not there", "a.csv"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        SystemExit(3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_keeps_its_class_its_text_and_its_attributes(error: BaseException) -> None:
    made = crossed(error)
    assert type(made) is type(error)
    assert (str(made), made.args, vars(made)) == (str(error), error.args, vars(error))
    for name in ("errno", "filename", "code", "reason"):
        assert getattr(made, name, None) == getattr(error, name, None)


def test_an_exception_of_an_http_client_can_be_asked_for_its_response() -> None:
    request = httpx.Request("GET", "https://till.example")
    response = httpx.Response(503, request=request, text="busy")
    with pytest.raises(httpx.HTTPStatusError) as raised:
        response.raise_for_status()
    made = crossed(raised.value)
    assert type(made) is httpx.HTTPStatusError
    assert (made.response.status_code, str(made)) == (503, str(raised.value))


def test_what_an_exception_holds_and_cannot_be_sent_is_left_out_and_named() -> None:
    error = Refused(503, "busy")
    error.add_note("asked twice")
    error.connection = threading.Lock()
    made = crossed(error)
    assert (type(made), str(made), made.status) == (Refused, "503: busy", 503)
    assert not hasattr(made, "connection")
    asked, left = made.__notes__
    assert asked == "asked twice"
    assert left.startswith("its attribute 'connection' was left in the worker process: TypeError: cannot pickle")


class SaysHow(Exception):
    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


def test_a_class_that_says_how_it_is_made_again_is_taken_at_its_word() -> None:
    with pytest.raises(ValueError, match="no number"):
        packed_error(SaysHow())


def test_an_exception_whose_arguments_cannot_be_sent_cannot_cross() -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        packed_error(ValueError(threading.Lock()))


def test_what_cannot_be_made_again_has_a_fault_that_says_why() -> None:
    assert fault_of_crossing({"a": 1}) is None
    assert str(fault_of_crossing(threading.Lock())).startswith("TypeError: cannot pickle")
