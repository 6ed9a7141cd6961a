"""The pickle handler over real object stores: where it writes, what it says about it, how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore
from pydantic import ValidationError

from rivers.io_handlers import PickleIOHandler
from rivers.records import InputContext, OutputContext


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
    assert metadata["path"] == "lake/orders.pkl"
    assert metadata["serializer"] == "pickle"
    assert metadata["size_bytes"] == (tmp_path / "lake" / "orders.pkl").stat().st_size
    assert metadata["write_duration_s"] >= 0


def test_a_value_that_was_never_stored_is_a_file_not_found_error() -> None:
    with pytest.raises(FileNotFoundError):
        PickleIOHandler(store=MemoryStore()).load_input(InputContext("a", "b"))


def test_a_value_that_cannot_be_pickled_leaves_the_stored_one_as_it_was() -> None:
    handler = PickleIOHandler(store=MemoryStore())
    handler.handle_output(OutputContext("a"), 1)
    with pytest.raises(Exception, match="pickle"):
        handler.handle_output(OutputContext("a"), lambda: 1)
    assert handler.load_input(InputContext("a", "b")) == 1


def test_a_missing_or_wrong_store_is_refused_and_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFIX", "/usr")
    with pytest.raises(ValidationError):
        PickleIOHandler()  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        PickleIOHandler(store=3)  # type: ignore[arg-type]
    assert PickleIOHandler(store=MemoryStore()).prefix == ""
