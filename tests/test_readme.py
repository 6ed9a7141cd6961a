"""What README shows is run as it is written."""

from __future__ import annotations

import ast
import importlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rivers.simulation import Scenario
from tests.commands import rivers

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for each, text in BLOCK.findall(README) if each == language]


ADVANCE, SHOP, STORY = blocks("python")
SETUP, COMMANDS = [
    [line.removeprefix("$ ").split("#")[0].strip() for line in text.splitlines()] for text in blocks("console")
]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[ModuleType]:
    """The ten lines, saved as ``shop.py`` in the current folder."""
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("shop")
    sys.modules.pop("shop")


@pytest.fixture
def anyio_backend() -> str:
    """README does not say which; that it makes no difference is shown by ``scenarios/``."""
    return "asyncio"


def test_two_commands_are_all_there_is_to_know() -> None:
    assert SETUP == ["make demo", "make test"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)


def test_the_ten_lines_are_ten_statements_at_most() -> None:
    assert len(ast.parse(SHOP).body) <= 10


def test_the_promises_are_those_of_the_architecture() -> None:
    promised = re.findall(r"^\d\. \*\*(.+?)[.,]?\*\*", README, re.MULTILINE)
    assert len(promised) == 6
    architecture = (ROOT / "docs" / "architecture.md").read_text()
    assert [promise for promise in promised if promise.rstrip(".") not in architecture] == []


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.anyio
async def test_a_month_passes_in_one_line(shop: ModuleType) -> None:
    async with Scenario(shop.repo) as sim:
        code = compile(ADVANCE, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        await eval(code, {"clock": sim.clock})
        assert sim.clock.monotonic() == 30 * 86_400
        assert len(sim.runs(status="Success")) == 30


@pytest.mark.anyio
async def test_the_story_holds(shop: ModuleType) -> None:
    names: dict[str, Any] = {"repo": shop.repo}
    exec(compile(STORY, "README.md", "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 1
    assert iscoroutinefunction(tests[0])
    await tests[0]()


def test_the_commands_are_those_that_follow() -> None:
    assert COMMANDS == ["rivers materialize shop", "rivers serve shop", "rivers runs"]


@pytest.mark.skipif(sys.platform == "win32", reason="a console there sends no SIGINT")
def test_the_commands_work_one_after_the_other(shop: ModuleType) -> None:
    materialized = rivers(Path.cwd(), os.environ, "materialize", "shop")
    assert materialized.returncode == 0, materialized.stderr

    program = [sys.executable, "-u", "-m", "rivers.cli", "serve", "shop", "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as serving:
        assert serving.stdout is not None
        try:
            first = serving.stdout.readline()  # it says where it serves once it does
            assert first, "it ended without a word"
            serving.send_signal(signal.SIGINT)
            rest = serving.stdout.read()
            assert serving.wait(60) == 0, first + rest
        finally:
            serving.kill()

    runs = rivers(Path.cwd(), os.environ, "runs")
    assert runs.returncode == 0, runs.stderr
    assert "Success" in runs.stdout
