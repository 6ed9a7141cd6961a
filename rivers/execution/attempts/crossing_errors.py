"""Packing an exception so that it crosses from a worker with its class, whatever its constructor takes.

Python unpickles an exception by calling its class with its ``args``. Many constructors take something else than what
they hand on as ``args`` (a status and a body, keywords), so that this fails or says things twice. Such an exception is
made from its parts, without its constructor: an ``except`` and ``RetryPolicy(retry_on=...)`` have to recognise it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any, cast

import cloudpickle

from rivers.execution.attempts.failure_records import error_text

dumps = cast("Callable[[object], bytes]", cloudpickle.dumps)  # pyright: ignore[reportUnknownMemberType]
"""Pickles also what has no name in a module, by value."""


def packed_error(error: BaseException) -> bytes:
    """Return what ``pickle.loads`` makes the exception from.

    :raises BaseException: whatever pickling or unpickling raises, when there is no way
    """
    try:
        packed = dumps(error)
        made = pickle.loads(packed)
    except BaseException:
        if not _is_made_by_python(error):
            raise
        return dumps(_Parts(error))
    if isinstance(made, BaseException) and _is_made_by_python(error) and error_text(made) != error_text(error):
        return dumps(_Parts(error))
    return packed


def fault_of_crossing(crossing: object) -> str | None:
    """Return why an object could not be unpickled in another process, ``None`` when it could."""
    try:
        pickle.loads(dumps(crossing))  # many objects can be pickled, but not unpickled
    except BaseException as fault:
        return error_text(fault)
    return None


class _Parts:
    """The stand-in for an exception while it crosses."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __reduce__(self) -> tuple[Any, ...]:
        _, arguments, *rest = cast("tuple[Any, ...]", self._error.__reduce__())
        members = cast("dict[str, Any]", rest[0] or {}) if rest else {}
        left = {name: fault for name, value in members.items() if (fault := fault_of_crossing(value)) is not None}
        kept = {name: value for name, value in members.items() if name not in left}
        return _made_of_parts, (type(self._error), arguments, kept, left)


def _made_of_parts(
    kind: type[BaseException], arguments: tuple[Any, ...], members: Mapping[str, Any], left: Mapping[str, str]
) -> BaseException:
    native = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    made = native.__new__(kind, *arguments)
    native.__init__(made, *arguments)
    for name, value in members.items():
        object.__setattr__(made, name, value)  # works for a frozen class as well
    for name, fault in left.items():
        made.add_note(f"its attribute {name!r} was left in the worker process: {fault}")
    return made


def _is_made_by_python(error: BaseException) -> bool:
    """Return whether no class of the user says how the exception is pickled."""
    own = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
    deciding = next(base for base in type(error).__mro__ if any(name in vars(base) for name in own))
    return deciding.__module__ == "builtins"
