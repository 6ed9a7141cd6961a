"""Functions and handlers of steps that worker processes import, for the modules of this folder."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rivers as rs

PATIENCE_SECONDS = 30.0


class Folder(rs.BaseIOHandler):
    """A handler that keeps pickles in a folder and notes in which process it stored and loaded what."""

    root: str

    def handle_output(self, context: rs.OutputContext, obj: Any) -> None:
        self._note("stored", context.asset_name)
        Path(self.root, context.asset_name).write_bytes(pickle.dumps(obj))
        context.add_output_metadata({"handler": "folder"})

    def load_input(self, context: rs.InputContext) -> Any:
        self._note("loaded", context.asset_name)
        return pickle.loads(Path(self.root, context.asset_name).read_bytes())

    def notes(self) -> list[tuple[str, str, int]]:
        """Return what was done with which asset, and in which process."""
        lines = Path(self.root, "notes").read_text().splitlines()
        return [(what, asset, int(pid)) for what, asset, pid in (line.split() for line in lines)]

    def _note(self, what: str, asset: str) -> None:
        with Path(self.root, "notes").open("a") as file:
            file.write(f"{what} {asset} {os.getpid()}\n")


def process() -> int:
    return os.getpid()


def meets(context: rs.AssetExecutionContext) -> int:
    """Return once the steps that the metadata name have begun as well."""
    given: Mapping[str, Any] = context.asset_metadata or {}
    folder = Path(given["folder"])
    (folder / f"{context.asset_name} is here").touch()
    end = time.monotonic() + PATIENCE_SECONDS
    while not all((folder / f"{name} is here").exists() for name in given["others"].split()):
        if time.monotonic() > end:
            raise TimeoutError("nobody came")
        time.sleep(0.005)
    return os.getpid()
