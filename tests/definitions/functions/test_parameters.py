"""The source of each parameter of an asset function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rivers.definitions.functions.asset_contexts import AssetExecutionContext, TaskExecutionContext
from rivers.definitions.functions.parameters import FunctionArguments, classify_parameters
from rivers.definitions.signatures import Unevaluated, read_signature
from rivers.definitions.values.results import SelfDependency


def classify(function: Callable[..., Any], nodes: str = "", resources: str = "", inputs: str = "") -> FunctionArguments:
    return classify_parameters(
        "step", read_signature(function), nodes=nodes.split(), resources=resources.split(), inputs=inputs.split()
    )


def sources(arguments: FunctionArguments) -> dict[str, str]:
    return {argument.name: argument.source.value for argument in arguments.arguments}


def by_annotation(anything: AssetExecutionContext): ...
def by_subscripted_annotation(anything: AssetExecutionContext[dict]): ...
def by_task_annotation(context: TaskExecutionContext): ...
def by_name(context): ...
def by_name_with_default(context=None): ...
def other_annotation(context: int): ...
def second_by_name(a, context): ...
def plain(a, b): ...
def with_default(a=1, db=2): ...
def own_previous(self: SelfDependency[int]): ...
def self_elsewhere(me: SelfDependency[int]): ...
def variadic(*args, **kwargs): ...


@pytest.mark.rule("assets 2.1", "assets 2.3", "assets 2.4", "assets 2.11", "assets 8.2")
@pytest.mark.parametrize(
    ("function", "nodes", "resources", "expected"),
    [
        (by_annotation, "anything", "", {"anything": "context"}),
        (by_subscripted_annotation, "", "", {"anything": "context"}),
        (by_task_annotation, "", "", {"context": "context"}),
        (by_name, "", "context", {"context": "context"}),
        (by_name, "context", "", {"context": "upstream"}),
        (by_name_with_default, "", "", {"context": "context"}),
        (other_annotation, "", "", {"context": "unresolved"}),
        (other_annotation, "context", "", {"context": "upstream"}),
        (second_by_name, "a", "", {"a": "upstream", "context": "unresolved"}),
        (second_by_name, "a context", "", {"a": "upstream", "context": "upstream"}),
        (plain, "a", "b", {"a": "upstream", "b": "resource"}),
        (plain, "a b", "a b", {"a": "upstream", "b": "upstream"}),
        (plain, "", "", {"a": "unresolved", "b": "unresolved"}),
        (with_default, "a", "db", {"a": "default", "db": "default"}),
        (own_previous, "self", "", {"self": "self"}),
        (self_elsewhere, "", "", {"me": "unresolved"}),
        (variadic, "args", "kwargs", {}),
    ],
)
def test_the_first_rule_that_matches_gives_the_source(
    function: Callable[..., Any], nodes: str, resources: str, expected: dict[str, str]
) -> None:
    assert sources(classify(function, nodes, resources)) == expected


def test_a_declared_input_is_a_dependency_even_with_a_default() -> None:
    assert sources(classify(with_default, "a", "", inputs="a")) == {"a": "upstream", "db": "default"}


@pytest.mark.rule("assets 2.1")
def test_the_context_class_and_its_config_are_found() -> None:
    subscripted = classify(by_subscripted_annotation)
    assert (subscripted.context_class, subscripted.config_annotation) == (AssetExecutionContext, dict)
    assert classify(by_task_annotation).context_class is TaskExecutionContext
    assert (classify(by_name).context_class, classify(by_name).config_annotation) == (AssetExecutionContext, None)
    assert classify(plain, "a b").context_class is None


def test_a_context_whose_config_model_cannot_be_evaluated_is_still_a_context() -> None:
    def function(context: AssetExecutionContext[Gone]): ...  # noqa: F821

    arguments = classify(function)
    assert sources(arguments) == {"context": "context"}
    assert isinstance(arguments.config_annotation, Unevaluated)


def test_a_misplaced_context_is_a_fault_of_the_step_not_of_the_definition() -> None:
    def function(a, context: AssetExecutionContext): ...

    assert classify(function, "a").fault == "Context must be the first parameter of 'step'"


def test_a_self_without_its_annotation_is_a_fault_that_names_it() -> None:
    def function(self): ...
    def mistyped(self: int): ...

    for faulty in (function, mistyped):
        fault = classify(faulty).fault
        assert fault is not None
        assert "step" in fault
        assert "SelfDependency[T]" in fault


@pytest.mark.rule("assets 3.12")
def test_the_type_hint_is_the_evaluated_annotation() -> None:
    def function(self: SelfDependency[list[int]], a: dict[str, int], b, c: Gone): ...  # noqa: F821

    assert [argument.type_hint for argument in classify(function, "a b c").arguments] == [
        list[int],
        dict[str, int],
        None,
        None,
    ]


@pytest.mark.rule("assets 2.9", "assets 2.10")
@pytest.mark.parametrize(
    "function",
    [
        lambda a, b, c: (a, b, c),
        lambda a, /, b, *, c: (a, b, c),
        lambda a, b, c, x=0: (a, b, c),
        lambda a, *, x=0, b, c: (a, b, c),
        lambda *, c, b, a: (a, b, c),
    ],
)
def test_every_kind_of_parameter_is_reached(function: Callable[..., Any]) -> None:
    positional, keyword = classify(function, "a b c").bind({"a": 1, "b": 2, "c": 3})
    assert function(*positional, **keyword) == (1, 2, 3)


def test_a_default_before_a_declared_input_is_passed_over() -> None:
    def by_keyword(x=9, a=0):
        return x, a

    def by_position(x=9, a=0, /):
        return x, a

    for function in (by_keyword, by_position):
        positional, keyword = classify(function, "a", inputs="a").bind({"a": 1})
        assert function(*positional, **keyword) == (9, 1)


def test_leading_parameters_go_by_position() -> None:
    assert classify(plain, "a b").bind({"a": 1, "b": 2}) == ([1, 2], {})
