"""Which ``except`` clauses catch what."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

import rivers as rs
from rivers import exceptions
from rivers.exceptions import (
    AssetNotFoundError,
    Killed,
    NodeNotFoundError,
    RiversError,
    SchemaMigrationNeededError,
    StorageError,
    StorageLocked,
    Superseded,
)

PUBLIC = [
    value
    for name, value in vars(exceptions).items()
    if inspect.isclass(value) and issubclass(value, BaseException) and not name.startswith("_")
]
WITH_FIELDS = [each for each in PUBLIC if hasattr(each, "near") and not hasattr(each("x"), "folder")]
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


def test_an_error_is_called_by_the_name_that_a_user_can_catch() -> None:
    class _Mixed(exceptions.NodeNotFoundError): ...

    assert exceptions.public_name(_Mixed("x")) == "NodeNotFoundError"
    assert exceptions.public_name(exceptions._JobNotFound("x")) == "NodeNotFoundError"
    assert exceptions.public_name(KeyError("x")) == "KeyError"


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


@pytest.mark.parametrize("pickler", [pickle, cloudpickle], ids=["pickle", "cloudpickle"])
@pytest.mark.parametrize(
    "exception", [*WITH_FIELDS, exceptions._JobNotFound, exceptions._InvalidPartitionKey, exceptions._UnlikeOutputs]
)
def test_fields_are_kept_on_every_journey_and_the_message_is_the_only_argument(
    exception: type[Any], pickler: Any
) -> None:
    error = exception("what is wrong", kind="Job", name="nigthly", value="x", near=iter(["nightly"]))
    for come in (error, copy.copy(error), pickle.loads(pickler.dumps(error))):
        assert type(come) is exception
        assert come.args == ("what is wrong",)
        assert (come.kind, come.name, come.value, come.near) == ("Job", "nigthly", "x", ("nightly",))


@pytest.mark.parametrize("exception", WITH_FIELDS)
def test_fields_that_are_not_given_are_empty_and_there_are_no_others(exception: type[Any]) -> None:
    error = exception()
    assert (error.name, error.value, error.near) == (None, None, ())
    assert error.kind is None or f"{error.kind}DefinitionError" == exception.__name__ or exception is AssetNotFoundError
    with pytest.raises(TypeError, match="nmae"):
        exception("what is wrong", nmae="x")


def test_a_name_that_is_not_found_is_offered_those_that_are_near() -> None:
    error = NodeNotFoundError.of("Job", "nigthly", ["hourly", "nightly"])
    assert str(error) == "Job 'nigthly' not found; did you mean 'nightly'?"
    assert (error.kind, error.name, error.near) == ("Job", "nigthly", ("nightly",))


@pytest.mark.parametrize("pickler", [pickle, cloudpickle], ids=["pickle", "cloudpickle"])
def test_an_error_of_the_store_says_what_a_program_needs_to_know(pickler: Any) -> None:
    locked = StorageLocked("held", folder="/s", pid=7, address="http://127.0.0.1:1")
    come = pickle.loads(pickler.dumps(locked))
    assert (come.folder, come.pid, come.address, come.retryable) == ("/s", 7, "http://127.0.0.1:1", True)
    old = pickle.loads(pickler.dumps(SchemaMigrationNeededError("old", found=1, needed=2)))
    assert (old.found, old.needed, old.retryable) == (1, 2, False)
    assert not StorageError("the store is closed").retryable
    assert not Superseded("replaced").retryable


@rs.Asset(partitions_def=rs.PartitionsDefinition.time_window(datetime(2024, 1, 1), interval_seconds=86_400))
def daily() -> int:
    return 1


@rs.Asset
def plain() -> int:
    return 1


def in_worker() -> None:
    raise NodeNotFoundError.of("Table", "ordres", ["orders"])


def run(**arguments: Any) -> Any:
    return lambda repo: repo.materialize(**arguments)


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        (run(selection=["plian"]), ("Asset", "plian", None, ("plain",))),
        (lambda repo: repo.get_job("nihgtly"), ("Job", "nihgtly", None, ("nightly",))),
        (lambda repo: repo.get_sensor("s"), ("Sensor", "s", None, ())),
        (
            run(selection=["daily"], partition_key=rs.PartitionKey.single("2023-12-31")),
            ("Asset", "daily", "2023-12-31", tuple(f"2024-01-0{day}T00:00:00" for day in (1, 2, 3))),
        ),
        (
            run(selection=["plain"], config={"execution": {"executor": "dask"}}),
            ("config", "config.execution.executor", "dask", ()),
        ),
        (lambda repo: rs.Schedule(cron_schedule="* *", job_name="j"), ("Schedule", None, "* *", ())),
        (
            lambda repo: rs.CodeRepository([rs.Asset(lambda ordres: 1, name="sum")]).validate(),
            ("Asset", "sum", "ordres", ()),
        ),
        (
            lambda repo: rs.CodeRepository(
                [plain], schedules=[rs.Schedule(name="n", cron_schedule="0 0 * * *", job_name="nihgtly")]
            ).validate(),
            ("Schedule", "n", "nihgtly", ()),
        ),
        (
            lambda repo: rs.CodeRepository(
                [rs.Asset(in_worker, name="a")], default_executor=rs.Executor.parallel(1)
            ).materialize(),
            ("Table", "ordres", None, ("orders",)),
        ),
    ],
    ids=["asset", "job", "sensor", "partition key", "config", "cron", "input", "target", "in a worker process"],
)
def test_what_a_message_is_made_from_can_be_read_off_the_error(act: Any, fields: tuple[object, ...]) -> None:
    with rs.CodeRepository([daily, plain], jobs=[rs.Job("nightly", [plain])]) as repo:
        repo.resolve(rs.Storage.memory())
        with pytest.raises(Exception) as caught:
            act(repo)
        error: Any = caught.value
        assert (error.kind, error.name, error.value, error.near) == fields


def without_our_base(source: str) -> list[str]:
    """The classes of a module that derive from ``Exception`` alone, by no base of ours."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return [each.name for each in classes if [ast.unparse(base) for base in each.bases] == ["Exception"]]


def test_every_exception_outside_of_the_reference_has_a_base_of_ours() -> None:
    package = Path(inspect.getfile(rs)).parent
    sources = {path.relative_to(package).as_posix(): path.read_text() for path in package.rglob("*.py")}
    found = {path: names for path, source in sources.items() if (names := without_our_base(source))}
    assert list(found) == ["exceptions.py"]
    assert [name for name in found["exceptions.py"] if not name.endswith("Error")] == []
    assert without_our_base("class Failed(Exception): ...\nclass Ours(RiversError): ...") == ["Failed"]
