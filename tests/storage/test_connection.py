"""The embedded connection and its process-wide setting."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rivers.exceptions import StorageError
from rivers.storage.connection import EmbeddedConnection, choose_sync


def _run(script: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_commits_are_synced_unless_somebody_says_otherwise(tmp_path):
    script = """
import os, sys
from rivers.storage import Storage
from rivers.exceptions import StorageError
os.environ.pop("SURREAL_SYNC_DATA", None)
Storage.embedded(sys.argv[1]).close()
Storage.embedded(sys.argv[1], synced=True).close()
print(os.environ["SURREAL_SYNC_DATA"])
try:
    Storage.embedded(sys.argv[1], synced=False)
except StorageError as error:
    print(error)
Storage.embedded(sys.argv[1]).close()
"""
    first, second = _run(script, str(tmp_path / "s")).splitlines()
    assert first == "true"
    assert second.startswith("failed to open")
    assert "once a process" in second


def test_the_environment_or_the_first_store_may_choose_otherwise(tmp_path):
    script = """
import os, sys
from rivers.storage import Storage
os.environ["SURREAL_SYNC_DATA"] = "false"
Storage.embedded(sys.argv[1]).close()
Storage.embedded(sys.argv[1], synced=False).close()
print(os.environ["SURREAL_SYNC_DATA"])
"""
    assert _run(script, str(tmp_path / "s")) == "false\n"


def test_an_engine_that_cannot_open_is_a_storage_error():
    choose_sync(None)
    with pytest.raises(StorageError, match="failed to open"):
        EmbeddedConnection("surrealkv:///proc/no/such/place")


def test_importing_the_storage_package_loads_neither_engine_nor_clock():
    heavy = ("surrealdb", "anyio", "pydantic", "croniter")
    script = f"import sys, rivers.storage; print([name for name in {heavy} if name in sys.modules])"
    assert _run(script) == "[]\n"
