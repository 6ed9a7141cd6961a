"""Tries the blocks of one page in a folder of its own, as a reader would from top to bottom."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

from tests import commands
from tests.docs.likeness import Likeness
from tests.docs.pages import Block

SECONDS = 90
LINES_MAX = 40
"""How much a server may say beside what a page shows."""
PAGE_MODULE = "page_of_the_guide"


class Mismatch(AssertionError):
    """A page shows something else than what happens; the message says where and what."""


class Tryout:
    """One page being tried. The current folder and the import path are those of the page: see ``test_guide.py``."""

    def __init__(self, folder: Path) -> None:
        self._likeness = Likeness(folder)
        self._folder = folder
        self._module = ModuleType(PAGE_MODULE)
        sys.modules[PAGE_MODULE] = self._module
        self._printed: tuple[Block, str] | None = None
        self._server: _Server | None = None
        bin_folder = str(Path(sys.executable).parent)
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith("RIVERS_")}
        self._environment |= {"COLUMNS": "120", "PYTHONUNBUFFERED": "1", "PATH": f"{bin_folder}:{os.environ['PATH']}"}

    def page(self, blocks: list[Block]) -> None:
        """Try every block. Raises :class:`Mismatch`, or what a block raises."""
        try:
            for block in blocks:
                if block.runs:
                    self._block(block)
            self._require_nothing_unshown()
            if self._server is not None:
                raise Mismatch(f"{blocks[-1].page.name} leaves its server running: end it with a line ^C")
        finally:
            sys.modules.pop(PAGE_MODULE, None)
            if self._server is not None:
                self._server.kill()

    def _block(self, block: Block) -> None:
        if block.language == "text":
            self._compare_printed(block)
            return
        self._require_nothing_unshown()
        if block.language == "python":
            self._python(block)
        elif block.language == "console":
            self._console(block)

    def _python(self, block: Block) -> None:
        if block.file is None:
            # Line numbers of a traceback are those of the page.
            code = compile("\n" * (block.line - 1) + block.text, str(block.page), "exec")
        else:
            path = self._folder / block.file
            path.write_text(block.text, encoding="utf-8")
            if block.file.startswith("test_"):
                return
            code = compile(block.text, str(path), "exec")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                exec(code, vars(self._module))
            except Exception as error:
                if "raises" not in block.marks:
                    raise
                print(f"{type(error).__name__}: {error}")
            else:
                if "raises" in block.marks:
                    raise Mismatch(f"{block.place}: this was to raise")
        self._printed = (block, out.getvalue())

    def _compare_printed(self, block: Block) -> None:
        if self._printed is None:
            raise Mismatch(f"{block.place}: no Python block comes before this output")
        difference = self._likeness.difference(block.text, self._printed[1])
        if difference is not None:
            raise Mismatch(f"{block.place}: {difference}")
        self._printed = None

    def _require_nothing_unshown(self) -> None:
        if self._printed is not None and self._printed[1]:
            block, text = self._printed
            raise Mismatch(f"{block.place}: this prints what the page does not show:\n{text}")
        self._printed = None

    def _console(self, block: Block) -> None:
        for number, command, shown in _commands(block):
            place = f"{block.page.name}:{number}"
            if command == "^C":
                self._interrupt(place, shown)
            elif command.startswith("rivers serve") and "^C" not in shown and _fails(shown):
                self._run(place, command, shown)
            elif command.startswith("rivers serve"):
                self._serve(place, command, shown)
            else:
                self._run(place, command, shown)

    def _run(self, place: str, command: str, shown: list[str]) -> None:
        done = self._done(self._likeness.command(command))
        difference = self._likeness.difference("\n".join(shown), done.stdout)
        if difference is not None:
            raise Mismatch(f"{place}: $ {command}\n{difference}")
        if (done.returncode != 0) != _fails(shown):
            raise Mismatch(f"{place}: $ {command} ended with exit code {done.returncode}")

    def _done(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command, its output in ``stdout``; ``rivers`` runs in this process where no shell is needed."""
        if re.fullmatch(r"rivers [^|;&<>$`*?]+", command):
            return commands.rivers(self._folder, self._environment, *shlex.split(command)[1:], merged=True)
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def _serve(self, place: str, command: str, shown: list[str]) -> None:
        if self._server is not None:
            raise Mismatch(f"{place}: a server is running already")
        self._server = _Server(command, self._folder, self._environment)
        self._server.expect(place, shown, self._likeness)

    def _interrupt(self, place: str, shown: list[str]) -> None:
        if self._server is None:
            raise Mismatch(f"{place}: no server is running")
        server, self._server = self._server, None
        server.interrupt()
        server.expect(place, shown, self._likeness)
        code = server.wait()
        if code != 0:
            raise Mismatch(f"{place}: the server ended with exit code {code}")


def _commands(block: Block) -> list[tuple[int, str, list[str]]]:
    """``(line, command, shown output)`` of every command, and of every ``^C``."""
    found: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            found.append((number, line[2:].split("  #")[0].strip(), []))
        elif line.startswith("^C"):
            found.append((number, "^C", [line[2:]] if line[2:] else []))
        elif not found:
            raise Mismatch(f"{block.page.name}:{number}: a console block begins with a command")
        else:
            found[-1][2].append(line)
    return found


def _fails(shown: list[str]) -> bool:
    """Whether the output that a page shows is that of a command which fails."""
    return any(re.match(r"Error: \S|Usage:|FAILED", line) for line in shown)


class _Server:
    """A running ``rivers serve`` and the lines that it has written."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command.split(), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._arriving: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._arriving.put(line.rstrip("\n"))
        self._arriving.put(None)

    def expect(self, place: str, shown: list[str], likeness: Likeness) -> None:
        """Wait for every line that is shown, in that order; a server may say more in between."""
        said: list[str] = []
        for wanted in shown:
            if wanted.strip() in ("...", ""):
                continue
            while True:
                line = self._arriving.get(timeout=SECONDS) if len(said) < LINES_MAX else None
                if line is None:
                    self._arriving.put(None)
                    raise Mismatch(f"{place}: the server did not say\n  | {wanted}\nIt said\n" + "\n".join(said))
                said.append(line)
                if likeness.same(wanted, line):
                    break

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        return self._process.wait(SECONDS)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(SECONDS)
