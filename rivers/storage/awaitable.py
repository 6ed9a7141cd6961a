"""The ``async_`` twins of the calls that users await."""

from __future__ import annotations

from collections.abc import Iterable

from rivers.partitions.keys import PartitionKey
from rivers.queueing.pool_records import PoolInfo, PoolLimit, SlotHolder
from rivers.records import AssetRecord, RunRecord, StoredEvent, StoredLog, StoredTick
from rivers.storage.assets import Assets
from rivers.storage.execution import ExecutedRuns
from rivers.storage.pools import DEFAULT_LEASE, Pools
from rivers.storage.triggers import Triggers


class AwaitableReads(ExecutedRuns, Assets, Triggers, Pools):
    """The same calls, awaitable. They run inline: an embedded call takes less time than a hop to a thread."""

    async def async_get_events_for_asset(self, asset_key: str, limit: int = 100) -> list[StoredEvent]:
        """As :meth:`get_events_for_asset`."""
        return self.get_events_for_asset(asset_key, limit)

    async def async_get_events_for_run(self, run_id: str) -> list[StoredEvent]:
        """As :meth:`get_events_for_run`."""
        return self.get_events_for_run(run_id)

    async def async_get_run_logs(self, run_id: str) -> list[StoredLog]:
        """As :meth:`get_run_logs`."""
        return self.get_run_logs(run_id)

    async def async_get_latest_materialization(
        self, asset_key: str, partition: str | PartitionKey | None = None
    ) -> StoredEvent | None:
        """As :meth:`get_latest_materialization`."""
        return self.get_latest_materialization(asset_key, partition)

    async def async_get_materialized_partitions(self, asset_key: str) -> list[PartitionKey]:
        """As :meth:`get_materialized_partitions`."""
        return self.get_materialized_partitions(asset_key)

    async def async_get_asset_record(self, asset_key: str) -> AssetRecord | None:
        """As :meth:`get_asset_record`."""
        return self.get_asset_record(asset_key)

    async def async_get_asset_records(self) -> list[AssetRecord]:
        """As :meth:`get_asset_records`."""
        return self.get_asset_records()

    async def async_get_assets_by_tag(self, tag: str) -> list[AssetRecord]:
        """As :meth:`get_assets_by_tag`."""
        return self.get_assets_by_tag(tag)

    async def async_get_assets_by_kind(self, kind: str) -> list[AssetRecord]:
        """As :meth:`get_assets_by_kind`."""
        return self.get_assets_by_kind(kind)

    async def async_get_assets_by_group(self, group: str) -> list[AssetRecord]:
        """As :meth:`get_assets_by_group`."""
        return self.get_assets_by_group(group)

    async def async_get_run(self, run_id: str) -> RunRecord | None:
        """As :meth:`get_run`."""
        return self.get_run(run_id)

    async def async_get_runs(self, limit: int = 100, status: str | None = None) -> list[RunRecord]:
        """As :meth:`get_runs`."""
        return self.get_runs(limit, status)

    async def async_get_ticks(self, automation_name: str, limit: int = 100) -> list[StoredTick]:
        """As :meth:`get_ticks`."""
        return self.get_ticks(automation_name, limit)

    async def async_kv_get(self, key: str) -> bytes | None:
        """As :meth:`kv_get`."""
        return self.kv_get(key)

    async def async_kv_set(self, key: str, value: bytes) -> None:
        """As :meth:`kv_set`."""
        self.kv_set(key, value)

    async def async_add_dynamic_partitions(self, name: str, keys: Iterable[str]) -> None:
        """As :meth:`add_dynamic_partitions`."""
        self.add_dynamic_partitions(name, keys)

    async def async_delete_dynamic_partition(self, name: str, key: str) -> None:
        """As :meth:`delete_dynamic_partition`."""
        self.delete_dynamic_partition(name, key)

    async def async_get_dynamic_partitions(self, name: str) -> list[str]:
        """As :meth:`get_dynamic_partitions`."""
        return self.get_dynamic_partitions(name)

    async def async_has_dynamic_partition(self, name: str, key: str) -> bool:
        """As :meth:`has_dynamic_partition`."""
        return self.has_dynamic_partition(name, key)

    async def async_set_pool_limit(self, pool_key: str, limit: int, lease_duration: str = DEFAULT_LEASE) -> None:
        """As :meth:`set_pool_limit`."""
        self.set_pool_limit(pool_key, limit, lease_duration)

    async def async_get_pool_limits(self) -> list[PoolLimit]:
        """As :meth:`get_pool_limits`."""
        return self.get_pool_limits()

    async def async_get_pool_info(self, pool_key: str) -> PoolInfo:
        """As :meth:`get_pool_info`."""
        return self.get_pool_info(pool_key)

    async def async_get_all_pool_infos(self) -> list[PoolInfo]:
        """As :meth:`get_all_pool_infos`."""
        return self.get_all_pool_infos()

    async def async_get_pool_slot_holders(self, pool_key: str) -> list[SlotHolder]:
        """As :meth:`get_pool_slot_holders`."""
        return self.get_pool_slot_holders(pool_key)
