"""The failures of a step that are retried."""

from __future__ import annotations

import pickle
import random
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest

from rivers.definitions.policies.backoff import Backoff
from rivers.definitions.policies.retries import (
    Compute,
    ComputeEscalation,
    FailureReason,
    RetryOn,
    RetryPolicy,
    classify_failure,
)
from rivers.exceptions import ConfigurationError


@pytest.mark.rule("execution 3.1.6")
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (MemoryError(), "out_of_memory"),
        (TimeoutError(), "timeout"),
        (KeyboardInterrupt(), "cancelled"),
        (BrokenProcessPool(), "infrastructure"),
        (OSError(), "error"),
        (ConnectionError(), "error"),
        (SystemExit(), "error"),
        (ValueError(), "error"),
    ],
)
def test_a_failure_has_one_reason(failure: BaseException, reason: str) -> None:
    assert classify_failure(failure) == reason


@pytest.mark.rule("execution 3.1.2", "execution 3.1.3", "execution 3.1.4")
@pytest.mark.parametrize(
    ("retry_on", "failure", "retried"),
    [
        (None, ValueError(), True),
        (None, SystemExit(), True),
        (None, KeyboardInterrupt(), False),
        (RetryOn.ALL, ValueError(), True),
        (RetryOn.ALL, KeyboardInterrupt(), False),
        (RetryOn.TRANSIENT, ValueError(), False),
        (RetryOn.TRANSIENT, OSError(), False),
        (RetryOn.TRANSIENT, MemoryError(), True),
        (RetryOn.TRANSIENT, TimeoutError(), True),
        (RetryOn.TRANSIENT, BrokenProcessPool(), True),
        ([], ValueError(), False),
        ([ConnectionError], ConnectionResetError(), True),
        ([ConnectionError], OSError(), False),
        ([Exception], SystemExit(), False),
        ([FailureReason.TIMEOUT], TimeoutError(), True),
        ([FailureReason.OUT_OF_MEMORY], ValueError(), False),
        ([FailureReason.ERROR, KeyError], KeyError(), True),
        ([KeyboardInterrupt, FailureReason.CANCELLED], KeyboardInterrupt(), False),
    ],
)
def test_retry_on_decides_which_failures_are_retried(retry_on: Any, failure: BaseException, retried: bool) -> None:
    assert RetryPolicy(retry_on=retry_on).should_retry(failure, 1) is retried


@pytest.mark.rule("execution 3.1.1")
def test_the_count_of_retries_is_that_of_attempts_after_the_first() -> None:
    assert [RetryPolicy(2).should_retry(ValueError(), count) for count in (1, 2, 3)] == [True, True, False]
    assert RetryPolicy().max_retries == 1
    assert not RetryPolicy(0).should_retry(ValueError(), 1)


@pytest.mark.rule("execution 3.3.6")
def test_reasons_of_an_escalation_are_retried_beside_those_listed() -> None:
    policy = RetryPolicy(retry_on=[KeyError], escalate=ComputeEscalation(max_memory="8Gi"))
    assert policy.should_retry(MemoryError(), 1)
    assert not policy.should_retry(TimeoutError(), 1)


def test_the_wait_is_that_of_the_backoff_and_nothing_without_one() -> None:
    assert RetryPolicy(backoff=Backoff.linear(3)).wait_seconds(2, random.Random(0)) == 6
    assert RetryPolicy().wait_seconds(2, random.Random(0)) == 0


@pytest.mark.rule("execution 3.1.1")
@pytest.mark.parametrize("kind", [OverflowError, ValueError])
def test_a_negative_count_is_refused_as_either_documented_type(kind: type[Exception]) -> None:
    with pytest.raises(kind):
        RetryPolicy(-1)


@pytest.mark.rule("execution 3.1.1", "execution 3.1.5")
@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"max_retries": 1.5}, TypeError),
        ({"retry_on": ValueError}, ConfigurationError),
        ({"retry_on": FailureReason.ERROR}, ConfigurationError),
        ({"retry_on": (ValueError,)}, ConfigurationError),
        ({"retry_on": [int]}, TypeError),
        ({"retry_on": ["error"]}, TypeError),
        ({"retry_on": [ValueError, None]}, TypeError),
        ({"retry_on": [ValueError()]}, TypeError),
        ({"retry_on": "error"}, ConfigurationError),
        ({"backoff": 3}, TypeError),
        ({"escalate": 3}, TypeError),
    ],
)
def test_a_malformed_policy_is_refused(arguments: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        RetryPolicy(**arguments)


@pytest.mark.rule("execution 3.3.5")
def test_escalation_and_compute_are_keyword_only_values() -> None:
    escalation = ComputeEscalation(max_memory="8Gi", factor=3)
    assert (escalation.max_memory, escalation.factor, escalation.on) == ("8Gi", 3, (FailureReason.OUT_OF_MEMORY,))
    assert Compute(cpu="1").memory is None
    with pytest.raises(TypeError):
        Compute("1")
    with pytest.raises(TypeError):
        Compute(cpu=1)
    with pytest.raises(TypeError):
        ComputeEscalation(max_memory="8Gi", on=["error"])


def test_a_policy_can_be_pickled() -> None:
    policy = RetryPolicy(3, backoff=Backoff.exponential(0.5), retry_on=[ConnectionError, FailureReason.TIMEOUT])
    assert pickle.loads(pickle.dumps(policy)) == policy
