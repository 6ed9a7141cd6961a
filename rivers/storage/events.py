"""Events and logs of runs: recording them in groups, writing the groups, reading them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from rivers.partitions.keys import PartitionKey
from rivers.records import NewEvent, StorageType, StoredEvent, StoredLog
from rivers.storage.groups import FINAL_EVENTS, Group
from rivers.storage.pages import Writes, event_id
from rivers.storage.rows import RunRow, key_from_text, stored_event
from rivers.storage.session import PAGE_ROWS, Session
from rivers.storage.transitions import read_run
from rivers.storage.wire import checked_limit, record_id, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCursor:
    """How far the events and logs of a run have been read. The default is the beginning.

    A cursor counts the events of the way through the queue, and names the newest page of what the steps have done.
    """

    queue_events: int = 0
    page: int = 0


class RunLog(NamedTuple):
    """The events and logs of a run since a cursor, oldest first, and the cursor to read on from."""

    events: list[StoredEvent]
    logs: list[StoredLog]
    cursor: LogCursor


_BEGINNING = LogCursor()
_PAGES = "SELECT * FROM {}:[$run,$after]>..[$run,..]"
_LOG_AFTER = f"SELECT * FROM ONLY $id;{_PAGES.format('event_page')};{_PAGES.format('log_page')}"


class Events(Session):
    """Events and logs of runs. Every read first writes the open groups, so that it sees all that was recorded."""

    def record_events(self, run_id: str, events: Sequence[NewEvent]) -> None:
        """Add events to the open group of the run. They are durable when the group is written: when it is full, before
        a read that could see them, in ``flush_events``, with the end of the run, and when ``secure_events`` decides so.

        :raises Superseded: this session may no longer write.
        """
        with self._engine as engine:
            engine.refuse_superseded(self.session)
            group = engine.groups.group(self.session, run_id)
            group.events.extend(events)
            if group.full:
                self._write_groups(self.session, [group])

    def secure_events(self, run_id: str, began: int) -> None:
        """Write the open group of the run if a crash would lose much work with it. In memory nothing outlives a crash.

        :param began: when the step began that has ended now, with all its events recorded
        """
        if self._engine.kind == StorageType.Memory:
            return
        with self._engine as engine:
            group = engine.groups.find(self.session, run_id)
            if group is not None and group.would_be_missed(began):
                self._write_groups(self.session, [group])

    def record_log(
        self,
        run_id: str,
        step_key: str,
        at: int,
        stdout: str | None,
        stderr: str | None,
        logs: str | None,
        traceback: str | None = None,
    ) -> None:
        """Add what a step printed and logged to the open group of the run.

        :raises Superseded: this session may no longer write.
        """
        with self._engine as engine:
            engine.refuse_superseded(self.session)
            group = engine.groups.group(self.session, run_id)
            texts = (stdout, stderr, logs, traceback)
            group.logs.append((step_key, at, *texts))
            group.log_characters += sum(len(text) for text in texts if text is not None)
            if group.full:
                self._write_groups(self.session, [group])

    def flush_events(self) -> None:
        """Write every open group of this engine."""
        with self._engine as engine:
            for session in engine.groups.sessions():
                self._write_groups(session, engine.groups.of(session))

    def _write_groups(self, session: str, groups: Sequence[Group]) -> None:
        """Write groups in one transaction. They stay open when it fails."""
        engine = self._engine
        writes = Writes(engine, groups)
        if writes.statements:
            engine.transact(session, writes.statements, writes.variables)
        engine.groups.forget(session, groups)
        engine.changes.put(writes.changes)

    def get_events_for_run(self, run_id: str) -> list[StoredEvent]:
        """Return every event of a run, oldest first; none when it is unknown."""
        with self._engine as engine:
            self.flush_events()
            run = read_run(engine, run_id)
            before, after = ([], []) if run is None else _queue_events(run)
            return [*before, *self._recorded_events(run_id), *after]

    def get_events_since_anew(self, run_id: str) -> list[StoredEvent]:
        """Return what the steps of a run have done since it last began anew (see ``start_run_again``), oldest first."""
        with self._engine as engine:
            self.flush_events()
            run = read_run(engine, run_id)
            return [] if run is None else self._recorded_events(run_id, run.columns.get("an", 0))

    def _recorded_events(self, run_id: str, after: int = 0) -> list[StoredEvent]:
        return list(_events_of(run_id, self._pages("event_page", run_id, after)))

    def _pages(self, table: str, run_id: str, after: int = 0) -> list[dict[str, Any]]:
        (rows,) = self._engine.query(_PAGES.format(table), run=run_id, after=after)
        return rows

    def get_run_logs(self, run_id: str) -> list[StoredLog]:
        """Return what the steps of a run printed and logged, oldest first."""
        with self._engine:
            self.flush_events()
            return list(_logs_of(run_id, self._pages("log_page", run_id)))

    def get_run_log_after(self, run_id: str, cursor: LogCursor = _BEGINNING) -> RunLog:
        """Return the events and logs of a run since ``cursor``, each once, whichever session recorded it.

        Only what is new is read. A cursor is for one run, and stays valid when that run is started again.
        """
        with self._engine as engine:
            self.flush_events()
            columns, event_pages, log_pages = engine.query(
                _LOG_AFTER, id=record_id("run", run_id), run=run_id, after=cursor.page
            )
        before, after = ([], []) if columns is None else _queue_events(RunRow(columns))
        queue_events = [*before, *after]
        return RunLog(
            [*queue_events[cursor.queue_events :], *_events_of(run_id, event_pages)],
            list(_logs_of(run_id, log_pages)),
            LogCursor(
                queue_events=len(queue_events),
                page=max((row["id"][1] for row in (*event_pages, *log_pages)), default=cursor.page),
            ),
        )

    def get_run_progress(self, run_id: str) -> tuple[int, int]:
        """Return how many steps of a run have ended, and how many it has begun so far."""
        begun: dict[str, None] = {}
        ended: dict[str, None] = {}
        with self._engine:
            self.flush_events()
            for row in self._pages("event_page", run_id):
                for _, (event_type, _, step, partition, *_) in _in_order(unpack(row["b"])):
                    if event_type in FINAL_EVENTS and partition is None:
                        ended[step] = None
                        begun[step] = None
                    elif event_type == "StepStart":
                        begun[step] = None
        return len(ended), len(begun)

    def get_events_for_asset(self, asset_key: str, limit: int = 100) -> list[StoredEvent]:
        """Return the newest events of an asset first, at most ``limit``.

        :raises OverflowError: ``limit`` is negative.
        """
        limit = checked_limit(limit)
        found: list[StoredEvent] = []
        if limit == 0:
            return found
        sql, variables = "SELECT * FROM asset_event:[$key,NONE]..[$key,..]", dict[str, Any](key=asset_key)
        with self._engine as engine:
            self.flush_events()
            while len(found) < limit:
                rows_max = min(limit - len(found), PAGE_ROWS)
                (rows,) = engine.query(f"{sql} LIMIT $rows_max", rows_max=rows_max, **variables)
                for row in rows:
                    found.extend(reversed(_asset_events(row)))
                if len(rows) < rows_max:
                    break
                sql = "SELECT * FROM asset_event:[$key,$at,$number]>..[$key,..]"
                _, variables["at"], variables["number"] = rows[-1]["id"]
        return found[:limit]

    def get_latest_materialization(
        self, asset_key: str, partition: str | PartitionKey | None = None
    ) -> StoredEvent | None:
        """Return the newest materialization of an asset, or of the partition with that key or display text."""
        with self._engine as engine:
            self.flush_events()
            if partition is None:
                (body,) = engine.query("SELECT VALUE m FROM ONLY $id", id=record_id("asset", asset_key))
                pointer = None if body is None else unpack(body)[2]
            else:
                row_id = record_id("asset_partition", asset_key, str(partition))
                (body,) = engine.query("SELECT VALUE p FROM ONLY $id", id=row_id)
                pointer = None if body is None else unpack(body)
            if pointer is None:
                return None
            timestamp, number, place = cast("list[int]", pointer)
            (row,) = engine.query("SELECT * FROM ONLY $id", id=record_id("asset_event", asset_key, -timestamp, -number))
            return None if row is None else _asset_events(row)[place]

    def get_materialized_partitions(self, asset_key: str) -> list[PartitionKey]:
        """Return the partition keys of an asset that have been materialized, in the order of their display texts."""
        sql = "SELECT VALUE k FROM asset_partition:[$key,NONE]..[$key,..]"
        with self._engine as engine:
            self.flush_events()
            (texts,) = engine.query(sql, key=asset_key)
        return [key for text in texts if (key := key_from_text(text)) is not None]

    def count_materialized_partitions(self, asset_key: str) -> int:
        """Return how many partitions of an asset have been materialized."""
        sql = "SELECT count() FROM asset_partition:[$key,NONE]..[$key,..] GROUP ALL"
        with self._engine as engine:
            self.flush_events()
            (rows,) = engine.query(sql, key=asset_key)
            return rows[0]["count"] if rows else 0


def _events_of(run_id: str, pages: Iterable[dict[str, Any]]) -> Iterator[StoredEvent]:
    for row in pages:
        for index, parts in _in_order(unpack(row["b"])):
            yield stored_event(event_id(run_id, row["id"][1], index), run_id, parts)


def _logs_of(run_id: str, pages: Iterable[dict[str, Any]]) -> Iterator[StoredLog]:
    for row in pages:
        for index, entry in enumerate(unpack(row["b"])):
            yield StoredLog(f"{run_id}/{row['id'][1]}/log/{index}", run_id, *entry)


def _in_order(chunks: list[list[tuple[int, list[Any]]]]) -> list[tuple[int, list[Any]]]:
    """Return the events of a page in the order in which they were recorded."""
    return sorted((entry for chunk in chunks for entry in chunk), key=lambda entry: entry[0])


def _asset_events(row: dict[str, Any]) -> list[StoredEvent]:
    run_id, number = row["r"], -row["id"][2]
    return [stored_event(event_id(run_id, number, index), run_id, parts) for index, parts in unpack(row["b"])]


def _queue_events(run: RunRow) -> tuple[list[StoredEvent], list[StoredEvent]]:
    """Return the events of the run's way through the queue, before and after those of its steps.

    They are derived from the row of the run, which has the moment of each. Storing one would cost more than the
    transition that it is about.
    """
    priority = str(run.priority)
    metadata = [("priority", priority), ("rivers/priority", priority)]
    before: list[StoredEvent] = []
    if run.was_queued:
        before.append(_run_event(run, "RunQueued", run.start_time, metadata))
        admitted_at = run.columns.get("aa")
        if admitted_at is not None:
            before.append(_run_event(run, "RunDequeued", admitted_at, metadata))
    if not run.columns.get("lf"):
        return before, []
    error = [("error", run.columns.get("er") or "")]
    return before, [_run_event(run, "RunLaunchFailed", run.columns["ea"], error)]


def _run_event(run: RunRow, event_type: str, at: int, metadata: list[tuple[str, str]]) -> StoredEvent:
    return StoredEvent(f"{run.run_id}/{event_type}", event_type, None, run.run_id, None, at, metadata)
