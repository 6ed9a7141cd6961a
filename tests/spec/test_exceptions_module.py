"""The public exceptions."""

from __future__ import annotations

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
