"""Starts ``rivers serve`` as a process, waits until it is loaded, and kills it at a moment drawn from a seed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

from rivers.durations import NANOS_PER_SECOND
from tests.crash.evidence import Evidence, Life, Line, read_lines, read_polls, read_steps, read_store

ROOT: Final = Path(__file__).resolve().parents[2]
RUN_ENDS_PER_SECOND: Final = 20
LINES_PER_CYCLE: Final = 300
"""About what one second of the served module writes, so that a kill after 0 to 300 lines may hit any part of it."""

LIMITS: Final = (None, 6, 12)
_PATIENCE_SECONDS: Final = 60


class Server:
    """A server under load, and every byte of its log."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self.process = process
        self._errors = errors
        self._written = b""

    def next_line(self) -> Line:
        """The next line of the log; fails when the server has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self._written += line
        if not line.endswith(b"\n"):
            raise AssertionError(f"the server has ended, or was silent for a minute:\n{self._errors.read_text()}")
        return json.loads(line)

    def wait_loaded(self) -> None:
        """Read on until 20 runs have succeeded within one second, in a server that is a second old or more.

        What the life before left to be done would pass for load, but not for that long.
        """
        ends: deque[int] = deque(maxlen=RUN_ENDS_PER_SECOND)
        began: int | None = None
        while True:
            line = self.next_line()
            if line["kind"] == "serving":
                began = line["at"]
            if line["kind"] == "run" and line["facts"]["status"] == "Success":
                ends.append(line["at"])
                full = len(ends) == RUN_ENDS_PER_SECOND and ends[-1] - ends[0] <= NANOS_PER_SECOND
                if full and began is not None and line["at"] - began >= NANOS_PER_SECOND:
                    return

    def log_to_its_end(self) -> list[Line]:
        """Every whole line, once the process has ended."""
        assert self.process.stdout is not None
        self._written += self.process.stdout.read()
        self.process.wait()
        return read_lines(self._written)


@contextmanager
def serving(folder: Path, limit: int | None) -> Generator[Server]:
    """``rivers serve`` on the store in ``folder``; killed at the end of the block, or after a minute."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("RIVERS_", "SURREAL_"))}
    environment |= {"CRASH_FOLDER": str(folder), "CRASH_LIMIT": str(limit or 0)}
    arguments = ["serve", "tests.crash.served", "--storage-path", str(folder / "store"), "--json"]
    errors = folder / "stderr"
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "rivers.cli", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
        ) as process,
    ):
        watchdog = threading.Timer(_PATIENCE_SECONDS, process.kill)
        watchdog.start()
        try:
            yield Server(process, errors)
        finally:
            watchdog.cancel()
            process.kill()


def live_and_be_killed(folder: Path, evidence: Evidence, random: Random) -> Life:
    """One life: start, load, a drawn number of lines and a drawn moment more, SIGKILL. The evidence takes it in."""
    life = Life(len(evidence.lives) + 1, random.choice(LIMITS))
    lines, seconds = random.randrange(LINES_PER_CYCLE), random.choice((0.0, 0.001, 0.01, 0.05)) * random.random()
    with serving(folder, life.limit) as server:
        server.wait_loaded()
        for _ in range(lines):
            server.next_line()
        time.sleep(seconds)  # the moment itself is what is drawn; nothing is waited for
        server.process.send_signal(signal.SIGKILL)
        life.lines = server.log_to_its_end()
    collect(folder, evidence, life)
    return life


def live_and_be_stopped(folder: Path, evidence: Evidence) -> tuple[Life, int]:
    """One life that ends with a clean stop; also its exit code."""
    life = Life(len(evidence.lives) + 1, LIMITS[-1])
    with serving(folder, life.limit) as server:
        server.wait_loaded()
        server.process.send_signal(signal.SIGTERM)
        life.lines = server.log_to_its_end()
        code = server.process.wait()
    collect(folder, evidence, life)
    return life, code


def collect(folder: Path, evidence: Evidence, life: Life) -> None:
    """Open what the life has left and take it in."""
    life.ended_at = time.time_ns()
    boot, found = read_store(folder / "store")
    life.boot = boot - 1  # our own opening is the next one
    evidence.add(life, found, read_steps(folder), read_polls(folder))
