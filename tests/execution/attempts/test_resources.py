"""Resources: what may be one, and their life."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from pydantic import BaseModel, PrivateAttr

from rivers.definitions.resources import Resource
from rivers.exceptions import ConfigurationError
from rivers.execution.attempts.resources import checked_resources, copies_of, set_up, tear_down, with_changes
from rivers.io_handlers import InMemoryIOHandler

calls: list[str] = []


class Db(Resource):
    label: str = "db"
    broken: bool = False
    _open: bool = PrivateAttr(default=False)

    def setup(self) -> None:
        calls.append(f"setup {self.label}")
        if self.broken:
            raise OSError("no database")

    def teardown(self) -> None:
        calls.append(f"teardown {self.label}")
        if self.broken:
            raise OSError("still none")


class Plain(BaseModel):
    n: int = 1


@pytest.fixture(autouse=True)
def nothing_called_yet() -> None:
    calls.clear()


def test_models_settings_and_handlers_may_be_resources() -> None:
    given: dict[str, Any] = {"db": Db(), "plain": Plain(), "lake": InMemoryIOHandler()}
    assert list(checked_resources(given)) == ["db", "plain", "lake"]
    assert checked_resources(None) == {}


def test_other_objects_are_refused_by_type_and_names_must_be_text() -> None:
    with pytest.raises(ConfigurationError, match=r"'n'.*int"):
        checked_resources({"n": 3})
    with pytest.raises(TypeError, match="int"):
        checked_resources({1: Db()})


def test_setup_and_teardown_go_in_order_of_registration_and_skip_plain_models() -> None:
    resources = {"one": Db(label="one"), "plain": Plain(), "two": Db(label="two")}
    set_up(resources)
    tear_down(resources)
    assert calls == ["setup one", "setup two", "teardown one", "teardown two"]


def test_a_setup_that_fails_comes_through_and_those_before_it_are_torn_down() -> None:
    with pytest.raises(OSError, match="no database"):
        set_up({"one": Db(label="one"), "bad": Db(label="bad", broken=True), "three": Db(label="three")})
    assert calls == ["setup one", "setup bad", "teardown one"]


def test_a_teardown_that_fails_keeps_no_other_from_its_own() -> None:
    tear_down({"bad": Db(label="bad", broken=True), "two": Db(label="two")})
    assert calls == ["teardown bad", "teardown two"]


def test_a_teardown_that_exits_keeps_no_other_from_its_own() -> None:
    class Exiting(Resource):
        def teardown(self) -> None:
            raise SystemExit(3)

    tear_down({"exiting": Exiting(), "two": Db(label="two")})
    assert calls == ["teardown two"]


def test_ctrl_c_in_a_teardown_stops_the_program() -> None:
    class Slow(Resource):
        def teardown(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        tear_down({"slow": Slow()})


def test_copies_are_other_objects_with_the_same_settings() -> None:
    original = {"db": Db(label="mine")}
    copied = copies_of(original)
    assert copied["db"] is not original["db"]
    assert copied["db"].label == "mine"


def test_a_run_may_change_fields_of_a_resource_for_itself() -> None:
    resources = {"db": Db(label="mine"), "plain": Plain()}
    changed = with_changes(resources, {"plain": {"n": "7"}})
    assert changed["plain"].n == 7
    assert resources["plain"].n == 1
    assert changed["db"] is resources["db"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"nope": {}}, r"resources\.nope: no resource"),
        ({"plain": 3}, r"resources\.plain"),
        ({"plain": {"m": 3}}, r"resources\.plain\.m"),
        ({"plain": {"n": "text"}}, r"(?s)resources\.plain\.n.*valid integer"),
    ],
)
def test_a_bad_change_names_resource_and_field(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        with_changes({"plain": Plain()}, changes)
