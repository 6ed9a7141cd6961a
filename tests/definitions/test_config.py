"""Which config model a function asks for, and the instance that one run gives it."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings

from rivers.definitions.asset_contexts import AssetExecutionContext
from rivers.definitions.config import build_config, config_annotation_of
from rivers.definitions.signatures import Unevaluated
from rivers.exceptions import ConfigurationError


class Model(BaseModel):
    limit: int = 5
    name: str = "n"


class Required(BaseModel):
    limit: int


class Settings(BaseSettings):
    rivers_test_limit: int = 5


@pytest.mark.parametrize(
    ("annotation", "config"),
    [
        (None, None),
        (AssetExecutionContext, None),
        (AssetExecutionContext[Any], None),
        (AssetExecutionContext[None], None),
        (AssetExecutionContext[TypeVar("T")], None),
        (AssetExecutionContext[Model], Model),
        (Unevaluated("AssetExecutionContext", "NameError"), None),
    ],
)
def test_the_subscript_of_the_context_is_the_config_model(annotation: Any, config: Any) -> None:
    assert config_annotation_of(annotation) is config


def test_values_are_overrides_then_the_environment_then_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_config("a", None) is None
    assert build_config("a", Model) == Model()
    assert build_config("a", Model, {"limit": "7"}).limit == 7
    monkeypatch.setenv("RIVERS_TEST_LIMIT", "9")
    assert build_config("a", Settings).rivers_test_limit == 9
    assert build_config("a", Settings, {"rivers_test_limit": 1}).rivers_test_limit == 1


def test_a_validation_error_comes_through_as_it_is() -> None:
    with pytest.raises(ValidationError):
        build_config("a", Required)


@pytest.mark.parametrize("annotation", [dict, 3, list[int]])
def test_a_config_of_another_kind_is_an_error_that_names_it(annotation: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"(dict|3|list).*'a'"):
        build_config("a", annotation)


def test_a_config_that_cannot_be_evaluated_is_an_error_that_says_why() -> None:
    unevaluated = config_annotation_of(Unevaluated("AssetExecutionContext[Gone]", "NameError: Gone"))
    with pytest.raises(ConfigurationError, match="NameError: Gone"):
        build_config("a", unevaluated)
