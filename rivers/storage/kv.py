"""Key-value pairs of users and of rivers itself, and the keys of dynamic partitions."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable
from typing import Final

from rivers.exceptions import StorageError
from rivers.partitions.dynamic import KeysInOrder
from rivers.partitions.reserved import value_faults
from rivers.records import StorageType
from rivers.storage.session import Session
from rivers.storage.wire import record_id

_KEYS_PAGE: Final = 1000
"""How many keys are read at a time: a call holds the GIL, and these take some milliseconds."""


class KeyValues(Session):
    """Key-value pairs and dynamic partition keys."""

    def kv_get(self, key: str) -> bytes | None:
        """Return the value of a key, ``None`` when it has none."""
        (value,) = self._engine.query("SELECT VALUE v FROM ONLY $id", id=record_id("kv", key))
        return value

    def kv_set(self, key: str, value: bytes) -> None:
        """Set the value of a key.

        :raises TypeError: ``value`` is not ``bytes``
        """
        if type(value) is not bytes:
            raise TypeError(f"value must be bytes, got {type(value).__name__}")
        with self._engine as engine:
            statement = "UPSERT $id SET v = $value RETURN NONE"
            engine.transact(self.session, [statement], {"id": record_id("kv", key), "value": value})

    def add_dynamic_partitions(self, name: str, keys: Iterable[str]) -> None:
        """Add keys to a dynamic partitions definition. A key that is there already is left alone.

        :raises TypeError: ``keys`` is not a list of ``str``; nothing has been added
        :raises StorageError: a key is empty, or has a character that is reserved or cannot be stored; nothing has been
            added
        """
        # A text would be taken for a list of its letters, which nobody means.
        if isinstance(keys, str) or not isinstance(keys, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the keys of dynamic partitions '{name}' must be a list of str, got {type(keys).__name__}")
        keys = list(dict.fromkeys(keys))
        for key in keys:
            if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"a key of dynamic partitions '{name}' must be a str, got {type(key).__name__}")
            for fault in value_faults(key):
                raise StorageError(f"dynamic partitions '{name}': {fault}")
        if not keys:
            return
        with self._engine as engine, engine.registered_keys.changing(name, added=keys):
            statement = "INSERT IGNORE INTO dynamic $rows RETURN NONE"
            engine.transact(self.session, [statement], {"rows": [{"id": [name, key]} for key in keys]})

    def delete_dynamic_partition(self, name: str, key: str) -> None:
        """Remove a key. One that is not there is no error."""
        with self._engine as engine, engine.registered_keys.changing(name, removed=[key]):
            engine.transact(self.session, ["DELETE $id RETURN NONE"], {"id": record_id("dynamic", name, key)})

    def _keys_of(self, name: str) -> list[str]:
        keys: list[str] = []
        start, last = "[$name,NONE]..", ""
        with self._engine as engine:
            while True:
                sql = f"SELECT VALUE id[1] FROM dynamic:{start}[$name,..] LIMIT {_KEYS_PAGE}"
                (page,) = engine.query(sql, name=name, last=last)
                keys += page
                if len(page) < _KEYS_PAGE:
                    return keys
                start, last = "[$name,$last]>..", page[-1]

    def get_dynamic_partitions(self, name: str) -> list[str]:
        """Return the keys of a definition in lexicographic order. Warn when there are none: a name may be misspelt."""
        keys = self._keys_of(name)
        if not keys:
            warnings.warn(f"dynamic partitions definition '{name}' has no keys", UserWarning, stacklevel=2)
        return keys

    def registered_partitions(self, names: Collection[str]) -> dict[str, KeysInOrder]:
        """Return the keys of each of these dynamic definitions; one that nobody has added to has none."""
        if not names:
            return {}
        with self._engine as engine:
            if engine.kind == StorageType.Remote:
                return {name: KeysInOrder(self._keys_of(name)) for name in names}
            return {name: engine.registered_keys.of(name, self._keys_of) for name in names}

    def has_dynamic_partition(self, name: str, key: str) -> bool:
        """Return whether a definition has that key."""
        (row,) = self._engine.query("SELECT VALUE id FROM ONLY $id", id=record_id("dynamic", name, key))
        return row is not None
