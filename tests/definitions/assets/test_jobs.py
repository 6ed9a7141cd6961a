"""The declaration of a job."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.assets.assets import Asset
from rivers.definitions.assets.jobs import Job
from rivers.definitions.policies.executors import Executor
from rivers.definitions.policies.retries import RetryPolicy
from rivers.exceptions import ExecutionError, GraphValidationError


@Asset
def a() -> int:
    return 1


class Recorder:
    def __init__(self) -> None:
        self.calls: list[tuple[Job, dict[str, Any]]] = []

    def __call__(self, job: Job, **arguments: Any) -> str:
        self.calls.append((job, arguments))
        return "result"


@pytest.mark.rule("repository 6.1")
def test_a_job_tells_what_it_was_declared_with() -> None:
    job = Job("j", [a, a], Executor.in_process(), True, RetryPolicy(2))
    assert (job.name, job.assets, job.allow_incomplete_deps) == ("j", [a, a], True)
    assert (job.executor, job.retry) == (Executor.in_process(), RetryPolicy(2))
    assert (Job("j", (a,)).executor, Job("j", (a,)).retry, Job("j", (a,)).allow_incomplete_deps) == (None, None, False)


@pytest.mark.rule("repository 6.3")
@pytest.mark.parametrize("assets", [[], ["a"], [a, 3], [lambda: 1]])
def test_a_job_without_members_or_with_other_ones_is_refused_by_name(assets: list[Any]) -> None:
    with pytest.raises(GraphValidationError, match="'j'"):
        Job("j", assets)


@pytest.mark.parametrize("arguments", [{"executor": "parallel"}, {"retry": 3}])
def test_a_mistyped_argument_is_a_type_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Job("j", [a], **arguments)


@pytest.mark.rule("repository 6.7")
@pytest.mark.parametrize("kind", [ExecutionError, ValueError])
def test_a_job_of_no_repository_cannot_execute(kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"'j'.*get_job"):
        Job("j", [a]).execute()


def test_a_bound_job_hands_its_arguments_to_the_runner() -> None:
    recorder = Recorder()
    job = Job("j", [a])
    job.bind(recorder)
    assert job.execute("p", [("k", "v")], {"a": {}}, raise_on_error=False) == "result"
    assert recorder.calls == [
        (job, {"partition_key": "p", "tags": [("k", "v")], "config": {"a": {}}, "raise_on_error": False})
    ]


def test_a_bound_twin_leaves_the_original_as_it_is() -> None:
    job = Job("j", [a], retry="named", allow_incomplete_deps=True)
    twin = job.bound_to(Recorder())
    assert twin.execute() == "result"
    assert (twin.name, twin.assets, twin.retry, twin.allow_incomplete_deps) == ("j", [a], "named", True)
    with pytest.raises(ExecutionError):
        job.execute()
