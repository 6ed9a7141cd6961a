"""The same system on a simulated clock: scenarios, their trace, and the faults that they plant."""

from __future__ import annotations

from rivers.simulation.faults import Faults
from rivers.simulation.scenario import Scenario
from rivers.simulation.trace import Trace

__all__ = ["Faults", "Scenario", "Trace"]
