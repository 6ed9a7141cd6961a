"""The report of a step or an IO handler about an output: its metadata and its data version.

``OutputReport`` gathers it; ``OutputContext`` is the one that an IO handler gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rivers.definitions.argument_checks import require_text
from rivers.definitions.values.metadata import MetadataValue
from rivers.definitions.values.metadata_encoding import coerce_metadata
from rivers.partitions.context import PartitionContext


class OutputReport:
    """The part of a context that gathers metadata and data version of one output."""

    def __init__(self) -> None:
        self._output_metadata: dict[str, MetadataValue] = {}
        self._data_version: str | None = None

    @property
    def output_metadata(self) -> dict[str, MetadataValue] | None:
        """The metadata gathered so far, ``None`` when there is none."""
        return dict(self._output_metadata) or None

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Merge ``metadata`` into that of the output; a later call wins key by key.

        :raises TypeError: for anything but a dict with ``str`` keys and coercible values; then nothing is added
        """
        self._output_metadata.update(coerce_metadata(metadata))

    def register_data_version(self, data_version: str) -> None:
        """Give the output a data version; the last call wins.

        :raises TypeError: for anything but a ``str``
        """
        require_text("data_version", data_version)
        self._data_version = data_version

    def drain_data_version(self) -> str | None:
        """Return the registered data version and forget it."""
        version, self._data_version = self._data_version, None
        return version


class OutputContext(OutputReport):
    """The context of an IO handler that stores a value. It can be constructed by hand for tests."""

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
