"""What a serving system says about itself on stderr."""

from __future__ import annotations

import logging
import sys

import pytest

from rivers.cli.notices import ShortNotices
from rivers.exceptions import StorageError


def record(name: str, text: str, *, failed: bool) -> logging.LogRecord:
    try:
        raise ExceptionGroup("in a group", [StorageError("disk full\n  make room")])
    except ExceptionGroup:
        info = sys.exc_info() if failed else None
    made = logging.LogRecord(name, logging.ERROR, "file.py", 1, text, (), info)
    made.created = 1_767_225_600.5
    return made


@pytest.mark.parametrize(
    ("name", "text", "failed", "line"),
    [
        ("chrono_daemon.SensorDaemon", "daemon raised", True,
         "2026-01-01 00:00:00 UTC  SensorDaemon daemon raised: StorageError: disk full   make room"),
        ("rivers.executions", "trying again", True,
         "2026-01-01 00:00:00 UTC  trying again: StorageError: disk full   make room"),
        ("rivers", "it limits nothing", False, "2026-01-01 00:00:00 UTC  it limits nothing"),
    ],
)  # fmt: skip
def test_a_record_of_rivers_is_one_line(name: str, text: str, failed: bool, line: str) -> None:
    assert ShortNotices().format(record(name, text, failed=failed)) == line


@pytest.mark.parametrize("name", ["rivers.sensors.watch", "rivers.assets.a", "somebody.else", "root"])
def test_records_of_user_code_keep_their_traceback(name: str) -> None:
    text = ShortNotices().format(record(name, "boom", failed=True))
    assert text.startswith("boom\n")
    assert "Traceback" in text
