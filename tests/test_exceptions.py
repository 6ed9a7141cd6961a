"""Which ``except`` clauses catch what."""

from __future__ import annotations

import inspect

import pytest

from rivers import exceptions
from rivers.exceptions import Killed, RiversError, SchemaMigrationNeededError, StorageError, StorageLocked, Superseded

PUBLIC = [
    value
    for name, value in vars(exceptions).items()
    if inspect.isclass(value) and issubclass(value, BaseException) and not name.startswith("_")
]
PRIVATE = [
    value
    for name, value in vars(exceptions).items()
    if inspect.isclass(value) and issubclass(value, BaseException) and name.startswith("_")
]


@pytest.mark.parametrize("exception", PUBLIC, ids=lambda exception: exception.__name__)
def test_a_public_exception_says_when_it_is_raised(exception: type[BaseException]) -> None:
    assert inspect.getdoc(exception)


def test_names_of_the_reference_derive_from_exception_alone() -> None:
    for name in ("AssetDefinitionError", "ConfigurationError", "ExecutionError", "NodeNotFoundError", "StorageError"):
        assert getattr(exceptions, name).__bases__ == (Exception,)


@pytest.mark.parametrize("exception", [StorageLocked, Superseded])
def test_what_is_new_in_rivers_is_caught_as_storage_error_and_as_rivers_error(exception: type[Exception]) -> None:
    assert issubclass(exception, StorageError)
    assert issubclass(exception, RiversError)


def test_an_old_schema_is_a_storage_error() -> None:
    assert issubclass(SchemaMigrationNeededError, StorageError)


def test_a_kill_passes_through_code_that_catches_every_exception() -> None:
    assert issubclass(Killed, BaseException)
    assert not issubclass(Killed, Exception)


@pytest.mark.parametrize("exception", PRIVATE, ids=lambda exception: exception.__name__)
def test_a_private_exception_only_joins_two_public_ones(exception: type[BaseException]) -> None:
    assert len(exception.__bases__) == 2
    assert all(not base.__name__.startswith("_") for base in exception.__bases__)
