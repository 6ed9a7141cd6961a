"""The live log of ``rivers serve``: lines about changes, written after the commit of each.

A line on stdout acknowledges that what it says is stored. A thread of its own writes the lines in the order of the
commits, since a reader that has stopped reading (Ctrl-S, a pager) must not hold up the thread that commits.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any, Final

from rivers.cli.tables import one_line, short_id, time_text
from rivers.records import AUTOMATION_TYPES, StoredTick
from rivers.storage.changes import (
    Change,
    EventRecorded,
    PoolLimitChanged,
    RunChange,
    RunEnded,
    SlotsFreed,
    TickCommitted,
    TriggerChoiceChanged,
)
from rivers.views.changes import change_line, launcher_text
from rivers.wording import utc_text

LINES_WAITING_MAX: Final = 100_000

NextFire = Callable[[str, str, int], int | None]
"""Returns the next time of an automation, given its type, its name and the moment to look from."""


class LiveLog:
    """Writes lines to ``out``. ``subscriber`` is to be called by a storage after each commit."""

    def __init__(self, out: IO[str], line_of: Callable[[Change], str | None]) -> None:
        self._out = out
        self._line_of = line_of
        self._lines: queue.Queue[str | None] = queue.Queue(LINES_WAITING_MAX)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="rivers live log", daemon=True)
        self._thread.start()

    def subscriber(self, changes: Sequence[Change]) -> None:
        """Queue the lines of one commit."""
        for change in changes:
            line = self._line_of(change)
            if line is not None:
                self.say(line)

    def say(self, line: str) -> None:
        """Queue one line. When 100 000 wait for the reader, the line is dropped and counted."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self, seconds: float = 5.0) -> None:
        """Write what is in the queue, for at most ``seconds``, and end."""
        try:
            self._lines.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _write(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                dropped, self._dropped = self._dropped, 0
                if dropped:
                    line = f"{line}\n({dropped} lines were left out: nobody was reading)"
                self._out.write(f"{line}\n")
                if self._lines.empty():
                    self._out.flush()
            self._out.flush()
        except (OSError, ValueError):
            return  # the reader is gone, and the system goes on without its log


def json_line(change: Change) -> str:
    """Return a change as a JSON object: ``time`` (RFC 3339), ``at`` (nanoseconds), ``kind``, ``subject``, ``facts``."""
    return event_line(*change_line(change))


def event_line(at: int, kind: str, subject: str, facts: dict[str, Any]) -> str:
    """Return one JSON object on one line."""
    return json.dumps(
        {"time": utc_text(at), "at": at, "kind": kind, "subject": subject, "facts": facts}, ensure_ascii=False
    )


class HumanLines:
    """Turns changes into lines for people: what fired or was skipped and why, which run, and the next time.

    Events of steps that succeed are left out, since the status of the run tells as much.
    """

    def __init__(self, next_fire: NextFire) -> None:
        self._next_fire = next_fire

    def __call__(self, change: Change) -> str | None:
        """Return the line for a change, ``None`` for one that is left out."""
        match change:
            case TickCommitted(tick=tick):
                text = self._tick(tick)
            case RunChange():
                text = _run(change)
            case TriggerChoiceChanged():
                text = self._trigger(change)
            case EventRecorded():
                text = _event(change)
            case PoolLimitChanged() | SlotsFreed():
                text = None
        return None if text is None else f"{time_text(change.at)}  {text}"

    def _tick(self, tick: StoredTick) -> str:
        subject = f"{tick.automation_type.lower()} {one_line(tick.automation_name)} #{tick.seq}"
        if tick.error:
            text = f"{subject} failed: {_brief(tick.error)}"
        elif tick.skip_reason:
            text = f"{subject} skipped: {_brief(tick.skip_reason)}"
        elif not tick.run_ids:
            text = f"{subject} evaluated: no new run"
        else:
            text = f"{subject} fired"
        if tick.run_ids:
            text += f" -> run {', '.join(short_id(run_id) for run_id in tick.run_ids)}"
        return text + self._next(
            tick.automation_type, tick.automation_name, max(tick.timestamp, tick.scheduled_at or 0)
        )

    def _trigger(self, change: TriggerChoiceChanged) -> str:
        words = {"running": "resumed", "stopped": "paused", None: "reset to its default status"}
        automation = AUTOMATION_TYPES[change.kind]
        following = self._next(automation, change.name, change.at) if change.choice == "running" else ""
        return f"{automation.lower()} {one_line(change.name)} {words[change.choice]}{following}"

    def _next(self, automation: str, name: str, at: int) -> str:
        moment = self._next_fire(automation, name, at)
        return "" if moment is None else f"; next {time_text(moment)}"


def _run(change: RunChange) -> str:
    words = {"Queued": "queued", "NotStarted": "admitted", "Started": "started", "Success": "succeeded"}
    words |= {"Failure": "failed", "Canceled": "canceled"}
    about = [f"job {one_line(change.job_name)}"] if change.job_name else []
    about.append(one_line(launcher_text(change.launched_by).replace(":", " ", 1)))
    text = f"run {short_id(change.run_id)} {words[change.status]} ({', '.join(about)})"
    return f"{text}: {_brief(change.error)}" if isinstance(change, RunEnded) and change.error else text


def _event(change: EventRecorded) -> str | None:
    words = {"StepFailure": "failed", "StepRetry": "failed and will be tried again"}
    word = words.get(change.event_type)
    return None if word is None else f"step {one_line(change.asset_key or '')} {word} in run {short_id(change.run_id)}"


def _brief(text: str) -> str:
    return one_line(text.strip().split("\n", 1)[0])
