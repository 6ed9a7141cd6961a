"""The declaration of a sensor."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.triggers.sensors import Sensor
from rivers.exceptions import SensorDefinitionError
from rivers.records import EvalMode, SensorStatus


def look() -> None: ...


def test_every_form_declares_the_same_sensor() -> None:
    forms = [Sensor(look), Sensor(evaluation_fn=look), Sensor()(look), Sensor(job_name="j")(look)]
    assert [(form.name, form.evaluation_fn) for form in forms] == [("look", look)] * 4


def test_a_factory_without_a_name_is_nameless_until_applied() -> None:
    assert Sensor(job_name="j").name == ""
    assert Sensor(job_name="j", name="n")(look).name == "n"


def test_an_empty_explicit_name_is_refused() -> None:
    with pytest.raises(SensorDefinitionError, match=r"^sensor name cannot be empty$"):
        Sensor(name="")


def test_applying_a_factory_makes_a_new_sensor_with_everything_copied() -> None:
    settings: dict[str, Any] = {
        "job_name": "j",
        "minimum_interval": "not a duration",
        "default_status": SensorStatus.Running,
        "description": "words",
        "tags": {"team": "a"},
        "asset_selection": ["a", "b"],
        "eval_mode": EvalMode.InProcess,
        "eval_timeout": "5s",
    }
    applied = Sensor(**settings)(look)
    assert {key: getattr(applied, key) for key in settings} == settings


def test_attributes_are_read_only() -> None:
    with pytest.raises(AttributeError):
        Sensor(look).name = "other"


def test_the_repr_shows_name_and_job() -> None:
    assert repr(Sensor(name="n", job_name="j")) == "Sensor(name='n', job_name='j')"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"minimum_interval": 3}, "minimum_interval"),
        ({"eval_timeout": 3}, "eval_timeout"),
        ({"tags": {"a": 1}}, "tags"),
        ({"asset_selection": "a"}, "asset_selection"),
        ({"asset_selection": [1]}, "asset_selection"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_mistyped_keyword_is_a_type_error_that_names_it(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(TypeError, match=named):
        Sensor(**settings)
