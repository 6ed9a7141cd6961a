"""The folder of an embedded store: one holder, across processes, and no harm to what is not a store."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rivers.exceptions import StorageError, StorageLocked
from rivers.storage import Storage, read_sidecar

HOLDER = """
import sys
from rivers.storage import Storage
storage = Storage.embedded(sys.argv[1])
storage.kv_set("k", b"v")
storage.advertise("http://127.0.0.1:9", "secret")
print("held", flush=True)
sys.stdin.read()
storage.close()
"""


def _listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "store")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_store_is_created_with_its_parents_and_reopened(tmp_path):
    path = tmp_path / "with space" / "é" / "store"
    with Storage.embedded(str(path)) as storage:
        storage.kv_set("k", b"v")
    with Storage.embedded(str(path)) as storage:
        assert storage.kv_get("k") == b"v"


def test_a_second_process_is_refused_with_folder_and_holder(tmp_path, holder):
    with pytest.raises(StorageLocked) as caught:
        Storage.embedded(str(tmp_path / "store"))
    text = str(caught.value)
    assert text.startswith("failed to open")
    assert str(tmp_path / "store") in text
    assert str(holder.pid) in text
    assert "secret" not in text
    error = caught.value
    assert (error.folder, error.pid, error.address) == (str(tmp_path / "store"), holder.pid, "http://127.0.0.1:9")


def test_the_sidecar_tells_who_serves_and_is_private(tmp_path, holder):
    sidecar = read_sidecar(tmp_path / "store")
    assert (sidecar.pid, sidecar.address, sidecar.token) == (holder.pid, "http://127.0.0.1:9", "secret")
    assert stat.S_IMODE((tmp_path / "store.owner.json").stat().st_mode) == 0o600


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "store.owner.json").exists()
    assert read_sidecar(tmp_path / "store") is None
    with Storage.embedded(str(tmp_path / "store")) as storage:
        assert storage.kv_get("k") == b"v"
        assert read_sidecar(tmp_path / "store").pid == os.getpid()


def test_a_process_that_ends_frees_its_folder(tmp_path, holder):
    holder.communicate()
    assert holder.returncode == 0
    assert not (tmp_path / "store.owner.json").exists()
    Storage.embedded(str(tmp_path / "store")).close()


def test_a_second_handle_of_this_process_is_refused_also_by_another_name(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "store")
    with Storage.embedded(str(tmp_path / "store")):
        for name in ("store", "link"):
            with pytest.raises(StorageLocked, match=r"failed to open .*this process"):
                Storage.embedded(str(tmp_path / name))
    Storage.embedded(str(tmp_path / "link")).close()


def test_dropping_the_object_frees_the_folder(tmp_path):
    storage = Storage.embedded(str(tmp_path / "store"))
    sibling = storage.bound(storage.clock, storage.ids)
    del storage
    with pytest.raises(StorageLocked):
        Storage.embedded(str(tmp_path / "store"))
    del sibling
    Storage.embedded(str(tmp_path / "store")).close()


def test_a_forked_child_neither_uses_nor_frees_the_store_of_its_parent(tmp_path):
    script = """
import os, sys
from rivers.exceptions import StorageError
from rivers.storage import Storage
storage = Storage.embedded(sys.argv[1])
storage.kv_set("k", b"v")
child = os.fork()
if child == 0:
    try:
        storage.kv_get("k")
    except StorageError as error:
        storage.close()
        os._exit(7 if "forked" in str(error) else 1)
    os._exit(2)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
try:
    Storage.embedded(sys.argv[1])
except StorageError:
    print(storage.kv_get("k"))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "store")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "b'v'\n", done.stderr


@pytest.mark.parametrize("end", ["storage.close()", "storage = None", "pass"])
def test_a_forked_child_can_end_like_any_process(tmp_path, end):
    script = f"""
import os, sys
from rivers.storage import Storage
storage = Storage.embedded(sys.argv[1])
child = os.fork()
if child == 0:
    {end}
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
storage.kv_set("k", b"v")
"""
    path = str(tmp_path / "store")
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    with Storage.embedded(path) as storage:
        assert storage.kv_get("k") == b"v"


def test_a_file_is_no_store_and_nothing_is_created(tmp_path):
    (tmp_path / "file").write_text("mine")
    for name in ("file", "file/below"):
        with pytest.raises(StorageError, match=r"failed to open .*file"):
            Storage.embedded(str(tmp_path / name))
    assert _listing(tmp_path) == ["file"]


def test_a_file_on_the_way_to_the_store_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match=r"failed to open .*/file/a/b: .*/file is a file, not a folder"):
        Storage.embedded(str(tmp_path / "file" / "a" / "b"))


def test_a_path_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (str(tmp_path / "loop" / "store"), "~nobody-has-this-name/store"):
        with pytest.raises(StorageError, match=f"^failed to open {path}: its place cannot be found: "):
            Storage.embedded(path)


def test_a_store_in_a_current_folder_that_has_gone_is_refused(tmp_path):
    program = """
import os, sys
from rivers.exceptions import StorageError
from rivers.storage import Storage
os.chdir(sys.argv[1])
os.rmdir(sys.argv[1])
try:
    Storage.embedded(".rivers/storage")
except StorageError as error:
    print(error)
"""
    (tmp_path / "gone").mkdir()
    command = [sys.executable, "-c", program, str(tmp_path / "gone")]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    assert said.startswith("failed to open .rivers/storage: its place cannot be found: ")


def test_a_place_where_no_lock_can_be_made_is_not_called_locked():
    with pytest.raises(StorageError, match="failed to open /proc/store: ") as caught:
        Storage.embedded("/proc/store")
    assert not isinstance(caught.value, StorageLocked)


def test_a_damaged_store_is_named_with_the_way_out(tmp_path):
    path = tmp_path / "store"
    Storage.embedded(str(path)).close()
    for file in path.rglob("*"):
        if file.is_file():
            file.write_bytes(b"damaged")
    with pytest.raises(StorageError, match=f"failed to open {path}: .*\n  .*put a copy back"):
        Storage.embedded(str(path))


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("meow")
    with pytest.raises(StorageError, match=r"failed to open .*photos.*cat\.jpg.*empty or new"):
        Storage.embedded(str(tmp_path / "photos"))
    assert _listing(tmp_path) == ["photos", "photos/cat.jpg"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_refused(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(StorageError, match="failed to open"):
        Storage.embedded(str(tmp_path / "closed"))


def test_a_folder_that_nobody_holds_has_no_sidecar(tmp_path):
    assert read_sidecar(tmp_path / "nothing") is None
    assert _listing(tmp_path) == []
    Storage.embedded(str(tmp_path / "store")).close()
    assert read_sidecar(tmp_path / "store") is None


def test_only_an_embedded_store_advertises():
    with Storage.memory() as storage, pytest.raises(StorageError, match="embedded"):
        storage.advertise("x", "y")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "5", "{}", '{"pid": "x", "boot_id": "1"}', '{"pid": 1, "boot_id": "1", "address": 5}', "\xff"],
)
def test_a_sidecar_that_is_none_of_ours_tells_of_no_server(tmp_path, text):
    with Storage.embedded(str(tmp_path / "store")):
        (tmp_path / "store.owner.json").write_text(text, encoding="latin-1")
        sidecar = read_sidecar(tmp_path / "store")
        assert sidecar is None or sidecar.address is None
