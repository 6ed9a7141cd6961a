"""The public exceptions."""

from __future__ import annotations

import inspect

import pytest

import rivers as rs
from rivers import exceptions

NAMES = [
    "AssetDefinitionError",
    "AssetNotFoundError",
    "AssetOutputValidationError",
    "ConfigurationError",
    "ExecutionError",
    "GraphValidationError",
    "InvalidMetadataError",
    "NodeNotFoundError",
    "PartitionDefinitionError",
    "PartitionValidationError",
    "ResultDefinitionError",
    "ScheduleDefinitionError",
    "SchemaMigrationNeededError",
    "SensorDefinitionError",
    "StorageError",
    "TaskDefinitionError",
]


@pytest.mark.rule("repository 7.1")
@pytest.mark.parametrize("name", NAMES)
def test_every_exception_is_there_and_derives_directly_from_exception(name: str) -> None:
    kind = getattr(exceptions, name)
    assert kind.__bases__ == ((exceptions.StorageError,) if name == "SchemaMigrationNeededError" else (Exception,))
    assert str(kind("what happened")) == "what happened"


@pytest.mark.rule("repository 7.1")
def test_the_module_is_part_of_the_package() -> None:
    assert rs.exceptions is exceptions
    assert "exceptions" in dir(rs)


@pytest.mark.rule("repository 7.2")
def test_two_types_for_one_fault_are_joined_by_private_classes_only() -> None:
    public = {kind for name, kind in vars(exceptions).items() if inspect.isclass(kind) and not name.startswith("_")}
    joined = [kind for name, kind in vars(exceptions).items() if inspect.isclass(kind) and name.startswith("_")]
    assert joined
    for kind in joined:
        assert len(kind.__bases__) == 2
        assert all(base in public or base.__module__ == "builtins" for base in kind.__bases__)
