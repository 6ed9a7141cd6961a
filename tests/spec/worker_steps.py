"""Functions and handlers of steps that worker processes import, for the modules of this folder."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rivers as rs

PATIENCE_SECONDS = 30.0


class Folder(rs.BaseIOHandler):
    """Keeps pickles in a folder, and writes down in which process it stored and loaded what."""

    root: str

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        self._note("stored", context.asset_name)
        Path(self.root, context.asset_name).write_bytes(pickle.dumps(obj))
        context.add_output_metadata({"handler": "folder"})

    def load_input(self, context: rs.InputContext) -> Any:
        self._note("loaded", context.asset_name)
        return pickle.loads(Path(self.root, context.asset_name).read_bytes())

    def notes(self) -> list[tuple[str, str, int]]:
        """What was done with which asset, and in which process."""
        lines = Path(self.root, "notes").read_text().splitlines()
        return [(what, asset, int(pid)) for what, asset, pid in (line.split() for line in lines)]

    def _note(self, what: str, asset: str) -> None:
        with Path(self.root, "notes").open("a") as file:
            file.write(f"{what} {asset} {os.getpid()}\n")


class Meter(rs.Resource):
    """A resource that says in a file when and where it is set up and torn down."""

    log: str
    factor: int = 2

    def setup(self) -> None:
        self._note("setup")

    def teardown(self) -> None:
        self._note("teardown")

    def _note(self, what: str) -> None:
        with Path(self.log).open("a") as file:
            file.write(f"{what} {os.getpid()}\n")


class UserError(Exception):
    """An exception of a user."""

    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code

    def __reduce__(self) -> Any:
        return UserError, (self.code,)


def process() -> int:
    return os.getpid()


def meets(context: rs.AssetExecutionContext) -> int:
    """Returns once the others, which its metadata name, are there as well."""
    given: Mapping[str, Any] = context.asset_metadata or {}
    folder = Path(given["folder"])
    (folder / f"{context.asset_name} is here").touch()
    end = time.monotonic() + PATIENCE_SECONDS
    while not all((folder / f"{name} is here").exists() for name in given["others"].split()):
        if time.monotonic() > end:
            raise TimeoutError("nobody came")
        time.sleep(0.005)
    return os.getpid()


def product(left: int, meter: Meter) -> int:
    return left * meter.factor


def fails() -> int:
    raise UserError(7)


def dies() -> int:
    os._exit(5)


def talks(context: rs.AssetExecutionContext) -> rs.Output:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    context.log.warning("to the log")
    context.add_output_metadata({"who": "context"})
    context.register_data_version("v3")
    return rs.Output(os.getpid(), metadata={"rows": 3})
