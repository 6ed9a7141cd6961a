"""The previous value of the asset that is being computed."""

from __future__ import annotations

from rivers.definitions.self_dependency import SelfDependency


def test_it_holds_the_previous_value_or_nothing() -> None:
    assert SelfDependency(3).get_inner() == 3
    assert SelfDependency[int]().get_inner() is None
