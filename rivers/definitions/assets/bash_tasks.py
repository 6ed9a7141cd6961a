"""The declaration of a task that runs a command, which ``rivers.execution`` runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, cast

from rivers.definitions.argument_checks import require_text, require_text_mapping
from rivers.definitions.assets.asset_settings import AssetKeywords
from rivers.definitions.assets.composition import current_composition
from rivers.definitions.assets.task_base import BaseTask
from rivers.definitions.policies.retries import RetryPolicy
from rivers.exceptions import ExecutionError, TaskDefinitionError
from rivers.partitions.mappings import PartitionMapping


class CommandTask(BaseTask):
    """A command that is a step; its value is what it writes to stdout.

    ``command`` is a text for ``sh -c``, or a list that is executed as it is. ``env`` is added to the inherited
    environment; ``cwd`` is the folder it runs in.

    :raises TaskDefinitionError: for an empty list
    :raises TypeError: for a command of another type
    """

    def __init__(
        self,
        name: str,
        command: str | Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: str | PurePath | None = None,
        tags: Sequence[str] | None = None,
        partition_mapping: Mapping[str, PartitionMapping] | None = None,
        io_handler: Any = None,
        retry: RetryPolicy | str | None = None,
    ) -> None:
        require_text("name", name)
        require_text_mapping("env", env)
        if cwd is not None and not isinstance(cwd, str | PurePath):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"cwd must be a str or a path, got {type(cwd).__name__}")
        super().__init__(AssetKeywords(name=name, tags=tags, io_handler=io_handler, retry=retry), partition_mapping)
        self._command = _checked_command(name, command)
        self._env = None if env is None else dict(env)
        self._cwd = None if cwd is None else str(cwd)

    @property
    def command(self) -> str | list[str]:
        """The text that the shell runs, or the list that is executed without one."""
        return list(self._command) if isinstance(self._command, list) else self._command

    @property
    def env(self) -> dict[str, str] | None:
        """The variables that are added to the inherited environment."""
        return None if self._env is None else dict(self._env)

    @property
    def cwd(self) -> str | None:
        """The folder that it runs in, ``None`` for that of the process."""
        return self._cwd

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Record the call in the body of a graph asset: the command runs after the nodes that are passed.

        :raises ExecutionError: anywhere else
        """
        composition = current_composition()
        if composition is None:
            raise ExecutionError(f"BashTask '{self.name}' runs as a step only: in a repository or in a graph asset")
        return composition.call_task(self, args, kwargs)

    def __repr__(self) -> str:
        return f"BashTask(name={self.name!r}, command={self._command!r})"


def _checked_command(name: str, command: object) -> str | list[str]:
    if isinstance(command, str):
        return command
    if not isinstance(command, list | tuple):
        raise TypeError(f"command of BashTask '{name}' must be a str or a list of str, got {type(command).__name__}")
    words = cast("Sequence[object]", command)
    if not words:
        raise TaskDefinitionError(f"command of BashTask '{name}' is an empty list", name=name)
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"command of BashTask '{name}' must hold only str, got {type(word).__name__}")
    return [cast("str", word) for word in words]
