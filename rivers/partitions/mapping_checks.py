"""The check, when a repository is resolved, that a mapping fits the two definitions it stands between.

A reason is a text for whoever wrote the mapping; ``None`` means that the mapping fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import PartitionsDefinition, explain_absence
from rivers.partitions.dynamic import DynamicPartitions
from rivers.partitions.key_selection import selector_fault
from rivers.partitions.keys import SingleKey
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.naive_time import to_text
from rivers.partitions.one_dimension import OneDimension
from rivers.partitions.overlap import start_off_grid
from rivers.partitions.products import MultiPartitions
from rivers.partitions.static import StaticPartitions
from rivers.partitions.time_windows import TimeWindowPartitions
from rivers.wording import quoted

_LISTED_MAX: Final = 10
# A window that is still to come is as good as one that has begun.
_END_OF_TIME: Final = datetime(9000, 1, 1)


def check_mapping(
    down_name: str,
    down_def: PartitionsDefinition | None,
    up_name: str,
    up_def: PartitionsDefinition | None,
    mapping: PartitionMapping | None,
) -> None:
    """Refuse a mapping that can never work. No mapping means identity between partitioned nodes.

    Keys that the mapping names may be windows that are still to come. Dynamic keys are unknown here, and every one is
    accepted.

    :raises PartitionValidationError: when it does not fit, naming both assets and the reason
    """
    reason = _Fit(down_name, up_name).reason(mapping, down_def, up_def)
    if reason is not None:
        raise PartitionValidationError(
            f"Asset '{down_name}' depends on '{up_name}': {reason}", kind="Asset", name=down_name, value=up_name
        )


@dataclass(frozen=True)
class _Fit:
    down_name: str
    up_name: str

    def reason(
        self,
        mapping: PartitionMapping | None,
        downstream: PartitionsDefinition | None,
        upstream: PartitionsDefinition | None,
    ) -> str | None:
        if downstream is None and upstream is None:
            if mapping is None or isinstance(mapping, PartitionMapping.Identity):
                return None
            return f"{mapping.factory} has nothing to map: neither asset has partitions"
        if upstream is None:
            return None if downstream is None else self._to_unpartitioned(mapping, downstream)
        if downstream is None:
            return self._from_unpartitioned(mapping, upstream)
        return self.between(mapping or PartitionMapping.identity(), downstream, upstream)

    def _to_unpartitioned(self, mapping: PartitionMapping | None, downstream: PartitionsDefinition) -> str | None:
        match mapping:
            case None | PartitionMapping.AllPartitions():
                return None
            case PartitionMapping.ForKeys(selectors=selectors):
                faults = (selector_fault(each, downstream, _END_OF_TIME, None) for each in selectors)
                return next((f"for_keys: {fault}" for fault in faults if fault is not None), None)
            case _:
                return (
                    f"{mapping.factory} needs a partitioned upstream, and '{self.up_name}' has no partitions: "
                    f"use all_partitions, for_keys or no mapping"
                )

    def _from_unpartitioned(self, mapping: PartitionMapping | None, upstream: PartitionsDefinition) -> str | None:
        match mapping:
            case PartitionMapping.AllPartitions():
                return None
            case PartitionMapping.SpecificPartitions(keys=keys):
                faults = (selector_fault(each, upstream, _END_OF_TIME, None) for each in keys)
                return next((f"specific_partitions: {fault}" for fault in faults if fault is not None), None)
            case _:
                given = "a mapping is required" if mapping is None else f"{mapping.factory} cannot map it"
                return (
                    f"'{self.up_name}' is partitioned and '{self.down_name}' is not, so {given}: use all_partitions "
                    f"or specific_partitions"
                )

    def between(
        self, mapping: PartitionMapping, downstream: PartitionsDefinition, upstream: PartitionsDefinition
    ) -> str | None:
        """Return why the mapping does not fit two sides with partitions: two assets, or two dimensions."""
        match mapping:
            case PartitionMapping.AllPartitions():
                return None
            case PartitionMapping.Identity():
                return self._identity(downstream, upstream)
            case PartitionMapping.Subset():
                return self._subset(downstream, upstream)
            case PartitionMapping.Static(mapping=targets):
                return self._static(targets, downstream, upstream)
            case PartitionMapping.TimeWindow():
                return self._time_window(downstream, upstream)
            case PartitionMapping.Multi(dimension_mappings=pairs):
                return self._multi(pairs, downstream, upstream)
            case PartitionMapping.MultiToSingle():
                return self._multi_to_single(mapping, downstream, upstream)
            case PartitionMapping.ForKeys():
                return f"for_keys is for an upstream without partitions, and '{self.up_name}' is partitioned"
            case _:
                return (
                    f"{mapping.factory} is for a downstream without partitions, and '{self.down_name}' is partitioned"
                )

    def _identity(self, downstream: PartitionsDefinition, upstream: PartitionsDefinition) -> str | None:
        match downstream, upstream:
            case StaticPartitions(), StaticPartitions():
                strange = self._not_among(downstream, upstream)
                return None if strange is None else f"identity: downstream keys that the upstream has not: {strange}"
            case DynamicPartitions(), DynamicPartitions():
                if downstream.name == upstream.name:
                    return None
                return (
                    f"identity: the dynamic namespaces differ, downstream '{downstream.name}', upstream "
                    f"'{upstream.name}'"
                )
            case MultiPartitions(), MultiPartitions():
                return self._same_dimensions(PartitionMapping.identity(), downstream, upstream)
            case TimeWindowPartitions(), TimeWindowPartitions():
                return _different_formats("identity", downstream, upstream) or _off_grid(downstream, upstream)
            case _:
                return _different_variants("identity", downstream, upstream)

    def _subset(self, downstream: PartitionsDefinition, upstream: PartitionsDefinition) -> str | None:
        match downstream, upstream:
            case StaticPartitions(), StaticPartitions():
                extra = self._not_among(upstream, downstream)
                return None if extra is None else f"subset: upstream keys that the downstream has not: {extra}"
            case MultiPartitions(), MultiPartitions():
                return self._same_dimensions(PartitionMapping.subset(), downstream, upstream)
            case _ if downstream.variant == upstream.variant:
                return None
            case _:
                return _different_variants("subset", downstream, upstream)

    def _not_among(self, these: OneDimension, those: OneDimension) -> str | None:
        """Return the keys of one definition that the other has not, as text; ``None`` when it has them all."""
        return _listed([each for each in these.iter_values(_END_OF_TIME) if not those.has_value(each, _END_OF_TIME)])

    def _same_dimensions(
        self, mapping: PartitionMapping, downstream: MultiPartitions, upstream: MultiPartitions
    ) -> str | None:
        down_names, up_names = downstream.names, upstream.names
        if sorted(down_names) != sorted(up_names):
            return (
                f"{mapping.factory}: the dimensions differ, downstream {quoted(down_names)}, "
                f"upstream {quoted(up_names)}"
            )
        pairs = {name: (name, mapping) for name in up_names}
        return self._per_dimension(pairs, downstream, upstream)

    def _per_dimension(
        self, pairs: dict[str, tuple[str, PartitionMapping]], downstream: MultiPartitions, upstream: MultiPartitions
    ) -> str | None:
        for name, (paired, inner) in pairs.items():
            down_dimension, up_dimension = downstream.dimension(paired), upstream.dimension(name)
            if down_dimension is not None and up_dimension is not None:
                reason = self.between(inner, down_dimension, up_dimension)
                if reason is not None:
                    return f"in dimension '{name}': {reason}"
        return None

    def _static(
        self, targets: dict[str, str], downstream: PartitionsDefinition, upstream: PartitionsDefinition
    ) -> str | None:
        if not isinstance(upstream, StaticPartitions | TimeWindowPartitions):
            return (
                f"static_ needs an upstream whose keys can be listed one by one, Static or TimeWindow, and "
                f"'{self.up_name}' is {upstream.variant}"
            )
        for key, target in targets.items():
            if not downstream.contains(SingleKey.of(key), _END_OF_TIME):
                absence = explain_absence(SingleKey.of(key), downstream, _END_OF_TIME)
                return f"static_: '{key}' is not a partition key of the downstream: {absence}"
            if not upstream.has_value(target, _END_OF_TIME):
                absence = explain_absence(SingleKey.of(target), upstream, _END_OF_TIME)
                return f"static_: '{target}', the target of '{key}', is not a partition key of the upstream: {absence}"
        return None

    def _time_window(self, downstream: PartitionsDefinition, upstream: PartitionsDefinition) -> str | None:
        if isinstance(downstream, TimeWindowPartitions) and isinstance(upstream, TimeWindowPartitions):
            return _different_formats("time_window", downstream, upstream)
        sides = (("downstream", self.down_name, downstream), ("upstream", self.up_name, upstream))
        wrong = [
            f"the {side} '{name}' is {definition.variant}"
            for side, name, definition in sides
            if not isinstance(definition, TimeWindowPartitions)
        ]
        return f"time_window needs TimeWindow partitions on both sides, and {' and '.join(wrong)}"

    def _multi(
        self,
        pairs: dict[str, tuple[str, PartitionMapping]],
        downstream: PartitionsDefinition,
        upstream: PartitionsDefinition,
    ) -> str | None:
        if not isinstance(downstream, MultiPartitions) or not isinstance(upstream, MultiPartitions):
            return (
                f"multi needs Multi partitions on both sides, and downstream is {downstream.variant}, upstream is "
                f"{upstream.variant}"
            )
        up_names, down_names = upstream.names, downstream.names
        for name, (paired, _) in pairs.items():
            if name not in up_names:
                return f"multi: unknown upstream dimension '{name}'; there are {quoted(up_names)}"
            if paired not in down_names:
                return f"multi: unknown downstream dimension '{paired}'; there are {quoted(down_names)}"
        for name in up_names:
            if name not in pairs:
                return f"multi: missing upstream dimension '{name}'"
        return self._per_dimension(pairs, downstream, upstream)

    def _multi_to_single(
        self,
        mapping: PartitionMapping.MultiToSingle,
        downstream: PartitionsDefinition,
        upstream: PartitionsDefinition,
    ) -> str | None:
        name, inner = mapping.dimension_name, mapping.partition_mapping
        match downstream, upstream:
            case MultiPartitions() as several, OneDimension():
                dimension = several.dimension(name)
                reason = None if dimension is None else self.between(inner, dimension, upstream)
            case OneDimension(), MultiPartitions() as several:
                dimension = several.dimension(name)
                reason = None if dimension is None else self.between(inner, downstream, dimension)
            case _:
                return (
                    f"multi_to_single needs Multi partitions on exactly one side, and downstream is "
                    f"{downstream.variant}, upstream is {upstream.variant}"
                )
        if dimension is None:
            return f"multi_to_single: there is no dimension '{name}'; available dimensions: {quoted(several.names)}"
        return None if reason is None else f"in dimension '{name}': {reason}"


def _different_variants(factory: str, downstream: PartitionsDefinition, upstream: PartitionsDefinition) -> str:
    return (
        f"{factory} needs partitions of the same variant, and downstream is {downstream.variant}, upstream is "
        f"{upstream.variant}: give a partition_mapping that fits"
    )


def _different_formats(factory: str, downstream: TimeWindowPartitions, upstream: TimeWindowPartitions) -> str | None:
    if downstream.fmt == upstream.fmt:
        return None
    return f"{factory} needs the same fmt, and downstream has '{downstream.fmt}', upstream '{upstream.fmt}'"


def _off_grid(downstream: TimeWindowPartitions, upstream: TimeWindowPartitions) -> str | None:
    start = start_off_grid(downstream, upstream)
    if start is None:
        return None
    return (
        f"identity: the downstream window that starts at {to_text(start)} is not on the upstream grid, "
        f"{upstream.describe()}"
    )


def _listed(values: Sequence[str]) -> str | None:
    if not values:
        return None
    return quoted(values, _LISTED_MAX)
