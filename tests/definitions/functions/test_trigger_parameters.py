"""The source of each parameter of a schedule or sensor function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rivers.definitions.functions.evaluation_contexts import ScheduleEvaluationContext, SensorEvaluationContext
from rivers.definitions.functions.parameters import FunctionArguments
from rivers.definitions.functions.trigger_parameters import classify_trigger_parameters
from rivers.definitions.signatures import read_signature
from rivers.exceptions import ConfigurationError


def classify(function: Callable[..., Any], *resources: str) -> FunctionArguments:
    return classify_trigger_parameters("Schedule 'n'", read_signature(function), ScheduleEvaluationContext, resources)


def nothing(): ...
def annotated(context: ScheduleEvaluationContext): ...
def subscripted(context: ScheduleEvaluationContext[dict]): ...
def unannotated(context): ...
def second(db, context): ...
def resource_and_default(db=1, other=2): ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (nothing, {}),
        (annotated, {"context": "context"}),
        (subscripted, {"context": "context"}),
        (unannotated, {"context": "context"}),
        (second, {"db": "resource", "context": "context"}),
        (resource_and_default, {"db": "resource", "other": "default"}),
    ],
)
def test_a_parameter_is_the_context_a_resource_or_its_default(
    function: Callable[..., Any], expected: dict[str, str]
) -> None:
    arguments = classify(function, "db")
    assert {argument.name: argument.source.value for argument in arguments.arguments} == expected


def test_the_config_model_is_found() -> None:
    assert classify(subscripted).config_annotation is dict
    assert classify(annotated).config_annotation is None
    assert classify(annotated).context_class is ScheduleEvaluationContext
    assert classify(nothing).context_class is None


def test_a_context_under_another_name_is_an_error_that_names_it_and_the_resources() -> None:
    def function(ctx: ScheduleEvaluationContext): ...

    with pytest.raises(ConfigurationError, match=r"Schedule 'n'.*'ctx'.*available resources: api, db"):
        classify(function, "db", "api")


def test_a_parameter_that_matches_nothing_is_an_error_that_lists_the_resources() -> None:
    def function(nope): ...
    def wrong_context(context: SensorEvaluationContext): ...

    with pytest.raises(
        ConfigurationError, match=r"parameter 'nope' does not match any known resource .*available resources: db"
    ):
        classify(function, "db")
    with pytest.raises(ConfigurationError, match="parameter 'context'"):
        classify(wrong_context)
