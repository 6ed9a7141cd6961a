"""Stores for tests are ordinary stores that are gone when they are dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

import rivers as rs
from rivers.testing import embedded_storage, memory_storage


def test_every_memory_storage_is_a_fresh_one() -> None:
    first, second = memory_storage(), memory_storage()
    first.kv_set("key", b"value")
    assert second.kv_get("key") is None
    assert first.type == rs.StorageType.Memory


@pytest.mark.rule("resources 3.4.1")
def test_an_embedded_storage_can_be_opened_again_as_soon_as_it_is_dropped(tmp_path: Path) -> None:
    storage = embedded_storage(str(tmp_path / "storage"))
    storage.kv_set("key", b"value")
    del storage
    assert embedded_storage(str(tmp_path / "storage")).kv_get("key") == b"value"


def test_the_module_is_reached_through_the_package() -> None:
    assert rs.testing.memory_storage is memory_storage
