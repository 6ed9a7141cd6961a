"""The least that could be done: a transaction of the bare engine, a wake-up of the bare clock, an empty thread hop."""

from __future__ import annotations

import queue
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from chrono_daemon import Context, Daemon, SimClock, Supervisor

from rivers.storage.connection import EmbeddedConnection
from rivers.storage.wire import query_request, record_id, results

_STATEMENT = "BEGIN;CREATE $id SET a = $a, b = $b RETURN NONE;COMMIT;"


def memory_transaction_seconds(count: int = 300) -> float:
    """Return the median wall seconds of a transaction that creates one small row, engine in memory."""
    return statistics.median(_transactions("mem://", count, time.perf_counter))


def synced_transaction_seconds(count: int = 300) -> float:
    """Return the median wall seconds of such a transaction on disk, each commit synced."""
    with TemporaryDirectory(prefix="rivers-bench-") as folder:
        return statistics.median(_transactions(f"surrealkv://{Path(folder) / 'floor'}", count, time.perf_counter))


def synced_transaction_cpu_seconds(count: int = 300) -> float:
    """Return the mean CPU seconds of a synced transaction, all threads of the engine included."""
    with TemporaryDirectory(prefix="rivers-bench-") as folder:
        return statistics.mean(_transactions(f"surrealkv://{Path(folder) / 'floor'}", count, time.process_time))


def _transactions(url: str, count: int, timer: Callable[[], float]) -> list[float]:
    connection = EmbeddedConnection(url)
    try:
        taken: list[float] = []
        for number in range(count):
            began = timer()
            frame = query_request(_STATEMENT, {"id": record_id("floor", "row", number), "a": number, "b": "text"})
            results(connection.execute(frame))
            taken.append(timer() - began)
        return taken
    finally:
        connection.close()


def thread_hop_seconds(count: int = 2000) -> float:
    """Return the median wall seconds from handing an empty job to a waiting thread to having its answer."""
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
    answered: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def serve() -> None:
        while asked.get():
            answered.put(True)

    threading.Thread(target=serve, daemon=True).start()
    taken: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        asked.put(True)
        answered.get()
        taken.append(time.perf_counter() - began)
    asked.put(False)
    return statistics.median(taken)


class _Ticker(Daemon):
    """A daemon that sleeps one second at a time on the stock clock."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock

    async def run(self, ctx: Context) -> None:
        while True:
            await self._clock.sleep(1)


def bare_wake_ups_per_second(tickers: int, seconds: int, backend: str = "asyncio") -> float:
    """Return the wake-ups a CPU second of chrono-daemon's stock ``SimClock``, for supervised tickers of one second."""

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

    return anyio.run(drive, backend=backend)
