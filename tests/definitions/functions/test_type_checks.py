"""The check that a returned value fits the annotation of its function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, List, Literal, NewType, Optional, Protocol, TypedDict, TypeVar, Union  # noqa: UP035

import pytest

from rivers.definitions.functions.type_checks import check_output
from rivers.definitions.signatures import Unevaluated
from rivers.definitions.values.results import Materialization, Observation, Output
from rivers.exceptions import AssetOutputValidationError


class Row(TypedDict):
    a: int


class Shape(Protocol):
    def area(self) -> float: ...


class Words(str):
    __slots__ = ()


class Real(float):
    """A float of another library, such as that of numpy, which derives from ``float``."""


class Whole:
    """An integer of another library, such as that of numpy, which does not derive from ``int``."""

    def __index__(self) -> int:
        return 1


UserId = NewType("UserId", int)
T = TypeVar("T")


@pytest.mark.rule("assets 5.2", "assets 5.3", "assets 5.4", "assets 5.5", "assets 5.6", "assets 5.7", "assets 5.8")
@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (None, 3),
        (Any, 3),
        (object, 3),
        (int, True),
        (str, Words("a")),
        (float, Real(1)),
        (list[int], ["a"]),
        (List[int], []),  # noqa: UP006
        (dict[str, int], {1: 1}),
        (Mapping[str, int], {1: "a"}),
        (set[int], {"a"}),
        (tuple[int, str], (1, 2, 3)),
        (Sequence[int], "text"),
        (int | str, "a"),
        (Union[int, str], 1),  # noqa: UP007
        (Optional[int], None),  # noqa: UP045
        (int | None, None),
        (list[int] | None, [1]),
        (Any | None, 3),
        (Callable, print),
        (Callable[[int], int], print),
        (Iterable, []),
        (Iterator[int], iter(())),
        (type, int),
        (type[int], str),
        (Output, 3),
        (Materialization, 3),
        (Observation, 3),
        (Output | None, 3),
        (Literal["a", 1], "a"),
        (Literal["a", 1], 1),
        (Annotated[int, "unit"], 3),
        (UserId, 3),
        (T, 3),
        (Row, {"a": 1}),
        (Shape, 3),
    ],
)
def test_a_value_that_fits_passes(annotation: Any, value: object) -> None:
    check_output("n", annotation, value)


@pytest.mark.rule(
    "assets 5.1", "assets 5.2", "assets 5.3", "assets 5.4", "assets 5.5", "assets 5.6", "assets 5.7", "assets 5.8"
)
@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (int, "a", "int"),
        (float, 1, "float"),
        (int, Whole(), "int"),
        (int, None, "int"),
        (Words, "a", "Words"),
        (Sequence[int], {1}, "Sequence"),
        (Iterator[int], [1], "Iterator"),
        (list[int], (1,), r"list\[int\]"),
        (dict[str, int], [], r"dict\[str, int\]"),
        (int | str, 1.5, r"int \| str"),
        (Optional[int], "a", r"Optional\[int\]"),  # noqa: UP045
        (Callable, 3, "Callable"),
        (Iterable, 3, "Iterable"),
        (type, 3, "type"),
        (Literal["a", 1], "b", "Literal"),
        (Literal[1], True, "Literal"),
        (UserId, "a", "UserId"),
        (Row, [], "Row"),
    ],
)
def test_a_value_that_does_not_fit_names_node_type_and_annotation(
    annotation: Any, value: object, expected: str
) -> None:
    with pytest.raises(AssetOutputValidationError, match=f"n: .*{type(value).__name__}.*{expected}"):
        check_output("n", annotation, value)


@pytest.mark.rule("assets 5.9")
def test_an_annotation_that_cannot_be_evaluated_is_named_with_its_error() -> None:
    with pytest.raises(AssetOutputValidationError, match=r"'Frame'.*NameError"):
        check_output("n", Unevaluated("Frame", "NameError: name 'Frame' is not defined"), 3)
