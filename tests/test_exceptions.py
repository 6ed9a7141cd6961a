"""Which ``except`` clauses catch what."""

from __future__ import annotations

import copy
import inspect
import pickle
import traceback
from typing import Any

import cloudpickle
import pytest

from rivers import exceptions
from rivers.exceptions import Killed, RiversError, SchemaMigrationNeededError, StorageError, StorageLocked, Superseded

PUBLIC = [
    value
    for name, value in vars(exceptions).items()
    if inspect.isclass(value) and issubclass(value, BaseException) and not name.startswith("_")
]
PRIVATE = {
    name: value
    for name, value in vars(exceptions).items()
    if inspect.isclass(value) and issubclass(value, BaseException) and name.startswith("_")
}


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


@pytest.mark.rule("repository 7.2")
@pytest.mark.parametrize("exception", PRIVATE.values(), ids=PRIVATE)
def test_a_private_exception_only_joins_two_public_ones(exception: type[BaseException]) -> None:
    assert len(exception.__bases__) == 2
    assert all(not base.__name__.startswith("_") for base in exception.__bases__)


@pytest.mark.parametrize("exception", PRIVATE.values(), ids=PRIVATE)
def test_whoever_sees_a_private_exception_reads_the_name_of_the_first_public_one(exception: type[Exception]) -> None:
    error = exception("what is wrong")
    first = exception.__bases__[0]
    assert traceback.format_exception_only(error) == traceback.format_exception_only(first("what is wrong"))
    assert repr(error) == f"{first.__name__}('what is wrong')"


def test_what_rivers_found_is_told_from_what_else_may_be_wrong() -> None:
    class OfAUser(exceptions.ExecutionError): ...

    assert all(exceptions.is_of_rivers(each("x")) for each in (*PRIVATE.values(), exceptions.ExecutionError))
    assert not any(exceptions.is_of_rivers(each("x")) for each in (ValueError, OfAUser))


@pytest.mark.parametrize("pickler", [pickle, cloudpickle], ids=["pickle", "cloudpickle"])
@pytest.mark.parametrize("exception", PRIVATE.values(), ids=PRIVATE)
def test_a_private_exception_is_caught_as_each_of_its_types_also_after_a_journey(
    exception: type[Exception], pickler: Any
) -> None:
    error = exception("what is wrong", 3)
    error.add_note("and where")
    for come in (error, copy.copy(error), pickle.loads(pickler.dumps(error))):
        assert type(come) is exception
        assert come.args == ("what is wrong", 3)
        assert come.__notes__ == ["and where"]
        for documented in exception.__bases__:
            with pytest.raises(documented):
                raise come
