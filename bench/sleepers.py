"""Wake-ups on simulated time, beside those of the stock ``chrono_daemon`` clock in the same process."""

from __future__ import annotations

import time

import anyio
from chrono_daemon import Context, Daemon, Supervisor

from bench import floors
from bench.apart import apart
from bench.figures import Figure, Floor
from rivers.clock import SimClock

REFERENCE = {"asyncio": 28_000, "trio": 21_000}


class _Ticker(Daemon):
    """A daemon that sleeps one second at a time."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock

    async def run(self, ctx: Context) -> None:
        while True:
            await self._clock.sleep(1)


def measure(tickers: int, seconds: int, backend: str) -> dict[str, float]:
    """Return the wake-ups a CPU second on rivers' clock and on the stock one, each the best of three."""

    async def drive() -> float:
        clock = SimClock()
        supervisor = Supervisor(clock=clock)
        for number in range(tickers):
            supervisor.add(_Ticker(clock), name=f"ticker-{number}")
        async with supervisor:
            await supervisor.wait_all_started()
            began = time.process_time()
            await clock.advance(seconds)
            taken = time.process_time() - began
            await supervisor.stop(grace=0)
        return tickers * seconds / taken

    return {
        "ours": max(anyio.run(drive, backend=backend) for _ in range(3)),
        "stock": max(floors.bare_wake_ups_per_second(tickers, seconds, backend) for _ in range(3)),
    }


def figures(*, tickers: int = 10, seconds: int = 1000) -> list[Figure]:
    """Return one row a backend. The budget is the figure of the stock clock in the same run."""
    found: list[Figure] = []
    for backend, reference in REFERENCE.items():
        sample = apart(measure, tickers=tickers, seconds=seconds, backend=backend)
        found.append(
            Figure(
                what=f"simulated idle sleepers a CPU second, {tickers} tickers, {backend}",
                unit="1/s",
                ours=sample["ours"],
                reference=reference,
                budget=sample["stock"],
                floor=Floor("the stock clock", sample["stock"]),
                loop_seconds=sample.loop_seconds,
                others=sample.others,
                more_is_better=True,
            )
        )
    return found
