"""The declaration of tasks that call a function."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.assets.tasks import Task
from rivers.definitions.policies.retries import RetryPolicy
from rivers.exceptions import AssetDefinitionError, TaskDefinitionError
from rivers.io_handlers import InMemoryIOHandler
from rivers.partitions.mappings import PartitionMapping

PREVIOUS = PartitionMapping.time_window(-1)


def double(value: int) -> int:
    """Twice."""
    return 2 * value


@pytest.mark.rule("graph-assets 1.1")
def test_the_bare_the_keyword_and_the_direct_form_give_a_task() -> None:
    for task in (Task(double), Task()(double), Task(name="double")(double), Task(wraps=double)):
        assert (task.name, task.function, task.is_async, task.tags) == ("double", double, False, None)
        assert task.__doc__ == "Twice."
        assert repr(task) == "Task(name='double')"


@pytest.mark.rule("graph-assets 1.2")
def test_it_tells_what_it_was_given() -> None:
    handler = InMemoryIOHandler()
    task = Task(double, "t", ["tag"], "daily", {"up": PREVIOUS}, handler, RetryPolicy(2))
    assert (task.name, task.tags, task.partitions_def, task.partition_mapping) == (
        *("t", ["tag"], "daily"),
        {"up": PREVIOUS},
    )
    assert task.io_handler is handler
    assert task.retry == RetryPolicy(2)


@pytest.mark.rule("graph-assets 1.2")
def test_a_decorator_can_be_used_again_and_has_no_name() -> None:
    decorator = Task(tags=["t"], retry="r")
    first, second = decorator(double), decorator(double)
    assert first is not second
    assert [(task.name, task.tags, task.retry) for task in (first, second)] == [("double", ["t"], "r")] * 2
    assert decorator.name is None
    assert Task(name="n").name is None
    assert Task(name="n")(double).name == "n"


@pytest.mark.rule("graph-assets 1.4")
def test_outside_of_a_graph_a_call_runs_the_function() -> None:
    assert Task(double)(4) == 8
    with pytest.raises(TypeError, match="positional"):
        Task(double)()


@pytest.mark.rule("graph-assets 1.2")
def test_coroutine_functions_are_async() -> None:
    async def slow() -> int:
        return 1

    assert Task(slow).is_async


@pytest.mark.rule("graph-assets 1.5")
@pytest.mark.parametrize("wrong", [3, "x", Task(double)])
def test_what_is_no_function_is_a_task_definition_error(wrong: Any) -> None:
    with pytest.raises(TaskDefinitionError, match="function"):
        Task()(wrong)
    with pytest.raises(TaskDefinitionError, match="function"):
        Task(wrong)


@pytest.mark.rule("graph-assets 1.5")
def test_an_unbound_task_takes_exactly_one_function_and_has_none() -> None:
    with pytest.raises(TaskDefinitionError, match="exactly one"):
        Task()(double, double)
    with pytest.raises(TaskDefinitionError, match="not applied"):
        _ = Task().function


@pytest.mark.rule("graph-assets 1.3", "graph-assets 1.6")
@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"hooks": []}, TypeError),
        ({"pool": "p"}, TypeError),
        ({"tags": "t"}, TypeError),
        ({"name": 3}, TypeError),
        ({"retry": 3}, TypeError),
        ({"io_handler": 3}, AssetDefinitionError),
    ],
)
def test_a_bad_keyword_is_refused(keywords: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Task(**keywords)


@pytest.mark.rule("graph-assets 1.2")
def test_attributes_are_read_only() -> None:
    for attribute in ("name", "tags", "is_async"):
        with pytest.raises(AttributeError):
            setattr(Task(double), attribute, None)
