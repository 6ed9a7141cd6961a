"""Reaching a store: every path that cannot be one is refused with its name and a way out."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rivers.cli import stores
from rivers.cli.stores import open_storage
from rivers.exceptions import StorageLocked
from rivers.storage import Storage

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def refused(project: Project, *arguments: str) -> str:
    """The stderr of a command that must fail with exit code 1 and without a traceback."""
    done = project.rivers(*arguments)
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("command", [("ticks",), ("runs",), ("runs", "show", "x"), ("automations", "list")])
def test_looking_never_creates_a_store(project: Project, command: tuple[str, ...]) -> None:
    text = refused(project, *command, "--storage-path", "typo")
    assert "there is no store at 'typo'" in text
    assert not (project.folder / "typo").exists()


@pytest.mark.parametrize("command", [("ticks",), ("materialize", "pipeline"), ("serve", "pipeline")])
def test_a_file_is_no_store(project: Project, command: tuple[str, ...]) -> None:
    (project.folder / "file").write_text("x")
    assert str(project.folder / "file") in refused(project, *command, "--storage-path", "file")


@pytest.mark.parametrize("command", [("ticks",), ("materialize", "pipeline"), ("serve", "pipeline")])
def test_a_folder_with_other_things_in_it_is_no_store_and_is_left_alone(
    project: Project, command: tuple[str, ...]
) -> None:
    folder = project.folder / "photos"
    folder.mkdir()
    (folder / "cat.jpg").write_text("x")
    assert "holds no rivers store" in refused(project, *command, "--storage-path", "photos")
    assert [entry.name for entry in folder.iterdir()] == ["cat.jpg"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(project: Project) -> None:
    locked = project.folder / "locked"
    locked.mkdir(mode=0o500)
    assert str(locked) in refused(project, "materialize", "pipeline", "--storage-path", "locked/storage")


def test_a_store_held_by_a_process_that_serves_nothing_names_the_holder(project: Project) -> None:
    with (
        Storage.embedded(str(project.folder / "s")),
        project.start("materialize", "pipeline", "--storage-path", "s") as command,
    ):
        command.expect(f"process {os.getpid()} holds it")
        assert command.wait() == 1


def test_a_holder_that_has_almost_done_is_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    holder = Storage.embedded(path)
    almost_done = threading.Timer(0.3, holder.close)
    almost_done.start()
    open_storage(path, None).close()
    almost_done.join()


def test_a_server_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_PATIENCE_SECONDS", 10_000)
    path = str(tmp_path / "s")
    with Storage.embedded(path) as holder:
        holder.advertise("http://127.0.0.1:1", "token")
        with pytest.raises(StorageLocked):
            open_storage(path, None)


def test_what_a_dead_server_left_beside_the_store_is_ignored(project: Project) -> None:
    assert project.rivers("materialize", "pipeline", "--storage-path", "s").returncode == 0
    (project.folder / "s.owner.json").write_text(
        json.dumps({"pid": 1, "boot_id": "x", "address": "http://127.0.0.1:1", "token": "t"})
    )
    done = project.rivers("runs", "--storage-path", "s", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 1


def test_an_endpoint_that_does_not_answer_is_named(project: Project) -> None:
    text = refused(project, "runs", "--surreal-endpoint", "ws://127.0.0.1:1")
    assert "127.0.0.1:1" in text
