"""The ``rivers`` command, run in the process of the test: starting another one takes a second, most commands none."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Generator, Mapping
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from types import ModuleType
from unittest import mock

import pytest

from rivers.cli.app import app


@contextlib.contextmanager
def own_modules(folder: Path) -> Generator[None]:
    """Make ``folder`` the current one, with modules that are imported from it anew and forgotten afterwards."""

    def forget() -> dict[str, ModuleType]:
        inside = f"{folder}{os.sep}"
        names = [name for name, each in sys.modules.items() if str(getattr(each, "__file__", "")).startswith(inside)]
        return {name: sys.modules.pop(name) for name in names}

    before = forget()
    with contextlib.chdir(folder), mock.patch.object(sys, "path", [str(folder), *sys.path]):
        try:
            yield
        finally:
            forget()
            sys.modules.update(before)


def rivers(
    folder: Path, environment: Mapping[str, str], *arguments: str, merged: bool = False
) -> CompletedProcess[str]:
    """Run a command in ``folder`` to its end. Raises what would be a traceback in a process of its own.

    If ``merged``, all output is in ``stdout``, in the order in which it was written.
    """
    stdout = StringIO()
    stderr = stdout if merged else StringIO()
    with (
        own_modules(folder),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(logging.root, "handlers", []),  # with those of pytest steps would not log at INFO
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        pytest.raises(SystemExit) as ended,
    ):
        app(arguments, prog_name="rivers")
    code = ended.value.code
    assert isinstance(code, int)
    return CompletedProcess(arguments, code, stdout.getvalue(), "" if merged else stderr.getvalue())
