"""The import doors of the reference API lead to the same objects."""

from __future__ import annotations

import pytest

import rivers._core
from rivers import records
from rivers._core import storage


@pytest.mark.parametrize("name", ["AssetRecord", "LaunchedBy", "RunRecord", "StorageType", "StoredEvent", "StoredTick"])
def test_records_are_found_under_their_documented_name(name: str) -> None:
    assert getattr(storage, name) is getattr(records, name)


def test_the_storage_class_is_found_through_the_door() -> None:
    from rivers.storage import Storage

    assert rivers._core.Storage is Storage


def test_a_name_that_does_not_exist_is_an_attribute_error_that_gives_it() -> None:
    with pytest.raises(AttributeError, match="Nothing"):
        _ = rivers._core.Nothing
