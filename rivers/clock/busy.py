"""Tokens that say that a task awaits something outside the loop, so that an idle loop is not at rest."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

import anyio


class _Token:
    __slots__ = ("active", "label", "outer", "since", "task")

    def __init__(self, label: str, since: float, outer: _Token | None) -> None:
        self.label = label
        self.task = _task_here()
        self.since = since
        self.outer = outer
        self.active = True


_innermost: ContextVar[_Token | None] = ContextVar("rivers.clock.busy", default=None)


def busy_label_here() -> str | None:
    """Return the label of the innermost busy block that the calling task is in."""
    token = _innermost.get()
    if token is None:
        return None
    task = _task_here()
    # A task started inside the block inherits the mark, but may well outlive the block.
    while token is not None and not (token.active and token.task == task):
        token = token.outer
    return None if token is None else token.label


def _task_here() -> int | None:
    try:
        return anyio.get_current_task().id
    except (RuntimeError, anyio.NoEventLoopError):
        return None


class BusyTokens:
    """The tokens of one clock. ``changed`` is called after each release."""

    def __init__(self, real_time: Callable[[], float], changed: Callable[[], None]) -> None:
        self._real_time = real_time
        self._changed = changed
        self._out: dict[_Token, None] = {}

    def __bool__(self) -> bool:
        return bool(self._out)

    @contextmanager
    def hold(self, label: str) -> Generator[None]:
        """Hold a token for the length of the block."""
        token = _Token(label, self._real_time(), _innermost.get())
        mark = _innermost.set(token)
        self._out[token] = None
        try:
            yield
        finally:
            token.active = False
            self._out.pop(token, None)
            if _innermost.get() is token:  # not so when a generator is closed from another task
                _innermost.reset(mark)
            self._changed()

    def ages(self) -> list[tuple[str, float]]:
        """Return each label with its real age in seconds, oldest first."""
        now = self._real_time()
        return [(token.label, now - token.since) for token in list(self._out)]

    def clear(self) -> None:
        """Forget all tokens, because the loop of their tasks has ended."""
        self._out.clear()
