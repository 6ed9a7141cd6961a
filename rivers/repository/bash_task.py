"""The task that runs a command, as users make it: one that can be called directly as well."""

from __future__ import annotations

from typing import Any

from rivers.definitions.assets import bash_tasks
from rivers.definitions.assets.composition import current_composition
from rivers.execution.attempts.bash import run_command
from rivers.execution.steps.command import ShellCommand


class BashTask(bash_tasks.CommandTask):
    __doc__ = bash_tasks.CommandTask.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command here and now, and return what it writes to stdout; arguments are ignored.

        In the body of a graph asset nothing is run: the call is recorded. What is passed comes before the command.

        :raises OSError: when the command cannot be started, or exits with another status than 0
        """
        if current_composition() is not None:
            return super().__call__(*args, **kwargs)
        return run_command(ShellCommand.of(self.command, self.env, self.cwd))
