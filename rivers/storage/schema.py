"""The schema stamp: which build may read and write a store, and how an older store is brought up to date."""

from __future__ import annotations

import logging
from typing import Any, Final

from rivers.exceptions import SchemaMigrationNeededError, StorageError
from rivers.partitions.reserved import KEY_RESERVED
from rivers.storage.engine import Engine
from rivers.storage.wire import record_id

SCHEMA_VERSION: Final = 1
MIN_READER: Final = 1
MIN_WRITER: Final = 1
RESERVED_KEYS_KEY: Final = "reserved_dynamic_keys"

_STAMP = record_id("meta", "schema")
_BOOT = record_id("meta", "boot")
_log = logging.getLogger("rivers.storage")


def check_stamp(stamp: dict[str, Any], build: int, *, write: bool) -> None:
    """Refuse a store that a build with schema number ``build`` must not open.

    :raises SchemaMigrationNeededError: the store is older; the message names the command
    :raises StorageError: the store is newer than this build can handle
    """
    version = stamp["version"]
    if build > version:
        raise SchemaMigrationNeededError(
            f"the store has schema version {version} and this build of rivers needs {build}: run `rivers db migrate`",
            found=version,
            needed=build,
        )
    floor = stamp["min_writer"] if write else stamp["min_reader"]
    if build < floor:
        raise StorageError(
            f"the store has schema version {version}, which needs a build of rivers with schema {floor} or newer; "
            f"this one has {build}: upgrade rivers"
        )


def open_schema(engine: Engine, *, build: int = SCHEMA_VERSION) -> None:
    """Stamp a fresh store or check the stamp of an old one, then count this opening.

    :raises StorageError: the store is not for this build; nothing has been written
    """
    stamp = read_stamp(engine)
    session = engine.new_session()
    if stamp is None:
        _write_stamp(engine, session, build)
    else:
        check_stamp(stamp, build, write=True)
    (boot,) = engine.transact(session, ["UPSERT ONLY $boot SET n += 1 RETURN VALUE n"], {"boot": _BOOT})
    engine.supersede(session)
    engine.boot = boot


def migrate(engine: Engine, *, build: int = SCHEMA_VERSION) -> None:
    """Bring a store up to date. The stamp is written last.

    Dynamic partition keys with reserved characters, which older builds accepted, are logged and listed under the kv key
    ``reserved_dynamic_keys``. They are not deleted.

    :raises StorageError: the store is newer than this build can handle
    """
    session = engine.new_session()
    stamp = read_stamp(engine)
    if stamp is not None and stamp["version"] >= build:
        check_stamp(stamp, build, write=True)
        return
    _list_reserved_keys(engine, session)
    _write_stamp(engine, session, build)


def read_stamp(engine: Engine) -> dict[str, Any] | None:
    """Return the stamp of a store, ``None`` when it has none yet."""
    (stamp,) = engine.query("SELECT * FROM ONLY $stamp", stamp=_STAMP)
    return stamp


def _write_stamp(engine: Engine, session: str, build: int) -> None:
    statement = "UPSERT $stamp SET version = $version, min_reader = $reader, min_writer = $writer RETURN NONE"
    variables = {"stamp": _STAMP, "version": build, "reader": MIN_READER, "writer": MIN_WRITER}
    engine.transact(session, [statement], variables)


def _list_reserved_keys(engine: Engine, session: str) -> None:
    (keys,) = engine.query("SELECT VALUE id FROM dynamic")
    reserved = [f"{name}: {key}" for name, key in keys if any(character in key for character in KEY_RESERVED)]
    if not reserved:
        return
    _log.warning("dynamic partition keys with reserved characters: %s", "; ".join(reserved))
    statement = "UPSERT $id SET v = $value RETURN NONE"
    variables = {"id": record_id("kv", RESERVED_KEYS_KEY), "value": "\n".join(reserved).encode()}
    engine.transact(session, [statement], variables)
