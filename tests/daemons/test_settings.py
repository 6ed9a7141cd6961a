"""Daemons get plain data out of a repository's declarations."""

from __future__ import annotations

import pytest

import rivers as rs
from rivers.daemons.safety import IDLE_SECONDS
from rivers.daemons.settings import (
    DEFAULT_DEQUEUE_INTERVAL_SECONDS,
    DEFAULT_START_TIMEOUT_NS,
    QueueSettings,
    TriggerSettings,
)
from rivers.queueing.admission import Limits, TagLimit
from rivers.storage import Storage


@rs.Asset
def raw() -> int:
    return 1


@rs.Asset
def derived(raw: int) -> int:
    return raw


def test_without_a_queue_there_are_no_limits() -> None:
    assert QueueSettings.of(None) == QueueSettings(None, DEFAULT_DEQUEUE_INTERVAL_SECONDS, DEFAULT_START_TIMEOUT_NS)


def test_a_queue_brings_its_limits_and_intervals() -> None:
    config = rs.RunQueueConfig(
        max_concurrent_runs=3,
        tag_concurrency_limits=[
            rs.TagConcurrencyLimit("team", 2),
            rs.TagConcurrencyLimit("team", 1, value="blue"),
            rs.TagConcurrencyLimit("user", 1, per_unique_value=True),
        ],
        dequeue_interval="2s",
        start_timeout="1m",
    )
    assert QueueSettings.of(config) == QueueSettings(
        Limits(
            max_concurrent_runs=3,
            tag_limits=(
                TagLimit("team", 2),
                TagLimit("team", 1, value="blue"),
                TagLimit("user", 1, per_unique_value=True),
            ),
        ),
        2.0,
        60 * 10**9,
    )


def test_ticks_are_decided_with_the_nodes_of_each_job() -> None:
    repo = rs.CodeRepository([raw, derived], jobs=[rs.Job("one", [raw]), rs.Job("two", [raw, derived])])
    with Storage.memory() as storage:
        repo.resolve(storage)
        settings = TriggerSettings.of(repo, 7)
        repo.shutdown()
    assert settings.targets == {"one": ("raw",), "two": ("raw", "derived")}
    assert not settings.queued
    assert settings.retain == 7


def test_with_a_queue_new_runs_are_queued() -> None:
    repo = rs.CodeRepository([raw], run_queue=rs.RunQueueConfig())
    with Storage.memory() as storage:
        repo.resolve(storage)
        assert TriggerSettings.of(repo, None).queued
        repo.shutdown()


@pytest.mark.parametrize(
    ("start_timeout", "timeout_seconds", "looks_every"),
    [("180s", 180, 90), ("2h", 7200, IDLE_SECONDS), ("0s", 2, 1)],
)
def test_the_launcher_looks_twice_within_the_start_timeout(
    start_timeout: str, timeout_seconds: int, looks_every: float
) -> None:
    settings = QueueSettings.of(rs.RunQueueConfig(start_timeout=start_timeout))
    assert settings.start_timeout_ns == timeout_seconds * 10**9
    assert settings.launch_interval_seconds == looks_every


def test_without_a_queue_the_launcher_looks_as_rarely_as_the_others() -> None:
    assert QueueSettings.of(None).launch_interval_seconds == IDLE_SECONDS
