"""The executors that there are in this process, by name. Another one is a module with its entry, and a line in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final, cast

from rivers.definitions.policies.executors import Executor
from rivers.exceptions import ConfigurationError
from rivers.execution.dispatch.executor_entry import ExecutorEntry
from rivers.execution.dispatch.local_executors import IN_PROCESS, PARALLEL

EXECUTORS: Final[dict[str, ExecutorEntry[Any]]] = {entry.name: entry for entry in (IN_PROCESS, PARALLEL)}


def entry_of(executor: Executor) -> ExecutorEntry[Any] | None:
    """The entry of a declared executor; ``None`` for one that this process does not have."""
    for entry in EXECUTORS.values():
        if isinstance(executor, entry.options):
            return entry
    return None


def option_names(entry: ExecutorEntry[Any]) -> list[str]:
    """The names of the options of an executor."""
    return [field.name for field in fields(entry.options)]


def configured(name: str | None, options: Mapping[str, Any], default: Executor) -> Executor | None:
    """The executor that the config of a run asks for, its options over those of ``default`` where that is the same one.

    Without a ``name`` it is the first that has all ``options``; ``None`` when there are none of these either. Options
    that the named executor does not have say nothing to it.

    :raises ConfigurationError: when no executor has all of the options
    """
    if name is not None:
        entry = EXECUTORS[name]
    elif options:
        entry = _with_options(options)
    else:
        return None
    known: Any = default if isinstance(default, entry.options) else entry.options()
    changes = {option: options[option] for option in option_names(entry) if option in options}
    return cast("Executor", replace(known, **changes))


def _with_options(options: Mapping[str, Any]) -> ExecutorEntry[Any]:
    for entry in EXECUTORS.values():
        if options.keys() <= set(option_names(entry)):
            return entry
    raise ConfigurationError(f"config.execution: no executor has all of the options {', '.join(options)}")
