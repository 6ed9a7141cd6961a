"""What everything that executes steps of one run needs to know of that run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rivers.execution.runs.environment import Environment
from rivers.execution.runs.ledger import Ledger
from rivers.execution.runs.pool_claims import PoolClaims
from rivers.execution.steps.compiled_steps import Step
from rivers.execution.steps.step_time import Cancellation, Renewals, RunTime


@dataclass(frozen=True, slots=True, eq=False)
class RunScope:
    """One run, while it executes. ``config`` holds the overrides of a step's config by its name.

    ``pools`` claims slots for steps, ``None`` where no step of the run names a pool. ``renewals`` are what has to be
    renewed while time passes: the leases of the run and of those around it, ``None`` where there cannot be any.
    """

    environment: Environment
    run_id: str
    config: Mapping[str, Mapping[str, Any]]
    ledger: Ledger
    cancellation: Cancellation
    time: RunTime
    pools: PoolClaims | None
    renewals: Renewals | None

    def overrides(self, step: Step) -> dict[str, Any] | None:
        """The config overrides of a step, as a plain dictionary."""
        if not self.config:
            return None
        return next((dict(self.config[name]) for name in step.config_names if name in self.config), None)

    def simulated_seconds(self, step: Step, number: int) -> float:
        """How long an attempt lasts before its function is called: 0 but for a simulation that says otherwise."""
        interceptor = self.environment.interceptor
        return 0.0 if interceptor is None or self.only_divides(step) else interceptor.seconds(step.name, number)

    def only_divides(self, step: Step) -> bool:
        """Whether what a simulation says of a map is about the instances that come of it, and not about itself.

        When no functions are called there are no instances, and the map stands for them.
        """
        interceptor = self.environment.interceptor
        return step.instance is not None and interceptor is not None and interceptor.calls_hooks
