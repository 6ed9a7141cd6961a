"""What an IO handler is told when it stores a value, and what it may say about it."""

from __future__ import annotations

from typing import Any

from rivers.definitions.output_report import OutputReport
from rivers.partitions.context import PartitionContext


class OutputContext(OutputReport):
    """What an IO handler is told when it stores a value. Also constructible by hand for tests."""

    def __init__(
        self,
        asset_name: str,
        asset_metadata: dict[str, Any] | None = None,
        partition: PartitionContext | None = None,
        type_hint: Any = None,
    ) -> None:
        super().__init__()
        self.asset_name = asset_name
        self.asset_metadata = asset_metadata
        self.partition = partition
        self.type_hint = type_hint
