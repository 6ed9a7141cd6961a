"""Records as rows, and rows as records.

Fewer columns cost the engine less, so what no query looks into is one encoded body. SurrealDB drops a column that is
NONE, so every column is read with a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from rivers.exceptions import PartitionDefinitionError
from rivers.partitions.keys import PartitionKey
from rivers.records import (
    AUTOMATION_TYPES,
    AssetRecord,
    AutomationKind,
    LaunchedBy,
    NewEvent,
    NewRun,
    RunRecord,
    StoredEvent,
    StoredTick,
    TriggerState,
    UserRef,
)
from rivers.storage.wire import pack, unpack, whole

Row = dict[str, Any]


def key_to_text(key: PartitionKey | None) -> str | None:
    """Return a partition key as it is kept, which is its JSON."""
    return None if key is None else key.to_json()


def key_from_text(text: str | None) -> PartitionKey | None:
    """Return the partition key that was kept. Older stores have plain texts, from before keys had dimensions."""
    return None if text is None else _key_from_text(text)


@lru_cache(maxsize=4096)
def _key_from_text(text: str) -> PartitionKey:
    if text.startswith("{"):
        with suppress(PartitionDefinitionError):
            return PartitionKey.from_json(text)
    return PartitionKey.single(text)


def _pairs(items: Any) -> list[tuple[str, str]]:
    return [(key, value) for key, value in items]


def _launcher_to(by: LaunchedBy) -> list[Any]:
    user = by.user
    return [by.kind, by.name, by.backfill_id, None if user is None else [user.subject, user.email, user.name]]


def _launcher_from(parts: list[Any]) -> LaunchedBy:
    kind, name, backfill_id, user = parts
    return LaunchedBy(kind, name, backfill_id, None if user is None else UserRef(*user))


def run_row(run: NewRun, number: int, position: int) -> Row:
    """Return the row of a new run. ``number`` and ``position`` are its place in the order of creation."""
    body = run_body(run, (number, position), run.start_time, was_queued=run.status == "Queued")
    row: Row = {"id": [run.run_id], "s": run.status, "b": body}
    if run.status == "Started":
        row["sa"] = run.start_time
    return row


def run_body(run: NewRun, place: tuple[int, int], start_time: int, *, was_queued: bool) -> bytes:
    """Return what no query looks into of a run, packed."""
    return pack(
        [
            *place,
            run.job_name,
            run.node_names,
            whole(start_time),
            run.tags,
            run.priority,
            _launcher_to(run.launched_by),
            run.run_key,
            key_to_text(run.partition_key),
            run.config,
            was_queued,
        ]
    )


class RunRow:
    """A run row taken apart, for what the indexes need without the whole record."""

    __slots__ = ("_body", "columns", "run_id", "status")

    def __init__(self, columns: Row) -> None:
        self.columns = columns
        self.run_id: str = columns["id"][0]
        self.status: str = columns["s"]
        self._body: list[Any] = unpack(columns["b"])

    @property
    def place(self) -> tuple[int, int]:
        """The place of the run in the order of creation."""
        return self._body[0], self._body[1]

    @property
    def start_time(self) -> int:
        """When the run was created."""
        return self._body[4]

    @property
    def priority(self) -> int:
        """The priority of the run in the queue."""
        return self._body[6]

    @property
    def was_queued(self) -> bool:
        """Whether the run began in the queue, and so has a ``RunQueued`` event."""
        return self._body[11]

    @property
    def job_name(self) -> str | None:
        """The job that the run executes."""
        return self._body[2]

    @property
    def launched_by(self) -> LaunchedBy:
        """What asked for the run."""
        return _launcher_from(self._body[7])

    def record(self, everyone: str | None = None) -> RunRecord:
        """Return the record of the run. ``everyone`` is the block reason of a queued run that has none of its own."""
        body, columns = self._body, self.columns
        reason: str | None = columns.get("br")
        if reason is None and self.status == "Queued":
            reason = everyone
        return RunRecord(
            run_id=self.run_id,
            job_name=self.job_name,
            status=self.status,
            start_time=body[4],
            end_time=columns.get("ea"),
            tags=_pairs(body[5]),
            node_names=body[3],
            priority=body[6],
            partition_key=key_from_text(body[9]),
            block_reason=reason,
            launched_by=self.launched_by,
            admitted_at=columns.get("aa"),
            started_at=columns.get("sa"),
            run_key=body[8],
            error=columns.get("er"),
            traceback=columns.get("tb"),
            config=body[10],
        )


def tick_row(kind: AutomationKind, tick: StoredTick) -> Row:
    """Return the row of a tick."""
    body = pack(
        [
            tick.id,
            tick.status,
            whole(tick.timestamp),
            tick.run_ids,
            tick.backfill_ids,
            tick.skip_reason,
            tick.error,
            tick.cursor,
            tick.scheduled_at,
            tick.traceback,
            tick.missed_first,
            tick.missed_last,
            tick.missed_count,
        ]
    )
    return {"id": [kind, tick.automation_name, tick.seq], "b": body}


def tick_record(row: Row) -> StoredTick:
    """Return the tick of a row."""
    kind, name, seq = row["id"]
    id_, status, timestamp, run_ids, backfill_ids, *rest = unpack(row["b"])
    skip_reason, error, cursor, scheduled_at, traceback, missed_first, missed_last, missed_count = rest
    return StoredTick(
        id=id_,
        automation_name=name,
        automation_type=AUTOMATION_TYPES[kind],
        status=status,
        timestamp=timestamp,
        run_ids=run_ids,
        backfill_ids=backfill_ids,
        skip_reason=skip_reason,
        error=error,
        cursor=cursor,
        seq=seq,
        scheduled_at=scheduled_at,
        traceback=traceback,
        missed_first=missed_first,
        missed_last=missed_last,
        missed_count=missed_count,
    )


def trigger_state(row: Row) -> TriggerState:
    """Return the state row of a trigger."""
    kind, name = row["id"]
    return TriggerState(
        kind=kind,
        name=name,
        last_seq=row.get("seq", 0),
        cursor=row.get("c"),
        checkpoint=row.get("cp"),
        last_tick_at=row.get("at"),
        choice=row.get("ch"),
        decision_id=row.get("d"),
    )


def event_parts(event: NewEvent) -> list[Any]:
    """Return an event as a list that can be packed."""
    return [
        event.event_type,
        whole(event.timestamp),
        event.asset_key,
        key_to_text(event.partition_key),
        event.metadata,
        event.data_version,
        event.code_version,
        event.input_data_versions,
    ]


def stored_event(id_: str, run_id: str, parts: list[Any]) -> StoredEvent:
    """Return the event that :func:`event_parts` took apart."""
    event_type, timestamp, asset_key, partition, metadata, data_version, code_version, inputs = parts
    return StoredEvent(
        id=id_,
        event_type=event_type,
        asset_key=asset_key,
        run_id=run_id,
        partition_key=key_from_text(partition),
        timestamp=timestamp,
        metadata=_pairs(metadata),
        data_version=data_version,
        code_version=code_version,
        input_data_versions=_pairs(inputs),
    )


def asset_definition(record: AssetRecord) -> bytes:
    """Return what the code says about an asset, packed."""
    return pack([record.tags, record.kinds, record.group, record.code_version, record.pool])


_NO_DEFINITION = pack([[], [], None, None, []])
_NO_EVENT = pack([None, None, None, None])
_NO_MATERIALIZATION = pack([None, [], None])


def asset_record(row: Mapping[str, Any]) -> AssetRecord:
    """Return the record of an asset row: its definition, its newest event and its newest materialization."""
    tags, kinds, group, code_version, pool = unpack(row.get("d") or _NO_DEFINITION)
    event_id, run_id, timestamp, data_version = unpack(row.get("l") or _NO_EVENT)
    materialized_version, inputs, _ = unpack(row.get("m") or _NO_MATERIALIZATION)
    return AssetRecord(
        asset_key=row["id"][0],
        tags=tags,
        kinds=kinds,
        group=group,
        code_version=code_version,
        last_event_id=event_id,
        last_run_id=run_id,
        last_timestamp=timestamp,
        last_data_version=data_version,
        last_materialization_code_version=materialized_version,
        last_input_data_versions=_pairs(inputs),
        pool=[(key, slots) for key, slots in pool],
    )
