"""chrono-daemon's Supervisor and channels on both of our clocks."""

from __future__ import annotations

import hashlib
from typing import Any

import anyio
import pytest
from chrono_daemon import Context, Supervisor
from chrono_daemon.channel import Channel, open_channel
from chrono_daemon.supervisor import RestartPolicy

from rivers.clock import SimClock, WallClock, rank

pytestmark = pytest.mark.anyio


async def test_a_supervisor_runs_its_daemons_on_simulated_time() -> None:
    clock, trace = SimClock(0), []

    async def beats(ctx: Context) -> None:
        async for stamp in ctx.clock.every(10):
            trace.append((ctx.name, stamp))

    async with Supervisor(clock=clock) as supervisor:
        supervisor.spawn(beats, name="beats")
        await supervisor.wait_all_started()
        await clock.advance("35s")
        assert supervisor.snapshot()["beats"].uptime == 35
        await supervisor.stop(grace=0)
    assert trace == [("beats", 10.0), ("beats", 20.0), ("beats", 30.0)]


async def test_a_supervisor_backs_off_on_simulated_time() -> None:
    clock, attempts = SimClock(0), []

    async def fails(ctx: Context) -> None:
        attempts.append(clock.now())
        raise LookupError("again")

    policy = RestartPolicy(base=1, factor=2, cap=60)
    async with Supervisor(clock=clock, on_error="restart", restart=policy) as supervisor:
        supervisor.spawn(fails, name="fails")
        await clock.advance("10s")
        await supervisor.stop(grace=0)
    assert attempts == [0, 1, 3, 7]


async def test_a_supervisor_runs_on_real_time() -> None:
    clock, trace, done = WallClock(), [], anyio.Event()

    async def beats(ctx: Context) -> None:
        async for _ in ctx.clock.every(0.002):
            trace.append(ctx.clock.now())
            if len(trace) == 3:
                done.set()

    async with Supervisor(clock=clock) as supervisor:
        supervisor.spawn(beats, name="beats")
        with anyio.fail_after(10):
            await done.wait()
        await supervisor.stop(grace=0)
    assert trace[:3] == sorted(trace[:3])


def digest_of_a_small_graph(backend: str) -> str:
    """Six workers on threads feed one fan-in through channels; the digest covers what was seen and when."""
    trace: list[Any] = []

    async def main() -> None:
        clock = SimClock()
        pipe: Channel[tuple[int, int]] = open_channel(64)

        def work(number: int, turn: int) -> int:
            clock.sleep_blocking(0.5 * (number % 3))
            return number * 100 + turn

        def worker(number: int) -> Any:
            async def run(ctx: Context) -> None:
                rank.set(number)
                turn = 0
                async for _ in ctx.clock.every(1):
                    turn += 1
                    pipe.send.send_nowait((number, await clock.offload(("worker", number), work, number, turn)))

            return run

        async def fan_in(ctx: Context) -> None:
            rank.set(50)
            while True:
                batch = [await pipe.recv.receive()]
                await clock.idle(50)
                while pipe.recv.statistics().current_buffer_used:
                    batch.append(pipe.recv.receive_nowait())
                trace.append((clock.now_ns(), sorted(batch)))

        async with Supervisor(clock=clock) as supervisor:
            for number in range(6):
                supervisor.spawn(worker(number), name=f"worker {number}")
            supervisor.spawn(fan_in, name="fan-in")
            await clock.advance(20)
            await supervisor.stop(grace=0)
            clock.kill_blocked_threads()
            await clock.settle()
        await pipe.send.aclose()
        await pipe.recv.aclose()

    anyio.run(main, backend=backend)
    assert len(trace) > 20
    return hashlib.sha256(repr(trace).encode()).hexdigest()


def test_one_scenario_has_one_trace_on_asyncio_and_in_twenty_runs_on_trio() -> None:
    assert len({digest_of_a_small_graph(backend) for backend in ["asyncio"] * 2 + ["trio"] * 20}) == 1
