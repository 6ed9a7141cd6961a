"""The command of a bash step, as a task declares it and as a step keeps it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from rivers.execution.steps.command import ShellCommand


def test_a_command_keeps_what_a_task_declares_in_a_form_that_nobody_can_change() -> None:
    arguments, env = ["ls", "-l"], {"A": "1", "B": "2"}
    command = ShellCommand.of(arguments, env, "/tmp")
    arguments.append("gone")
    env["A"] = "3"
    assert command == ShellCommand(("ls", "-l"), (("A", "1"), ("B", "2")), "/tmp")
    with pytest.raises(FrozenInstanceError):
        command.cwd = None  # pyright: ignore[reportAttributeAccessIssue]


def test_a_text_stays_one_text_for_the_shell() -> None:
    assert ShellCommand.of("ls -l", None, None) == ShellCommand("ls -l")
