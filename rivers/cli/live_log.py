"""The live log of ``rivers serve``: one line a commit, written after it.

A line on stdout is the acknowledgement of what it says. Lines are written by a thread of their own, in the order of the
commits: a reader that has stopped reading (Ctrl-S, a pager) must not hold up the thread that commits.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import IO, Any, Final

from rivers.cli.tables import one_line, short_id, time_text
from rivers.records import Change

LINES_WAITING_MAX: Final = 100_000

NextFire = Callable[[str, str, int], int | None]
"""The next time of the (automation type, name), from a moment on."""


class LiveLog:
    """Writes lines to ``out``; ``subscriber`` is what a storage calls after each commit."""

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
        """Queue one line; dropped, and counted, when a reader has let 100 000 of them pile up."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self, seconds: float = 5.0) -> None:
        """Write what is queued, for at most ``seconds``, and end."""
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
            return  # the reader has gone; the system goes on without its log


def json_line(change: Change) -> str:
    """A change as one JSON object: ``time`` (RFC 3339), ``at`` (nanoseconds), ``kind``, ``subject``, ``facts``."""
    return event_line(change.at, change.kind, change.subject, dict(change.facts))


def event_line(at: int, kind: str, subject: str, facts: dict[str, Any]) -> str:
    """One JSON object on one line."""
    moment = datetime.fromtimestamp(at // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"time": moment, "at": at, "kind": kind, "subject": subject, "facts": facts}, ensure_ascii=False)


class HumanLines:
    """Turns changes into lines for people: what fired, why it was skipped, which run, when next.

    Events of steps that go well are left out: the status of their run says it.
    """

    def __init__(self, next_fire: NextFire) -> None:
        self._next_fire = next_fire

    def __call__(self, change: Change) -> str | None:
        """The line for a change, ``None`` when it gets none."""
        text: str | None = None
        match change.kind:
            case "tick":
                text = self._tick(change)
            case "run":
                text = _run(change)
            case "trigger":
                text = self._trigger(change)
            case "event":
                text = _event(change)
            case _:
                pass
        return None if text is None else f"{time_text(change.at)}  {text}"

    def _tick(self, change: Change) -> str:
        facts = change.facts
        subject = f"{facts['automation'].lower()} {one_line(change.subject)} #{facts['seq']}"
        if facts.get("error"):
            text = f"{subject} failed: {_brief(facts['error'])}"
        elif facts.get("skip_reason"):
            text = f"{subject} skipped: {_brief(facts['skip_reason'])}"
        elif not facts["runs"]:
            text = f"{subject} evaluated: no new run"
        else:
            text = f"{subject} fired"
        if facts["runs"]:
            text += f" -> run {', '.join(short_id(run_id) for run_id in facts['runs'])}"
        return text + self._next(facts["automation"], change.subject, max(change.at, facts.get("scheduled_at") or 0))

    def _trigger(self, change: Change) -> str:
        facts = change.facts
        words = {"running": "resumed", "stopped": "paused", None: "reset to its default status"}
        subject = f"{facts['automation'].lower()} {one_line(change.subject)}"
        following = self._next(facts["automation"], change.subject, change.at) if facts["choice"] == "running" else ""
        return f"{subject} {words[facts['choice']]}{following}"

    def _next(self, automation: str, name: str, at: int) -> str:
        moment = self._next_fire(automation, name, at)
        return "" if moment is None else f"; next {time_text(moment)}"


def _run(change: Change) -> str:
    facts = change.facts
    words = {"Queued": "queued", "NotStarted": "admitted", "Started": "started", "Success": "succeeded"}
    words |= {"Failure": "failed", "Canceled": "canceled"}
    text = f"run {short_id(change.subject)} {words[facts['status']]}"
    job, launched_by = facts.get("job"), facts.get("launched_by")
    about = [f"job {one_line(job)}"] if job else []
    about += [one_line(launched_by.replace(":", " ", 1))] if launched_by else []
    if about:
        text += f" ({', '.join(about)})"
    return f"{text}: {_brief(facts['error'])}" if facts.get("error") else text


def _event(change: Change) -> str | None:
    facts = change.facts
    words = {"StepFailure": "failed", "StepRetry": "failed and will be tried again"}
    word = words.get(facts["type"])
    if word is None:
        return None
    run = f" in run {short_id(facts['run'])}" if facts.get("run") else ""
    return f"step {one_line(change.subject)} {word}{run}"


def _brief(text: str) -> str:
    return one_line(text.strip().split("\n", 1)[0])
