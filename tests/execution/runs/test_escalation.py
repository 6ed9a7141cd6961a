"""What the next attempt would ask of its worker."""

from __future__ import annotations

import json

import pytest

from rivers.definitions.policies.retries import Compute, ComputeEscalation
from rivers.execution.runs.escalation import next_compute


@pytest.mark.parametrize(
    ("memory", "factor", "most", "failures", "expected"),
    [
        ("2Gi", 2.0, "16Gi", 1, "4Gi"),
        ("2Gi", 2.0, "16Gi", 2, "8Gi"),
        ("2Gi", 2.0, "16Gi", 3, "16Gi"),
        ("2Gi", 2.0, "16Gi", 9, "16Gi"),
        ("1.5Gi", 1.5, "8Gi", 1, "2.25Gi"),
        ("900Mi", 2.0, "1Gi", 1, "1Gi"),
        (None, 2.0, "16Gi", 1, "16Gi"),
        ("plenty", 2.0, "16Gi", 1, "plenty"),
        ("2Gi", 2.0, "plenty", 1, "4Gi"),
    ],
)
def test_memory_grows_with_each_failure_up_to_its_limit(
    memory: str | None, factor: float, most: str, failures: int, expected: str
) -> None:
    escalation = ComputeEscalation(max_memory=most, factor=factor)
    assert json.loads(next_compute(Compute(memory=memory), escalation, failures)) == {"memory": expected}


def test_cpu_grows_by_its_own_factor_and_stays_without_one() -> None:
    compute = Compute(cpu="500m", memory="1Gi")
    growing = ComputeEscalation(max_memory="4Gi", cpu_factor=2.0, max_cpu="1500m")
    assert json.loads(next_compute(compute, growing, 1)) == {"memory": "2Gi", "cpu": "1000m"}
    assert json.loads(next_compute(compute, growing, 2)) == {"memory": "4Gi", "cpu": "1500m"}
    assert json.loads(next_compute(compute, ComputeEscalation(max_memory="4Gi"), 1)) == {"memory": "2Gi", "cpu": "500m"}
