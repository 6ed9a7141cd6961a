"""The rows of an event group: one page, one row for each asset in it, and the state rows that follow from it.

Tables: ``event_page:[run_id, number]``, ``log_page:[run_id, number]``, ``asset_event:[asset, -timestamp, -number]``,
``asset:[asset]`` (``d`` definition, ``l`` newest event, ``m`` newest materialization),
``asset_partition:[asset, display text]`` (``k`` the key as it is kept, ``p`` where its newest materialization is).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rivers.records import NewEvent
from rivers.storage.changes import AssetUpdated, Change, EventRecorded
from rivers.storage.engine import Engine
from rivers.storage.groups import Group
from rivers.storage.rows import Row, event_parts, key_to_text
from rivers.storage.wire import pack, pack_array

UPDATES: Final = ("Materialization", "Observation")
"""The events that say that an asset was updated."""

_INSERTS: Final = {
    "event_page": "INSERT INTO event_page $event_page RETURN NONE",
    "log_page": "INSERT INTO log_page $log_page RETURN NONE",
    "asset_event": "INSERT INTO asset_event $asset_event RETURN NONE",
    "materialized": "INSERT INTO asset $materialized ON DUPLICATE KEY UPDATE l = $input.l, m = $input.m RETURN NONE",
    "observed": "INSERT INTO asset $observed ON DUPLICATE KEY UPDATE l = $input.l RETURN NONE",
    "asset_partition": "INSERT INTO asset_partition $asset_partition ON DUPLICATE KEY UPDATE k = $input.k, p = $input.p"
    " RETURN NONE",
}


def event_id(run_id: str, page: int, index: int) -> str:
    """Return the opaque id of the event at ``index`` of a page."""
    return f"{run_id}/{page}/{index}"


class Writes:
    """The rows of some groups: the statements that write them, their variables and what subscribers are told."""

    def __init__(self, engine: Engine, groups: Iterable[Group]) -> None:
        self.changes: list[Change] = []
        self._telling = engine.changes.wanted
        self._rows: dict[str, dict[tuple[Any, ...], Row]] = {table: {} for table in _INSERTS}
        for group in groups:
            number = engine.next_number()
            if group.events:
                self._add_events(group, number)
            if group.logs:
                self._put("log_page", (group.run_id, number), b=pack(group.logs))

    @property
    def statements(self) -> list[str]:
        """The statements that write the rows."""
        return [_INSERTS[table] for table, rows in self._rows.items() if rows]

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the statements."""
        return {table: list(rows.values()) for table, rows in self._rows.items() if rows}

    def _put(self, table: str, key: tuple[Any, ...], **columns: Any) -> None:
        self._rows[table][key] = {"id": list(key), **columns}

    def _add_events(self, group: Group, number: int) -> None:
        """Add the page of a group: a chunk for each asset. Readers put the events of all chunks in order again."""
        run_id = group.run_id
        chunks: list[bytes] = []
        by_asset: dict[str, list[tuple[int, NewEvent]]] = {}
        for index, event in enumerate(group.events):
            if event.asset_key is None:
                chunks.append(pack([(index, event_parts(event))]))
            else:
                by_asset.setdefault(event.asset_key, []).append((index, event))
            if self._telling:
                self.changes.append(_change(run_id, event))
        for asset_key, events in by_asset.items():
            chunk = pack([(index, event_parts(event)) for index, event in events])
            chunks.append(chunk)
            if not events[0][1].of_instance:
                self._add_asset_events(run_id, number, asset_key, events, chunk)
        self._put("event_page", (run_id, number), b=pack_array(chunks))

    def _add_asset_events(
        self, run_id: str, number: int, asset_key: str, events: list[tuple[int, NewEvent]], chunk: bytes
    ) -> None:
        """Add the row with all events of an asset in this group, and the state rows that follow from the newest."""
        timestamp = events[-1][1].timestamp
        self._put("asset_event", (asset_key, -timestamp, -number), r=run_id, b=chunk)
        for place, (index, event) in enumerate(events):
            if event.event_type not in UPDATES:
                continue
            newest = pack([event_id(run_id, number, index), run_id, event.timestamp, event.data_version])
            if event.event_type == "Observation":
                self._put("observed", (asset_key,), l=newest)
                continue
            pointer = [timestamp, number, place]
            materialized = pack([event.code_version, event.input_data_versions, pointer])
            # Observations are written last, so an older one must not undo this.
            self._rows["observed"].pop((asset_key,), None)
            self._put("materialized", (asset_key,), l=newest, m=materialized)
            if event.partition_key is not None:
                row_key = (asset_key, str(event.partition_key))
                self._put("asset_partition", row_key, k=key_to_text(event.partition_key), p=pack(pointer))


def _change(run_id: str, event: NewEvent) -> EventRecorded:
    asset_key, event_type, key = event.asset_key, event.event_type, event.partition_key
    if asset_key is not None and event_type in UPDATES and not event.of_instance:
        return AssetUpdated(
            at=event.timestamp, run_id=run_id, event_type=event_type, asset_key=asset_key, partition_key=key
        )
    return EventRecorded(
        at=event.timestamp, run_id=run_id, event_type=event_type, asset_key=asset_key, partition_key=key
    )
