"""The wait before a failed step is retried."""

from __future__ import annotations

import math
import pickle
import random
from collections.abc import Callable

import pytest

from rivers.definitions.policies.backoff import Backoff
from rivers.exceptions import ConfigurationError


class Ends:
    """A random source that always draws one end."""

    def __init__(self, upper: bool) -> None:
        self._upper = upper

    def uniform(self, a: float, b: float) -> float:
        return b if self._upper else a


@pytest.mark.rule(
    "execution 3.2.1", "execution 3.2.2", "execution 3.2.3", "execution 3.2.4", "execution 3.2.5", "execution 3.2.6"
)
@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        (Backoff.constant(2), [2, 2, 2]),
        (Backoff.constant(-2), [0, 0, 0]),
        (Backoff.constant(math.nan), [0, 0, 0]),
        (Backoff.constant(5, max_delay=3), [3, 3, 3]),
        (Backoff.linear(2), [2, 4, 6]),
        (Backoff.linear(2, initial=1, max_delay=4), [3, 4, 4]),
        (Backoff.exponential(0.5), [0.5, 1, 2]),
        (Backoff.exponential(1, factor=3, max_delay=5), [1, 3, 5]),
        (Backoff.exponential(8, factor=0.5), [8, 4, 2]),
        (Backoff.fixed([1, 5]), [1, 5, 5]),
    ],
)
def test_each_factory_waits_by_its_formula(backoff: Backoff, waits: list[float]) -> None:
    assert [backoff.wait_seconds(count, random.Random(0)) for count in (1, 2, 3)] == waits


@pytest.mark.rule("execution 3.2.5")
def test_jitter_spreads_the_wait_after_the_longest_delay_was_applied() -> None:
    backoff = Backoff.constant(20, jitter=0.5, max_delay=10)
    assert (backoff.wait_seconds(1, Ends(False)), backoff.wait_seconds(1, Ends(True))) == (5, 15)


def test_an_exponential_that_outgrows_a_float_still_waits_a_finite_time() -> None:
    assert math.isfinite(Backoff.exponential(1).wait_seconds(5000, random.Random(0)))
    assert Backoff.exponential(1, max_delay=7).wait_seconds(5000, random.Random(0)) == 7


@pytest.mark.rule("execution 3.2.7")
@pytest.mark.parametrize(
    "build",
    [
        lambda: Backoff.constant(1, jitter=1.1),
        lambda: Backoff.constant(1, jitter=-0.1),
        lambda: Backoff.constant(1, jitter=math.nan),
        lambda: Backoff.linear(1, jitter=2),
        lambda: Backoff.fixed([1], jitter=2),
        lambda: Backoff.exponential(1, factor=0),
        lambda: Backoff.exponential(1, factor=-1),
        lambda: Backoff.exponential(1, factor=math.inf),
        lambda: Backoff.fixed([]),
        lambda: Backoff.constant(math.inf),
        lambda: Backoff.linear(math.inf),
        lambda: Backoff.exponential(math.inf),
        lambda: Backoff.linear(1, initial=math.inf),
        lambda: Backoff.fixed([1, math.inf]),
        lambda: Backoff.constant(1, max_delay=math.inf),
    ],
)
def test_a_backoff_that_makes_no_sense_is_refused(build: Callable[[], Backoff]) -> None:
    with pytest.raises(ConfigurationError):
        build()


def test_a_wait_that_is_not_a_number_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="delay"):
        Backoff.constant("1s")


@pytest.mark.rule("execution 3.2.7")
def test_a_backoff_is_a_picklable_value_that_only_the_factories_make() -> None:
    assert pickle.loads(pickle.dumps(Backoff.fixed([1, 2]))) == Backoff.fixed([1, 2])
    with pytest.raises(TypeError, match="constant"):
        Backoff()
