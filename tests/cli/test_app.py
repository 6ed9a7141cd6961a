"""The top level: help, version, usage, and what help costs."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest
from typer.testing import CliRunner

from rivers import __version__
from rivers.cli.app import app

with warnings.catch_warnings():
    runner = CliRunner()

LEVELS = ["", "serve", "materialize", "ticks", "runs", "runs show", "runs cancel", "automations"]
LEVELS += [f"automations {each}" for each in ("list", "pause", "resume", "reset")]


@pytest.mark.parametrize("level", LEVELS)
def test_help_on_every_level_exits_0(level: str) -> None:
    result = runner.invoke(app, [*level.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "nope",
        "automations",
        "automations nope",
        "materialize",
        "serve",
        "runs show",
        "ticks --limit -1",
        "ticks --limit x",
        "runs --status Nope",
        "serve m --port 70000",
        "automations pause",
        "automations pause x --kind job",
        "materialize m --select a --job j",
        "materialize m --select a,,b",
    ],
)
def test_a_usage_error_exits_2_with_the_usage(arguments: str) -> None:
    result = runner.invoke(app, arguments.split())
    assert result.exit_code == 2
    assert "Usage:" in result.output


def test_a_mistyped_command_gets_a_suggestion() -> None:
    assert "Did you mean 'ticks'" in runner.invoke(app, ["tick"]).output


def test_the_version_is_that_of_the_package() -> None:
    result = runner.invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"rivers {__version__}\n")


def test_help_loads_nothing_heavy() -> None:
    heavy = ("pydantic", "anyio", "surrealdb", "croniter", "loky", "starlette", "hypercorn", "rich", "httpx")
    code = (
        "import sys\n"
        "from rivers.cli import main\n"
        "sys.argv = ['rivers', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == "[]"
