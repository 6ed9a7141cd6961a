"""Mappings between the values of two definitions of one dimension each, in both directions.

A mapping of several dimensions comes here for each of them, and never for a product.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, explain_absence
from rivers.partitions.keys import SingleKey
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.naive_time import to_datetime
from rivers.partitions.one_dimension import OneDimension
from rivers.partitions.time_windows import TimeWindowPartitions


@dataclass(frozen=True)
class Link:
    """One dimension of a downstream and one of its upstream, at a moment and with the dynamic keys known then."""

    downstream: OneDimension
    upstream: OneDimension
    upstream_name: str
    now: datetime
    dynamic: DynamicKeys | None


def upstream_values(mapping: PartitionMapping, value: str, link: Link) -> Sequence[str]:
    """Return the upstream values that a downstream value needs.

    :raises PartitionValidationError: when the upstream has no such value, or nothing is mapped to the downstream one
    """
    match mapping:
        case PartitionMapping.Identity():
            return [_member(value, link)]
        case PartitionMapping.Static(mapping=targets):
            if value not in targets:
                raise PartitionValidationError(f"'{value}' is not in its static_ mapping to '{link.upstream_name}'")
            return [_member(targets[value], link)]
        case PartitionMapping.TimeWindow(offset=offset):
            return [_shifted(value, offset, link)]
        case PartitionMapping.AllPartitions():
            return list(link.upstream.iter_values(link.now, link.dynamic))
        case _:
            raise PartitionValidationError(f"{mapping.factory} does not map the values of one dimension")


def downstream_values(mapping: PartitionMapping, value: str, link: Link) -> Iterable[str]:
    """Return the downstream values that need an upstream value, in order; none when it is no value of the upstream."""
    match mapping:
        case PartitionMapping.Identity() | PartitionMapping.Subset():
            candidates: Iterable[str] = [value]
        case PartitionMapping.Static(mapping=targets):
            candidates = [downstream for downstream, target in targets.items() if target == value]
        case PartitionMapping.TimeWindow(offset=offset):
            return _shifted_back(value, offset, link)
        case PartitionMapping.AllPartitions():
            return link.downstream.iter_values(link.now, link.dynamic)
        case _:
            raise PartitionValidationError(f"{mapping.factory} does not map the values of one dimension")
    return [each for each in candidates if link.downstream.has_value(each, link.now, link.dynamic)]


def _member(value: str, link: Link) -> str:
    if not link.upstream.has_value(value, link.now, link.dynamic):
        absence = explain_absence(SingleKey.of(value), link.upstream, link.now, link.dynamic)
        raise PartitionValidationError(
            f"'{value}' is not a partition key of its upstream '{link.upstream_name}': {absence}"
        )
    return value


def _windows(link: Link) -> tuple[TimeWindowPartitions, TimeWindowPartitions]:
    if not isinstance(link.downstream, TimeWindowPartitions) or not isinstance(link.upstream, TimeWindowPartitions):
        raise PartitionValidationError(
            f"time_window maps time windows to time windows, not {link.downstream.describe()} to "
            f"{link.upstream.describe()}"
        )
    return link.downstream, link.upstream


def _shifted(value: str, offset: int, link: Link) -> str:
    """Return the upstream window ``offset`` steps from the one in which the downstream window starts."""
    downstream, upstream = _windows(link)
    start = downstream.start_of(value)
    if start is None:
        absence = explain_absence(SingleKey.of(value), downstream, link.now)
        raise PartitionValidationError(f"'{value}' is not a partition key of {absence}")
    around = upstream.grid.at_or_before(start)
    moved = None if around is None else upstream.grid.step(around, offset)
    low, high = upstream.bounds(link.now)
    if moved is None or not low <= moved < high:
        end = f"{to_datetime(high).isoformat()})" if upstream.end is not None else f"now = {link.now.isoformat()}]"
        raise PartitionValidationError(
            f"the window at offset={offset} from '{value}' is outside the range [{upstream.start.isoformat()}, {end} "
            f"of its upstream '{link.upstream_name}'"
        )
    return upstream.format.render(moved)


def _shifted_back(value: str, offset: int, link: Link) -> Iterable[str]:
    downstream, upstream = _windows(link)
    start = upstream.start_of(value)
    around = None if start is None else upstream.grid.step(start, -offset)
    if around is None:
        return ()
    low, high = downstream.bounds(link.now)
    following = upstream.grid.step(around, 1)
    starts = downstream.grid.starts(max(low, around), high if following is None else min(high, following))
    return map(downstream.format.render, starts)
