"""The declaration of tasks that run a command. That they run is tested in tests/execution."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from rivers.definitions.assets.bash_tasks import CommandTask
from rivers.exceptions import AssetDefinitionError, ExecutionError, TaskDefinitionError
from rivers.partitions.mappings import PartitionMapping

PREVIOUS = PartitionMapping.time_window(-1)


@pytest.mark.rule("graph-assets 2.1")
def test_it_tells_what_it_was_given() -> None:
    task = CommandTask("t", "echo $A", {"A": "b"}, PurePosixPath("folder"), ["tag"], {"up": PREVIOUS}, "h", "r")
    assert (task.name, task.command, task.env, task.cwd, task.tags) == ("t", "echo $A", {"A": "b"}, "folder", ["tag"])
    assert (task.partition_mapping, task.io_handler, task.retry, task.is_async) == ({"up": PREVIOUS}, "h", "r", False)
    assert CommandTask("t", ["a", "b"]).command == ["a", "b"]
    assert (CommandTask("t", "").command, CommandTask("t", "").env, CommandTask("t", "").cwd) == ("", None, None)
    assert repr(CommandTask("t", "a")) == "BashTask(name='t', command='a')"


@pytest.mark.rule("graph-assets 1.6", "graph-assets 2.1", "graph-assets 2.3")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("t",), TypeError),
        ((), TypeError),
        ((3, "a"), TypeError),
        (("t", []), TaskDefinitionError),
        (("t", 3), TypeError),
        (("t", None), TypeError),
        (("t", [3]), TypeError),
        (("t", "a", {"A": 1}), TypeError),
        (("t", "a", "A=1"), TypeError),
        (("t", "a", None, 3), TypeError),
        (("t", "a", None, None, "tag"), TypeError),
        (("t", "a", None, None, None, None, 3), AssetDefinitionError),
    ],
)
def test_a_bad_argument_is_refused(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        CommandTask(*arguments)


def test_it_runs_as_a_step_only() -> None:
    with pytest.raises(ExecutionError, match="'t' runs as a step only"):
        CommandTask("t", "a")()
