"""Commands that are started without some of the standard streams."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project


@pytest.mark.parametrize("closed", ["0", "1", "2", "0 1 2"])
def test_a_closed_stream_is_the_null_device(closed: str) -> None:
    script = (
        "import os\n"
        f"for number in map(int, {closed.split()!r}):\n"
        "    os.close(number)\n"
        "from rivers.cli.standard_streams import ensure_standard_streams\n"
        "ensure_standard_streams()\n"
        f"null = os.stat(os.devnull)\n"
        f"same = all(os.path.samestat(os.fstat(number), null) for number in map(int, {closed.split()!r}))\n"
        "os._exit(0 if same and os.open(os.devnull, os.O_RDONLY) > 2 else 1)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_no_output_finds_its_way_into_the_store(project: Project) -> None:
    for arguments in ("materialize pipeline", "materialize pipeline --json"):
        command = f"exec {sys.executable} -m rivers.cli {arguments} --storage-path s >&-"
        done = subprocess.run(["sh", "-c", command], cwd=project.folder, env=project.environment, check=False)
        assert done.returncode == 0
    assert len(json.loads(project.rivers("runs", "--json", "--storage-path", "s").stdout)) == 2
    assert (project.folder / "s.lock").read_bytes() == b""
