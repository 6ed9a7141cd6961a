"""``rivers db migrate`` is the command that the error about an older store names."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from rivers.cli.app import app
from rivers.storage import Storage


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["db", *arguments])
    return result.exit_code, result.output


def test_a_store_is_created_and_then_found_up_to_date(tmp_path: Path) -> None:
    path = str(tmp_path / "storage")
    for _ in range(2):
        assert run("migrate", "--storage-path", path) == (0, f"Storage schema is up to date ({path}).\n")
    with Storage.embedded(path) as storage:
        assert storage.get_runs() == []


def test_a_path_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("not a store")
    code, output = run("migrate", "--storage-path", str(path))
    assert code == 1
    assert str(path) in output


def test_without_a_command_there_is_a_usage() -> None:
    code, output = run()
    assert code == 2
    assert "migrate" in output
