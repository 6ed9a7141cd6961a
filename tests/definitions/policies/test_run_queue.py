"""The configuration of the run queue."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.policies.run_queue import RunBackendConfig, RunQueueConfig, TagConcurrencyLimit


@pytest.mark.rule("queue 1.1")
def test_the_defaults_are_those_of_the_reference() -> None:
    config = RunQueueConfig()
    assert (config.max_concurrent_runs, config.tag_concurrency_limits) == (10, [])
    assert (config.dequeue_interval, config.start_timeout) == ("250ms", "180s")
    assert (config.dequeue_interval_ns, config.start_timeout_ns) == (250_000_000, 180_000_000_000)


@pytest.mark.rule("queue 1.2")
def test_limits_may_be_unlimited_or_closed_and_durations_zero() -> None:
    assert RunQueueConfig(-1, [], "0s", "0s").max_concurrent_runs == -1
    assert RunQueueConfig(0).max_concurrent_runs == 0


def test_the_reprs_are_those_of_the_reference() -> None:
    limit = TagConcurrencyLimit("k", 1, "v")
    assert repr(limit) == "TagConcurrencyLimit(key='k', value='v', limit=1)"
    assert repr(RunQueueConfig(2, [limit], "100ms", "2s")) == (
        "RunQueueConfig(max_concurrent_runs=2, tag_concurrency_limits=[...1], "
        "dequeue_interval='100ms', start_timeout='2s')"
    )


@pytest.mark.rule("queue 1.1")
@pytest.mark.parametrize("parameter", ["dequeue_interval", "start_timeout"])
def test_an_invalid_duration_names_its_parameter(parameter: str) -> None:
    arguments: dict[str, Any] = {parameter: "zz"}
    with pytest.raises(ValueError, match=parameter):
        RunQueueConfig(**arguments)


@pytest.mark.rule("queue 1.1")
@pytest.mark.parametrize(
    "arguments",
    [
        {"tag_concurrency_limits": ["k"]},
        {"tag_concurrency_limits": 3},
        {"dequeue_interval": 3},
        {"max_concurrent_runs": "3"},
    ],
)
def test_a_mistyped_argument_is_a_type_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        RunQueueConfig(**arguments)


@pytest.mark.rule("queue 1.3")
def test_a_tag_limit_accepts_what_has_no_effect_and_refuses_a_negative_limit() -> None:
    limit = TagConcurrencyLimit("", 0, "v", True)
    assert (limit.key, limit.limit, limit.value, limit.per_unique_value) == ("", 0, "v", True)
    for kind in (OverflowError, ValueError):
        with pytest.raises(kind):
            TagConcurrencyLimit("k", -1)


def test_a_backend_is_local_or_kubernetes() -> None:
    assert not RunBackendConfig.local().is_kubernetes()
    assert RunBackendConfig.kubernetes("image").is_kubernetes()
