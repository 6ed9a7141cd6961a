"""The user's module: the argument ``MODULE`` and the option ``--repo-var``."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rivers.cli.failures import CliFailure
from rivers.wording import did_you_mean

if TYPE_CHECKING:
    from rivers.repository.code_repository import CodeRepository

ModuleArgument = Annotated[str, typer.Argument(metavar="MODULE", help="Dotted name of the module with the repository.")]
RepoVarOption = Annotated[str, typer.Option("--repo-var", help="Name of the repository in the module.")]

_OWN_FOLDERS: Final = (str(Path(__file__).parent.parent), os.path.dirname(importlib.__file__))


def load_repository(module_name: str, repo_var: str) -> CodeRepository:
    """Import ``module_name``, with the current directory first on the path, and return its ``repo_var``.

    What ``validate`` raises for a repository that could never run comes through as it is.

    :raises CliFailure: when there is no such module or attribute, when the module raises or exits while it is
        imported, or when the attribute is not a ``CodeRepository``
    """
    module = _import(module_name)
    try:
        repo = getattr(module, repo_var)
    except AttributeError:
        raise CliFailure(f"'{repo_var}' not found in module '{module_name}'{_repositories_of(module)}") from None
    if not _is_repository(repo):
        raise CliFailure(
            f"'{repo_var}' is not a CodeRepository: in module '{module_name}' it is of type {type(repo).__name__}"
            f"{_repositories_of(module)}"
        )
    repo.validate()  # before a store is opened, since a repository that cannot run must leave no trace
    return repo


def _import(name: str) -> ModuleType:
    if name.endswith(".py") or "/" in name or os.sep in name:
        dotted = name.removesuffix(".py").strip("./").replace(os.sep, ".").replace("/", ".")
        raise CliFailure(f"'{name}' is a path; MODULE is a dotted module name, such as '{dotted}'")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _import_failure(name, error) from error
        raise CliFailure(
            f"module '{name}' not found (ModuleNotFoundError: {error})\n"
            f"  looked in {os.getcwd()} and on PYTHONPATH; run rivers in the folder that holds it{_similar(name)}"
        ) from error
    except SystemExit as error:
        message = f"module '{name}' called sys.exit({error.code!r}) while it was imported"
        raise CliFailure(f"{message}{_place_of(error)}") from error
    except (TypeError, ValueError) as error:
        if not name or name.startswith("."):
            raise CliFailure(f"'{name}' is not a module name; give an absolute one, as 'project.pipeline'") from error
        raise _import_failure(name, error) from error
    except Exception as error:
        raise _import_failure(name, error) from error


def _import_failure(name: str, error: Exception) -> CliFailure:
    return CliFailure(
        f"module '{name}' could not be imported{_place_of(error)}", last_line=f"{type(error).__name__}: {error}"
    )


def _place_of(error: BaseException) -> str:
    """Return the file and line of the user's code that raised, or of the syntax error; empty text without any."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f", at {error.filename}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(_OWN_FOLDERS) and not frame.filename.startswith("<"):
            return f", at {frame.filename}:{frame.lineno}"
    return ""


def _is_repository(value: object) -> bool:
    from rivers.repository.code_repository import CodeRepository

    return isinstance(value, CodeRepository)


def _repositories_of(module: ModuleType) -> str:
    names = sorted(name for name, value in vars(module).items() if _is_repository(value))
    return f"\n  it has: {', '.join(names)} (choose with --repo-var)" if names else ""


def _similar(name: str) -> str:
    here = [path.stem for path in sorted(Path.cwd().glob("*.py"))]
    here += [path.parent.name for path in sorted(Path.cwd().glob("*/__init__.py"))]
    return did_you_mean(name, here, "\n  ")
