"""The pickle handler over real object stores: where it writes, what it says about it, how it fails."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore
from pydantic import ValidationError

import rivers as rs
from rivers.definitions.values.output_report import OutputContext
from rivers.io_handlers import PickleIOHandler
from rivers.records import InputContext
from tests.io_handlers.test_locations import Multi, Partition, Single


@pytest.mark.rule("resources 3.3.2", "resources 3.3.3")
def test_a_value_goes_to_prefix_and_name_and_comes_back(tmp_path: Path) -> None:
    handler = PickleIOHandler(store=LocalStore(tmp_path), prefix="lake/")
    context = OutputContext("orders")
    handler.handle_output(context, {"n": 1})
    assert (tmp_path / "lake" / "orders.pkl").is_file()
    assert PickleIOHandler(store=LocalStore(tmp_path), prefix="lake").load_input(InputContext("orders", "b")) == {
        "n": 1
    }
    metadata = context.output_metadata
    assert metadata is not None
    assert metadata["path"] == rs.MetadataValue.text("lake/orders.pkl")
    assert metadata["serializer"] == rs.MetadataValue.text("pickle")
    assert metadata["size_bytes"] == rs.MetadataValue.int((tmp_path / "lake" / "orders.pkl").stat().st_size)
    assert metadata["write_duration_s"].raw_value() >= 0


class Stubborn:
    """Can be pickled, and raises an exception of its own when it is made again."""

    def __reduce__(self) -> Any:
        return _refuse, ()


class Unpicklable:
    def __reduce__(self) -> Any:
        raise Refusal("not me")


class Refusal(Exception):
    pass


def _refuse() -> None:
    raise Refusal("not again")


@pytest.mark.rule("resources 3.3.4")
def test_a_value_that_was_never_stored_is_a_file_not_found_error_that_says_what_was_looked_for_and_where() -> None:
    with pytest.raises(FileNotFoundError) as raised:
        PickleIOHandler(store=MemoryStore(), prefix="lake").load_input(InputContext("a", "b"))
    assert str(raised.value) == "PickleIOHandler has no value of 'a': there is no lake/a.pkl in MemoryStore()"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "EOFError: Ran out of input"),
        (b"no pickle", "UnpicklingError: invalid load key"),
        (pickle.dumps(list(range(100)))[:-5], "UnpicklingError: pickle data was truncated"),
        (b"cno_such_module\nthing\n.", "ModuleNotFoundError: No module named 'no_such_module'"),
        (b"cos\nno_such_thing\n.", "AttributeError: Can't get attribute 'no_such_thing'"),
    ],
)
def test_something_that_is_no_value_is_an_unpickling_error_that_says_where_it_is(content: bytes, why: str) -> None:
    store = MemoryStore()
    obstore.put(store, "lake/a.pkl", content)
    with pytest.raises(pickle.UnpicklingError) as raised:
        PickleIOHandler(store=store, prefix="lake").load_input(InputContext("a", "b"))
    assert str(raised.value).startswith(
        "PickleIOHandler: the value of 'a' at 'lake/a.pkl' in MemoryStore() cannot be loaded, for what is there cannot "
        f"be unpickled: {why}"
    )


def test_what_the_code_of_a_value_raises_comes_through_with_a_note() -> None:
    handler = PickleIOHandler(store=MemoryStore())
    handler.handle_output(OutputContext("a"), Stubborn())
    with pytest.raises(Refusal, match=r"^not again\n") as raised:
        handler.load_input(InputContext("a", "b"))
    assert raised.value.__notes__ == ["PickleIOHandler: the value of 'a' at 'a.pkl' in MemoryStore() cannot be loaded"]
    with pytest.raises(Refusal, match=r"^not me\n") as raised:
        handler.handle_output(OutputContext("a"), Unpicklable())
    assert raised.value.__notes__ == ["PickleIOHandler: the value of 'a' at 'a.pkl' in MemoryStore() cannot be stored"]


def test_what_a_store_cannot_do_names_asset_handler_and_path(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file where a folder should be")
    handler = PickleIOHandler(store=LocalStore(tmp_path), prefix="lake")
    with pytest.raises(BaseError, match=r"PickleIOHandler: the value of 'a' at 'lake/a\.pkl' in .* cannot be stored: "):
        handler.handle_output(OutputContext("a"), 1)
    with pytest.raises(
        ValueError, match=r"the value of 'a//b' at 'a//b\.pkl' .* cannot be loaded: .* empty path segment"
    ):
        PickleIOHandler(store=MemoryStore()).load_input(InputContext("a//b", "c"))


@pytest.mark.rule("resources 3.3.5")
def test_the_value_of_a_batch_is_put_under_each_of_its_keys(tmp_path: Path) -> None:
    handler = PickleIOHandler(store=LocalStore(tmp_path), prefix="lake")
    first, second = Multi({"d": ["1"], "r": ["x"]}), Multi({"d": ["2"], "r": ["x", "y"]})
    context = OutputContext("a", partition=Partition([first, second]))
    handler.handle_output(context, "value")
    assert (tmp_path / "lake/a/d=1/r=x/data.pkl").is_file()
    assert (tmp_path / "lake/a/d=2/r=x|y/data.pkl").is_file() or (tmp_path / "lake/a/d=2/r=x%7Cy/data.pkl").is_file()
    assert (context.output_metadata or {})["path"] == rs.MetadataValue.text("lake/a/d=1/r=x/data.pkl")
    assert handler.load_input(InputContext("a", "b", partition=Partition([second]))) == "value"
    handler.handle_output(OutputContext("a", partition=Partition([Single(["k"])])), "single")
    assert (tmp_path / "lake/a/k/data.pkl").is_file()


@pytest.mark.rule("partitions 5.4.7")
def test_keys_that_are_no_names_of_files_have_a_place_of_their_own_inside_the_store(tmp_path: Path) -> None:
    keys = [
        "../x",
        "..",
        ".",
        "a/b",
        "a//b",
        "/a",
        "a/",
        "/",
        "a",
        "A",
        "a%2Fb",
        "%",
        "a\nb",
        "\x7f",
        "z",
        "z/data.pkl",
    ]
    handler = PickleIOHandler(store=LocalStore(tmp_path / "lake", mkdir=True))
    for key in keys:
        handler.handle_output(OutputContext("a", partition=Partition([Single([key])])), key)
    assert [handler.load_input(InputContext("a", "b", partition=Partition([Single([key])]))) for key in keys] == keys
    assert len([path for path in (tmp_path / "lake" / "a").rglob("data.pkl") if path.is_file()]) == len(keys)
    assert [path.name for path in tmp_path.iterdir()] == ["lake"]


@pytest.mark.rule("resources 3.3.4")
def test_a_value_that_cannot_be_pickled_leaves_the_stored_one_as_it_was() -> None:
    handler = PickleIOHandler(store=MemoryStore())
    handler.handle_output(OutputContext("a"), 1)
    with pytest.raises(Exception, match="pickle"):
        handler.handle_output(OutputContext("a"), lambda: 1)
    assert handler.load_input(InputContext("a", "b")) == 1


@pytest.mark.rule("resources 3.3.1")
def test_a_missing_or_wrong_store_is_refused_and_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFIX", "/usr")
    with pytest.raises(ValidationError):
        PickleIOHandler()
    with pytest.raises(ValidationError):
        PickleIOHandler(store=3)
    assert PickleIOHandler(store=MemoryStore()).prefix == ""
