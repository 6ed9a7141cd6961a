"""The in-memory handler: same object back, one dictionary an instance."""

from __future__ import annotations

import pickle

import pytest

import rivers as rs
from rivers.definitions.values.output_report import OutputContext
from rivers.io_handlers import InMemoryIOHandler
from rivers.records import InputContext
from tests.io_handlers.test_locations import Multi, Partition, Single


@pytest.mark.rule("resources 3.2.1", "resources 3.2.2")
def test_the_very_object_that_was_stored_comes_back() -> None:
    handler, value = InMemoryIOHandler(), [1]
    context = OutputContext("a")
    handler.handle_output(context, value)
    assert handler.load_input(InputContext("a", "b")) is value
    assert context.output_metadata is not None
    assert context.output_metadata["storage"] == rs.MetadataValue.text("memory")
    assert context.output_metadata["size_bytes"].raw_value() > 0


@pytest.mark.rule("resources 3.2.3")
def test_a_value_that_was_never_stored_is_a_key_error_with_the_storage_key() -> None:
    with pytest.raises(KeyError) as caught:
        InMemoryIOHandler().load_input(InputContext("a", "b"))
    assert type(caught.value) is KeyError
    assert caught.value.args == ("a",)


def test_the_error_can_be_read_and_survives_the_way_from_a_worker() -> None:
    with pytest.raises(KeyError) as caught:
        InMemoryIOHandler().load_input(InputContext("a", "b"))
    text = "'a': InMemoryIOHandler has no value of 'a' in this process"
    assert str(caught.value) == text
    crossed = pickle.loads(pickle.dumps(caught.value))
    assert (str(crossed), crossed.args) == (text, ("a",))


@pytest.mark.rule("resources 3.3.5")
def test_the_value_of_a_batch_is_there_under_each_of_its_keys() -> None:
    handler = InMemoryIOHandler()
    first, second = Single(["1"]), Single(["2"])
    handler.handle_output(OutputContext("a", partition=Partition([first, second])), "value")
    assert handler.load_input(InputContext("a", "b", partition=Partition([first]))) == "value"
    assert handler.load_input(InputContext("a", "b", partition=Partition([second]))) == "value"
    with pytest.raises(KeyError) as caught:
        handler.load_input(InputContext("a", "b", partition=Partition([Multi({"d": ["1"], "r": ["x", "y"]})])))
    assert caught.value.args == ("a/d=1/r=x|y",)


@pytest.mark.rule("resources 3.2.1")
def test_instances_compare_equal_and_share_no_value() -> None:
    one, other = InMemoryIOHandler(), InMemoryIOHandler()
    assert one == other
    assert hash(one) == hash(other)
    assert one != object()
    one.handle_output(OutputContext("a"), 1)
    with pytest.raises(KeyError):
        other.load_input(InputContext("a", "b"))


def test_a_copy_of_a_handler_holds_nothing() -> None:
    one = InMemoryIOHandler()
    one.handle_output(OutputContext("a"), 1)
    with pytest.raises(KeyError):
        one.model_copy().load_input(InputContext("a", "b"))
