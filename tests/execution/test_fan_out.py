"""Fan-outs in a run: instances as steps of their own, wherever they execute, and what becomes of their results."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ExecutionError
from rivers.execution.fan_out import divide


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        ([5, 6], (("0", 5), ("1", 6))),
        ({"b": 1, "a": 2}, (("0", "b"), ("1", "a"))),
        ({3, 1}, (("0", 1), ("1", 3))),
        ((n for n in (7,)), (("0", 7),)),
        ([], ()),
    ],
)
def test_elements_are_named_by_their_place(value: Any, elements: Any) -> None:
    assert divide("s", value, None) == elements


def test_elements_are_named_by_the_keys_that_were_recorded_or_that_they_bring() -> None:
    assert divide("s", [5, 6], ("b", "a")) == (("b", 5), ("a", 6))
    assert divide("s", [rs.DynamicOutput("x", 5)], None) == (("x", 5),)


def test_a_source_that_does_not_fit_its_keys_is_refused() -> None:
    with pytest.raises(ExecutionError, match=r"the value of 's' was stored with 2 keys, but .* loads 1 elements"):
        divide("s", [5], ("b", "a"))


def test_what_cannot_be_iterated_is_refused() -> None:
    with pytest.raises(ExecutionError, match=r"^Fan-out source is not iterable: 's' gave a int$"):
        divide("s", 3, None)
