"""Whether a key format tells the windows of a grid apart, found out when the definition is made."""

from __future__ import annotations

from itertools import islice
from typing import Final

from rivers.exceptions import PartitionDefinitionError
from rivers.partitions.grids import Grid
from rivers.partitions.key_formats import KeyFormat
from rivers.partitions.naive_time import DAY_NANOS, to_text
from rivers.partitions.reserved import value_faults

_TRIED_NANOS: Final = (4 * 365 + 1) * DAY_NANOS
_TRIED_MAX: Final = 1024
_LAST_NANOS: Final = 253_402_300_800 * 10**9  # the end of the year 9999


def refuse_ambiguous_keys(grid: Grid, start: int, key_format: KeyFormat) -> None:
    """Try the format on the windows of the first four years from ``start``, at most 1024 of them.

    :raises PartitionDefinitionError: a window's key does not parse back to its start, is empty, or holds a reserved
        character; the message names the format, the start, the key and what that parses back to
    """
    first = grid.at_or_after(start)
    if first is None or first >= _LAST_NANOS:
        return
    sample = key_format.render(first)
    for fault in value_faults(sample):
        raise PartitionDefinitionError(f"fmt '{key_format.fmt}': {fault}, the key of the window from {to_text(first)}")
    if key_format.tells_apart(grid.unit):
        return
    # The window after the first is always looked at: years apart, a format without a year would pass.
    second = grid.step(first, 1)
    end = max(first + _TRIED_NANOS, 0 if second is None else second + 1)
    for window in islice(grid.starts(first, min(end, _LAST_NANOS)), _TRIED_MAX):
        key = key_format.render(window)
        parsed = key_format.parse(key)
        if parsed != window:
            back = "nothing" if parsed is None else to_text(parsed)
            raise PartitionDefinitionError(
                f"fmt '{key_format.fmt}' does not tell the windows apart: the window from {to_text(window)} has the "
                f"key '{key}', which parses back to {back}"
            )
