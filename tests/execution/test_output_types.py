"""Which values fit which annotations (spec: assets and tasks, section 13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, Protocol, TypedDict, TypeVar, Union

import pytest

from rivers.exceptions import AssetOutputValidationError
from rivers.execution.output_types import output_check, require_fit


class Row(TypedDict):
    n: int


class Sized(Protocol):
    size: int


UserId = NewType("UserId", int)
T = TypeVar("T")


@pytest.mark.parametrize("annotation", [Any, object, None, type(None), T, Sized])
def test_annotations_that_check_nothing(annotation: Any) -> None:
    assert output_check(annotation) is None


@pytest.mark.parametrize(
    ("annotation", "fitting", "failing"),
    [
        (int, [1, True], ["1", 1.0, None]),
        (float, [1.0], [1]),
        (list[int], [[1], ["not an int"]], [(1,), None]),
        (dict[str, int], [{}, {"a": "b"}], [[]]),
        (tuple[int, str], [(), (1, 2, 3)], [[1, "a"]]),
        (Sequence[int], [[1], (1,), "text"], [1]),
        (int | None, [1, None], ["1"]),
        (Optional[int], [1, None], ["1"]),  # noqa: UP045
        (Union[int, str], [1, "1"], [1.0, None]),  # noqa: UP007
        (Iterable[int], [[1], {}, "x"], [1]),
        (Callable[..., int], [print, int], [1]),
        (type[int], [int, str], [1]),
        (Literal["a", 1], ["a", 1], ["b", True, 1.0]),
        (Annotated[int, "unit"], [1], ["1"]),
        (UserId, [1], ["1"]),
        (Row, [{}], [[]]),
    ],
)
def test_the_outermost_type_is_checked(annotation: Any, fitting: list[Any], failing: list[Any]) -> None:
    check = output_check(annotation)
    assert check is not None
    assert [value for value in fitting if not check(value)] == []
    assert [value for value in failing if check(value)] == []


def test_a_union_with_an_unchecked_member_checks_nothing() -> None:
    assert output_check(Union[int, Any]) is None  # noqa: UP007


def test_the_error_names_node_actual_type_and_expected_annotation() -> None:
    with pytest.raises(AssetOutputValidationError, match=r"'orders' returned str, expected list\[int\]"):
        require_fit("orders", "x", list[int], output_check(list[int]))
    with pytest.raises(AssetOutputValidationError, match=r"'orders' returned str, expected int$"):
        require_fit("orders", "x", int, output_check(int))
