"""The log records of the system while it serves, as short lines on stderr.

Every part that meets a fault of the disk logs it. If each record had its traceback, nobody would find the line that
says what is wrong. ``--debug`` leaves the tracebacks in. A program that configures logging gets the records unchanged.
"""

from __future__ import annotations

import logging
from typing import Final

from rivers.cli.tables import one_line, time_text
from rivers.daemons.failures import innermost

_OURS: Final = ("rivers", "chrono_daemon")
_OF_USERS: Final = ("rivers.assets", "rivers.tasks", "rivers.schedules", "rivers.sensors")
"""Parents of the loggers that contexts hand to user code."""


def shorten_notices(*, debug: bool) -> None:
    """Leave tracebacks out of the records of rivers that no handler takes, unless ``debug``."""
    if logging.lastResort is not None and not debug:
        logging.lastResort.setFormatter(ShortNotices())


class ShortNotices(logging.Formatter):
    """Formats a record of rivers as one line: time, text, and the exception's type and message.

    Other records stay as they are.
    """

    def format(self, record: logging.LogRecord) -> str:
        """See ``logging.Formatter``."""
        if record.name.partition(".")[0] not in _OURS or record.name.startswith(_OF_USERS):
            return super().format(record)
        text = f"{time_text(int(record.created * 1e9))}  {_subject(record)}{record.getMessage()}"
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            error = innermost(error)
            text += f": {type(error).__name__}: {error}"
        return one_line(text)


def _subject(record: logging.LogRecord) -> str:
    """Return the name of the daemon that the supervisor logs for, which ends the name of the logger."""
    top, _, name = record.name.partition(".")
    return f"{name} " if top == "chrono_daemon" and name else ""
