"""Addresses of functions: module and name, by which a worker process imports the user's module as it is."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

_HOLDERS: Final = ("evaluation_fn", "function", "observe_fn")
"""Attributes in which a declaration keeps the function that it decorates. The function's name leads to it then."""


@dataclass(frozen=True)
class FunctionAddress:
    """The module of a function, its name there, and the file for a module that is off the path.

    The name of a decorated function leads to the asset, task, schedule or sensor that holds the function.
    """

    module: str
    qualname: str
    file: str | None

    def load(self) -> Callable[..., Any]:
        """Import the module and return the function."""
        found: Any = load_module(self.module, self.file)
        for part in self.qualname.split("."):
            found = getattr(found, part)
        for holder in _HOLDERS:
            held: Any = getattr(found, holder, None)
            if getattr(held, "__qualname__", None) == self.qualname:
                return cast("Callable[..., Any]", held)
        return found


def load_module(name: str, file: str | None) -> Any:
    """Import a module, from ``file`` when it is not on the path.

    :raises ModuleNotFoundError: the module is in neither place
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        spec = None if file is None else importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module


def module_of(function: Callable[..., Any]) -> tuple[str, str | None] | None:
    """Return name and file of a function's module, ``None`` for ``__main__``, which a worker does not run again."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is None or module.__name__ == "__main__":
        return None
    return module.__name__, getattr(module, "__file__", None)


def address_of(function: Callable[..., Any]) -> FunctionAddress | None:
    """Return the address of a function that a worker can import, ``None`` for a local one, which crosses by value."""
    module = module_of(function)
    qualname = getattr(function, "__qualname__", None)
    if module is None or qualname is None:
        return None
    found: Any = sys.modules[module[0]]
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if found is not function and not any(getattr(found, holder, None) is function for holder in _HOLDERS):
        return None
    return FunctionAddress(module[0], qualname, module[1])
