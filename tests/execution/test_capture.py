"""What steps print and log: kept apart by thread and coroutine, and still forwarded."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rivers.execution.capture import Captured, capturing, current


def test_a_step_keeps_what_it_prints_and_logs_and_the_streams_still_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    captured = Captured()
    with capturing():
        token = current.set(captured)
        print("to stdout")
        print("to stderr", file=sys.stderr)
        logging.getLogger("rivers.assets.a.b").warning("rows: %d", 3)
        current.reset(token)
        print("between steps")
    assert captured.texts() == ("to stdout\n", "to stderr\n", "WARNING rows: 3\n")
    out, err = capsys.readouterr()
    assert out == "to stdout\nbetween steps\n"
    assert err.startswith("to stderr\n")


def test_nothing_printed_is_nothing_captured() -> None:
    captured = Captured()
    assert not captured
    assert captured.texts() == (None, None, None)


def test_the_streams_are_put_back_when_the_last_run_ends() -> None:
    stream = sys.stdout
    with capturing():
        with capturing():
            assert sys.stdout is not stream
        assert sys.stdout is not stream
        assert sys.stdout.encoding == stream.encoding
    assert sys.stdout is stream
    assert logging.getLogger("rivers.assets").handlers == []


def test_threads_keep_their_text_apart() -> None:
    both = threading.Barrier(2)

    def step(name: str) -> str | None:
        captured = Captured()
        token = current.set(captured)
        for _ in range(20):
            both.wait(30)
            print(name, end="")
        current.reset(token)
        return captured.texts()[0]

    with capturing(), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(step, ["a", "b"])) == ["a" * 20, "b" * 20]


def test_coroutines_on_one_loop_keep_their_text_apart() -> None:
    async def step(name: str) -> str | None:
        captured = Captured()
        current.set(captured)
        for _ in range(5):
            print(name, end="")
            await asyncio.sleep(0)
        return captured.texts()[0]

    async def main() -> list[str | None]:
        return list(await asyncio.gather(step("a"), step("b")))

    with capturing():
        assert asyncio.run(main()) == ["aaaaa", "bbbbb"]
