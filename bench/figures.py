"""A line of the table: a measured value and those that it is compared with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bench.calibration import NOMINAL_SECONDS


@dataclass(frozen=True, slots=True)
class Floor:
    """The cost of the least that could be done, on the same machine and in the same run."""

    what: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured value, in the same unit as its reference, its budget and its floor.

    ``reference`` is the figure of the Rust engine of the reference API, ``budget`` that of the design; ``None`` where
    there is none. ``loop_seconds`` is the calibration of the process that measured, ``None`` for what does not depend
    on the speed of the machine, such as memory. ``others`` is the number of cores that other processes used meanwhile.
    ``more_is_better`` is for rates.
    """

    what: str
    unit: str
    ours: float
    reference: float | None = None
    budget: float | None = None
    floor: Floor | None = None
    loop_seconds: float | None = None
    others: float = 0.0
    more_is_better: bool = False

    @property
    def scaled(self) -> float:
        """The value scaled to a machine whose calibration loop takes the nominal time."""
        if self.loop_seconds is None:
            return self.ours
        slowness = self.loop_seconds / NOMINAL_SECONDS
        return self.ours * slowness if self.more_is_better else self.ours / slowness

    @property
    def of_budget(self) -> float | None:
        """The share of the budget that is used: 1 is just within it, for rates as well."""
        if self.budget is None:
            return None
        return self.budget / self.ours if self.more_is_better else self.ours / self.budget

    @property
    def of_floor(self) -> float | None:
        """The value as a multiple of the floor."""
        if self.floor is None or not self.floor.value:
            return None
        return self.floor.value / self.ours if self.more_is_better else self.ours / self.floor.value

    def as_json(self) -> dict[str, Any]:
        """Return everything about the figure as JSON values."""
        ratios = {"scaled": self.scaled, "of_budget": self.of_budget, "of_floor": self.of_floor}
        return {**asdict(self), **ratios}
