"""One story, one trace: whatever the backend, the run, the hash seed."""

from __future__ import annotations

import anyio
import pytest

from scenarios.checks import tellings_that_differ
from scenarios.digest_story import tell
from scenarios.elsewhere import told_elsewhere
from tests.soak import SOAK

TELLINGS = 20 if SOAK else 1
ELSEWHERE = [(backend, seed) for backend in ("asyncio", "trio") for seed in ("0", "1", "20261121")]


@pytest.fixture(scope="module")
def expected() -> str:
    """The story as asyncio tells it."""
    return anyio.run(tell, backend="asyncio")


def test_the_story_has_runs_whose_steps_meet_in_one_instant(expected: str) -> None:
    effects = expected.split(" ", 2)[2].split("|")
    instants = [effect.split()[0] for effect in effects]
    assert len(effects) > 20
    assert len(instants) > len(set(instants))


def test_trio_tells_it_as_asyncio_does_every_time(expected: str) -> None:
    assert tellings_that_differ(expected, (anyio.run(tell, backend="trio") for _ in range(TELLINGS))) == []


@pytest.mark.parametrize(("backend", "hash_seed"), ELSEWHERE if SOAK else [("trio", "1")])
def test_other_processes_tell_it_alike_whatever_their_hash_seed(expected: str, backend: str, hash_seed: str) -> None:
    assert told_elsewhere("digest_story", backend, PYTHONHASHSEED=hash_seed) == expected
