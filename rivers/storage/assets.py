"""Assets as the store knows them: what the code says about each, and what has last happened to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rivers.records import AssetRecord, StaleCause
from rivers.storage.events import Events
from rivers.storage.kv import KeyValues
from rivers.storage.rows import asset_definition, asset_record
from rivers.storage.session import PAGE_ROWS
from rivers.storage.staleness import judge
from rivers.storage.wire import record_id

TOPOLOGY_KEY = "topology"
"""The kv key under which a resolved repository writes ``{asset: {"deps": [...]}}`` as JSON."""


class Assets(Events, KeyValues):
    """Asset records and staleness."""

    def register_assets(self, records: Sequence[AssetRecord]) -> None:
        """Write what the code says about assets, and keep what has last happened to them."""
        statement = "INSERT INTO asset $rows ON DUPLICATE KEY UPDATE d = $input.d RETURN NONE"
        with self._engine as engine:
            for start in range(0, len(records), PAGE_ROWS):
                page = records[start : start + PAGE_ROWS]
                rows = [{"id": [record.asset_key], "d": asset_definition(record)} for record in page]
                engine.transact(self.session, [statement], {"rows": rows})

    def get_asset_record(self, asset_key: str) -> AssetRecord | None:
        """Return the record of one asset."""
        with self._engine as engine:
            self.flush_events()
            (row,) = engine.query("SELECT * FROM ONLY $id", id=record_id("asset", asset_key))
            return None if row is None else asset_record(row)

    def get_asset_records(self) -> list[AssetRecord]:
        """Return the records of every asset, by key."""
        with self._engine:
            self.flush_events()
            return [asset_record(row) for page in self._asset_pages() for row in page]

    def _asset_pages(self) -> Iterator[list[dict[str, Any]]]:
        sql, variables = "SELECT * FROM asset", dict[str, Any]()
        while True:
            (rows,) = self._engine.query(f"{sql} LIMIT {PAGE_ROWS}", **variables)
            yield rows
            if len(rows) < PAGE_ROWS:
                return
            sql, variables["last"] = "SELECT * FROM asset:[$last]>..", rows[-1]["id"][0]

    def get_assets_by_tag(self, tag: str) -> list[AssetRecord]:
        """Return the assets that carry a tag, by key."""
        return [record for record in self.get_asset_records() if tag in record.tags]

    def get_assets_by_kind(self, kind: str) -> list[AssetRecord]:
        """Return the assets of a kind, by key."""
        return [record for record in self.get_asset_records() if kind in record.kinds]

    def get_assets_by_group(self, group: str) -> list[AssetRecord]:
        """Return the assets of a group, by key; an asset without a group matches nothing."""
        return [record for record in self.get_asset_records() if record.group is not None and record.group == group]

    def compute_staleness(self) -> dict[str, tuple[str, list[StaleCause]]]:
        """Return ``UpToDate``, ``Stale`` or ``Missing`` for every known asset, with the causes. Write nothing."""
        with self._engine:
            topology = json.loads(self.kv_get(TOPOLOGY_KEY) or b"{}")
            records = {record.asset_key: record for record in self.get_asset_records()}
        return judge(records, {key: node.get("deps", []) for key, node in topology.items()})
