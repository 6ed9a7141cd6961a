"""The handler that a node gets from a repository and from its siblings."""

from __future__ import annotations

import pytest

from rivers.exceptions import ConfigurationError
from rivers.execution.steps.handlers import Handlers
from rivers.io_handlers import InMemoryIOHandler

GIVEN = InMemoryIOHandler()
OTHER = InMemoryIOHandler()


def test_a_node_without_a_handler_gets_the_default_of_its_repository() -> None:
    one, other = Handlers({}), Handlers({})
    assert one.resolve("a", None) is one.default
    assert one.default is not other.default


def test_a_handler_is_given_itself_or_by_the_key_of_a_resource_which_a_run_may_replace() -> None:
    handlers = Handlers({"store": GIVEN})
    assert handlers.resolve("a", GIVEN) is GIVEN
    assert handlers.resolve("a", "store") is GIVEN
    assert handlers.resolve("a", "store", {"store": OTHER}) is OTHER
    with pytest.raises(ConfigurationError, match="stoer"):
        handlers.resolve("a", "stoer")


def test_a_sibling_has_one_copy_of_each_handler_in_memory() -> None:
    handlers = Handlers({}, copy_memory=True)
    copy = handlers.resolve("a", GIVEN)
    assert copy is not GIVEN
    assert handlers.resolve("b", GIVEN) is copy
    assert handlers.resolve("b", OTHER) is not copy
