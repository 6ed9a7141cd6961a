"""The embedded connection and its process-wide setting."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from rivers.exceptions import StorageError
from rivers.storage import Storage
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


def test_a_store_whose_first_opening_was_killed_at_its_first_byte_is_opened(tmp_path):
    script = """
import resource, signal, sys
from rivers.storage.connection import EmbeddedConnection
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # so that the first byte of a file kills
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
EmbeddedConnection("surrealkv://" + sys.argv[1])
"""
    folder = tmp_path / "store"
    killed = subprocess.run([sys.executable, "-B", "-c", script, str(folder)], check=False)
    assert killed.returncode == -signal.SIGXFSZ
    assert [file.stat().st_size for file in folder.rglob("*") if file.is_file()] == [0]
    with Storage.embedded(str(folder)) as storage:
        storage.kv_set("a", b"b")
    with Storage.embedded(str(folder)) as storage:
        assert storage.kv_get("a") == b"b"


@pytest.mark.parametrize("unwritten", ["clog/00000000000000000001.clog", "manifest/00000000000000000000.manifest"])
def test_a_file_that_was_begun_when_its_process_was_killed_takes_nothing_with_it(tmp_path, unwritten):
    folder = tmp_path / "store"
    with Storage.embedded(str(folder)) as storage:
        storage.kv_set("a", b"b")
    (folder / unwritten).write_bytes(b"")
    with Storage.embedded(str(folder)) as storage:
        assert storage.kv_get("a") == b"b"


def test_importing_the_storage_package_loads_neither_engine_nor_clock():
    heavy = ("surrealdb", "anyio", "pydantic", "croniter")
    script = f"import sys, rivers.storage; print([name for name in {heavy} if name in sys.modules])"
    assert _run(script) == "[]\n"
