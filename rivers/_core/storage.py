"""The records and classes of storage, under the import path that the reference API documents."""

from __future__ import annotations

from rivers.queueing.pool_records import (
    BlockReason,
    ConcurrencyClaimStatus,
    PoolBlockDetail,
    PoolInfo,
    PoolLimit,
    SlotHolder,
)
from rivers.records import (
    AssetRecord,
    LaunchedBy,
    RunRecord,
    StaleCause,
    StorageType,
    StoredEvent,
    StoredLog,
    StoredTick,
    UserRef,
)
from rivers.storage import Storage

__all__ = [
    "AssetRecord",
    "BlockReason",
    "ConcurrencyClaimStatus",
    "LaunchedBy",
    "PoolBlockDetail",
    "PoolInfo",
    "PoolLimit",
    "RunRecord",
    "SlotHolder",
    "StaleCause",
    "Storage",
    "StorageType",
    "StoredEvent",
    "StoredLog",
    "StoredTick",
    "UserRef",
]
