"""The schema stamp."""

from __future__ import annotations

import pytest

from rivers.exceptions import SchemaMigrationNeededError, StorageError
from rivers.storage import Storage
from rivers.storage.schema import RESERVED_KEYS_KEY, SCHEMA_VERSION, check_stamp, migrate, read_stamp


@pytest.mark.parametrize(
    ("build", "write", "fault"),
    [
        (5, True, None),
        (6, True, SchemaMigrationNeededError),
        (6, False, SchemaMigrationNeededError),
        (4, True, None),
        (4, False, None),
        (3, True, StorageError),
        (3, False, None),
        (2, False, None),
        (1, False, StorageError),
    ],
)
def test_a_store_is_opened_by_the_builds_it_allows(build, write, fault):
    stamp = {"version": 5, "min_reader": 2, "min_writer": 4}
    if fault is None:
        check_stamp(stamp, build, write=write)
        return
    with pytest.raises(
        fault, match="rivers db migrate" if fault is SchemaMigrationNeededError else "upgrade"
    ) as caught:
        check_stamp(stamp, build, write=write)
    assert type(caught.value) is fault
    if fault is SchemaMigrationNeededError:
        assert (caught.value.found, caught.value.needed) == (5, 6)


def _restamp(path, **columns):
    with Storage.embedded(path) as storage:
        storage._engine.query("UPDATE meta:['schema'] MERGE $columns", columns=columns)


def test_an_older_store_is_refused_until_it_is_migrated(tmp_path):
    path = str(tmp_path / "store")
    with Storage.embedded(path) as storage:
        storage.kv_set("k", b"v")
    _restamp(path, version=0)
    for _ in range(2):
        with pytest.raises(SchemaMigrationNeededError, match="rivers db migrate"):
            Storage.embedded(path)
    Storage.migrate_embedded(path)
    Storage.migrate_embedded(path)
    with Storage.embedded(path) as storage:
        assert storage.kv_get("k") == b"v"
        assert read_stamp(storage._engine)["version"] == SCHEMA_VERSION


def test_a_newer_store_is_refused_and_unchanged(tmp_path):
    path = str(tmp_path / "store")
    Storage.embedded(path).close()
    _restamp(path, version=9, min_reader=9, min_writer=9)
    with pytest.raises(StorageError, match="upgrade rivers") as caught:
        Storage.embedded(path)
    assert not isinstance(caught.value, SchemaMigrationNeededError)
    with pytest.raises(StorageError, match="upgrade rivers"):
        Storage.migrate_embedded(path)


def test_migrating_creates_a_store_where_there_is_none(tmp_path):
    Storage.migrate_embedded(str(tmp_path / "store"))
    Storage.embedded(str(tmp_path / "store")).close()


def test_reserved_dynamic_keys_of_older_builds_are_listed_not_deleted(caplog):
    with Storage.memory() as storage:
        engine = storage._engine
        engine.query(
            "UPDATE meta:['schema'] SET version = 0; INSERT INTO dynamic [{id: ['d', 'a|b']}, {id: ['d', 'ok']}]"
        )
        migrate(engine)
        assert storage.kv_get(RESERVED_KEYS_KEY) == b"d: a|b"
        assert storage.has_dynamic_partition("d", "a|b")
        assert "a|b" in caplog.text
