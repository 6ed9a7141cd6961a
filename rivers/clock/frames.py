"""The place where a task or a thread stands, as one line for an error message."""

from __future__ import annotations

import sys
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any, cast

_PLUMBING = ("/asyncio/", "/anyio/", "/trio/", "/rivers/clock/", "/threading.py", "/types.py", "<frozen")


def innermost(coroutine: object) -> str:
    """Return the innermost frame of a suspended coroutine that is not of an event loop."""
    found: FrameType | None = None
    while coroutine is not None:
        frame, inner = _step(coroutine)
        if frame is not None and (found is None or not _is_plumbing(frame)):
            found = frame
        coroutine = inner
    return describe(found)


def _step(awaited: object) -> tuple[FrameType | None, object]:
    if isinstance(awaited, CoroutineType):
        coroutine = cast("CoroutineType[Any, Any, Any]", awaited)
        return coroutine.cr_frame, coroutine.cr_await
    if isinstance(awaited, GeneratorType):
        generator = cast("GeneratorType[Any, Any, Any]", awaited)
        return generator.gi_frame, generator.gi_yieldfrom
    if isinstance(awaited, AsyncGeneratorType):
        stream = cast("AsyncGeneratorType[Any, Any]", awaited)
        return stream.ag_frame, stream.ag_await
    return None, None


def of_thread(thread_id: int | None) -> str:
    """Return the innermost frame of a running thread that is not of a library."""
    frame = sys._current_frames().get(thread_id or 0)  # pyright: ignore[reportPrivateUsage]
    top = frame
    while frame is not None and _is_plumbing(frame):
        frame = frame.f_back
    return describe(frame or top)


def describe(frame: FrameType | None) -> str:
    """Return ``file:line in function``, or a phrase for a frame that is gone."""
    if frame is None:
        return "no frame"
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def _is_plumbing(frame: FrameType) -> bool:
    name = frame.f_code.co_filename.replace("\\", "/")
    return any(part in name for part in _PLUMBING)
