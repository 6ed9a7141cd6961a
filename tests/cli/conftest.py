"""A project in a folder of its own, and the ``rivers`` command run in it: here, or beside the test as a process."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import commands

SECONDS = 60
RIVERS = [sys.executable, "-m", "rivers.cli"]

PIPELINE = """
import rivers as rs

@rs.Asset
def a():
    print("hello from a")
    return 1

@rs.Asset
def b(a: int) -> int:
    return a + 1

ab = rs.Job("ab", [a, b])
every_second = rs.Schedule(name="every_second", cron_schedule="* * * * * *", job_name="ab")
yearly = rs.Schedule(
    name="yearly", cron_schedule="0 0 1 1 *", job_name="ab", default_status=rs.ScheduleStatus.Running
)

@rs.Sensor(job_name="ab", minimum_interval="1h", default_status=rs.SensorStatus.Running)
def watch(context):
    return rs.SensorResult(skip_reason="nothing new", cursor="17")

repo = rs.CodeRepository(assets=[a, b], jobs=[ab], schedules=[every_second, yearly], sensors=[watch])
"""


class Watched:
    """A running command and the lines that it has written."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._arriving: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arriving.put(line.rstrip("\n"))
        self._arriving.put(None)

    def expect(self, pattern: str) -> re.Match[str]:
        """Read on to the first line that matches; fails when the process ends before."""
        while True:
            line = self._arriving.get(timeout=SECONDS)
            if line is None:
                self._arriving.put(None)
                raise AssertionError(f"no line matches {pattern!r} in:\n" + "\n".join(self.lines))
            self.lines.append(line)
            match = re.search(pattern, line)
            if match:
                return match

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code, once the process has ended."""
        return self.process.wait(SECONDS)


class Project:
    """A folder with modules, in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("RIVERS_")}
        self.environment["COLUMNS"] = "80"

    def write(self, module: str, text: str) -> None:
        """Write a module."""
        (self.folder / f"{module}.py").write_text(text)

    def rivers(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, in this process."""
        return commands.rivers(self.folder, self.environment, *arguments)

    @contextmanager
    def start(self, *arguments: str, stderr: int = subprocess.STDOUT) -> Generator[Watched]:
        """A command that goes on beside the test; killed at the end of the block if it has not ended before."""
        with subprocess.Popen(
            [*RIVERS, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process:
            try:
                yield Watched(process)
            finally:
                if process.poll() is None:
                    process.kill()

    @contextmanager
    def serve(self, *arguments: str) -> Generator[Watched]:
        """``rivers serve`` from its first line on."""
        with self.start("serve", *arguments) as server:
            server.expect("serving")
            yield server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder with the module ``pipeline``."""
    made = Project(tmp_path)
    made.write("pipeline", PIPELINE)
    return made
