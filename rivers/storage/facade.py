"""``Storage``: the class that users and daemons hold."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from rivers.exceptions import StorageError
from rivers.records import StorageType
from rivers.storage.assets import Assets
from rivers.storage.changes import Change
from rivers.storage.connection import FOLDER_SCHEME, EmbeddedConnection
from rivers.storage.engine import Engine
from rivers.storage.events import Events
from rivers.storage.execution import ExecutedRuns
from rivers.storage.folder import FolderLock
from rivers.storage.kv import KeyValues
from rivers.storage.pools import Pools
from rivers.storage.runs import Runs
from rivers.storage.schema import migrate, open_schema
from rivers.storage.triggers import Triggers

if TYPE_CHECKING:
    from rivers.clock import Clock
    from rivers.ids import IdSource

S = TypeVar("S")
P = ParamSpec("P")
T = TypeVar("T")


def _awaitable(call: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Return the awaitable twin of a method. It runs inline: an embedded call is shorter than a hop to a thread."""

    @wraps(call)
    async def awaited(self: S, *args: P.args, **kwargs: P.kwargs) -> T:
        return call(self, *args, **kwargs)

    return awaited


class Storage(ExecutedRuns, Assets, Triggers, Pools):
    """A handle on a store: runs, events, ticks, assets, key-value pairs.

    Thread-safe. Build one with ``memory`` or ``embedded``. A store is closed when ``close`` is called on one of its
    handles, or when the last of them is collected.
    """

    def __init__(
        self,
        engine: Engine | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        folder: FolderLock | None = None,
    ) -> None:
        if engine is None:
            raise TypeError("Storage has no constructor: use Storage.memory() or Storage.embedded(path)")
        super().__init__(engine, clock, ids)
        self._folder = folder

    @classmethod
    def memory(cls) -> Storage:
        """Return a fresh store in this process, lost when it is closed."""
        engine = Engine(StorageType.Memory, EmbeddedConnection("mem://"))
        open_schema(engine)
        return cls(engine)

    @classmethod
    def embedded(cls, path: str, *, synced: bool | None = None) -> Storage:
        """Return the store in a folder, which is created when there is none.

        :param synced: whether a commit is on disk when it returns, and so outlives a power cut. ``None`` means yes,
            unless the environment has ``SURREAL_SYNC_DATA=false``. One setting holds for the whole process.
        :raises StorageLocked: the folder is open elsewhere; the message names the holder
        :raises SchemaMigrationNeededError: the store is older than this build
        :raises StorageError: the path cannot be a store, or this process has opened one with the other setting
        """
        engine, folder = _open_folder(path, synced)
        try:
            open_schema(engine)
            folder.boot_id = str(engine.boot)
            folder.advertise(None, None)
        except BaseException:
            engine.close()
            raise
        return cls(engine, folder=folder)

    @staticmethod
    def migrate_embedded(path: str) -> None:
        """Bring the store in a folder up to date. One is created when there is none.

        :raises StorageError: as ``embedded``
        """
        engine, _ = _open_folder(path, None)
        try:
            migrate(engine)
        finally:
            engine.close()

    @classmethod
    def connect(
        cls,
        endpoint: str,
        *,
        username: str | None = None,
        password: str | None = None,
        namespace: str | None = None,
        database: str | None = None,
    ) -> Storage:
        """Raise, since this build has no stores on a SurrealDB server.

        :raises StorageError: always; the message says what to use instead
        """
        raise StorageError(_no_remote(endpoint))

    @staticmethod
    def migrate_remote(
        endpoint: str,
        *,
        username: str | None = None,
        password: str | None = None,
        namespace: str | None = None,
        database: str | None = None,
    ) -> None:
        """Raise, as ``connect``.

        :raises StorageError: always; the message says what to use instead
        """
        raise StorageError(_no_remote(endpoint))

    @property
    def type(self) -> StorageType:
        """The kind of the store."""
        return self._engine.kind

    @property
    def answers_inline(self) -> bool:
        """Whether the engine is in this process, so that an event loop may call it; ``AsyncStore`` asks."""
        return self._engine.answers_inline

    def bound(self, clock: Clock, ids: IdSource) -> Storage:
        """Return another handle on the same store, with that clock and id source and a session of its own."""
        return Storage(self._engine, clock, ids, self._folder)

    def supersede(self, session: str) -> None:
        """Kill a session: its later writes raise ``Superseded``, and its open event groups are dropped."""
        self._engine.supersede(session)

    def live_sessions(self) -> frozenset[str]:
        """Return the sessions of this process that may write."""
        return self._engine.live_sessions()

    def subscribe(self, subscriber: Callable[[Sequence[Change]], None]) -> Callable[[], None]:
        """Call ``subscriber`` after each commit with its changes, in commit order, on a thread that commits.

        An exception of a subscriber is logged and harms no commit.

        :returns: the function that ends the subscription
        """
        return self._engine.changes.subscribe(subscriber)

    def advertise(self, address: str | None, token: str | None) -> None:
        """Tell other processes, through the sidecar of the folder, where the server of this one is.

        :raises StorageError: the store has no folder
        """
        if self._folder is None:
            raise StorageError("only an embedded store has a sidecar to advertise an address in")
        self._folder.advertise(address, token)

    def close(self) -> None:
        """Write the open event groups, close the store and free its folder. Idempotent; all other handles close too."""
        engine = self._engine
        with engine:
            try:
                if engine.is_open:
                    self.flush_events()
            finally:
                engine.close()

    async_get_events_for_asset = _awaitable(Events.get_events_for_asset)
    async_get_events_for_run = _awaitable(Events.get_events_for_run)
    async_get_run_logs = _awaitable(Events.get_run_logs)
    async_get_latest_materialization = _awaitable(Events.get_latest_materialization)
    async_get_materialized_partitions = _awaitable(Events.get_materialized_partitions)
    async_get_asset_record = _awaitable(Assets.get_asset_record)
    async_get_asset_records = _awaitable(Assets.get_asset_records)
    async_get_assets_by_tag = _awaitable(Assets.get_assets_by_tag)
    async_get_assets_by_kind = _awaitable(Assets.get_assets_by_kind)
    async_get_assets_by_group = _awaitable(Assets.get_assets_by_group)
    async_get_run = _awaitable(Runs.get_run)
    async_get_runs = _awaitable(Runs.get_runs)
    async_get_ticks = _awaitable(Triggers.get_ticks)
    async_kv_get = _awaitable(KeyValues.kv_get)
    async_kv_set = _awaitable(KeyValues.kv_set)
    async_add_dynamic_partitions = _awaitable(KeyValues.add_dynamic_partitions)
    async_delete_dynamic_partition = _awaitable(KeyValues.delete_dynamic_partition)
    async_get_dynamic_partitions = _awaitable(KeyValues.get_dynamic_partitions)
    async_has_dynamic_partition = _awaitable(KeyValues.has_dynamic_partition)
    async_set_pool_limit = _awaitable(Pools.set_pool_limit)
    async_get_pool_limits = _awaitable(Pools.get_pool_limits)
    async_get_pool_info = _awaitable(Pools.get_pool_info)
    async_get_all_pool_infos = _awaitable(Pools.get_all_pool_infos)
    async_get_pool_slot_holders = _awaitable(Pools.get_pool_slot_holders)

    def __enter__(self) -> Storage:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        where = "" if self._folder is None else f" at {str(self._folder.folder)!r}"
        return f"<Storage {self.type!r}{where}>"


def _no_remote(endpoint: str) -> str:
    return (
        f"failed to connect to {endpoint}: this build of rivers keeps its store in memory or in a folder; "
        "use Storage.embedded(path), and let other processes go through the server of `rivers serve`"
    )


def _open_folder(path: str, synced: bool | None) -> tuple[Engine, FolderLock]:
    folder = FolderLock(path)
    try:
        connection = EmbeddedConnection(f"{FOLDER_SCHEME}{folder.folder}", synced=synced)
    except BaseException:
        folder.release()
        raise
    return Engine(StorageType.Embedded, connection, folder.release), folder
