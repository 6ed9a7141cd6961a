"""The places where the steps of a run are to execute."""

from __future__ import annotations

import os

import pytest

from rivers.definitions.policies.executors import Executor


@pytest.mark.rule("execution 1.1")
def test_the_factories_make_the_nested_classes() -> None:
    assert isinstance(Executor.in_process(), Executor.InProcess)
    assert isinstance(Executor.parallel(), Executor.Parallel)
    assert isinstance(Executor.kubernetes(), Executor.Kubernetes)
    assert isinstance(Executor.in_process(), Executor)
    assert Executor.in_process() == Executor.in_process()


@pytest.mark.rule("execution 1.3")
def test_the_default_number_of_workers_is_that_of_the_usable_cpus() -> None:
    executor = Executor.parallel()
    assert 1 <= executor.max_workers <= (os.cpu_count() or 1)
    assert executor.max_async_concurrent is None
    assert (Executor.parallel(2, 3).max_workers, Executor.parallel(2, 3).max_async_concurrent) == (2, 3)


@pytest.mark.rule("execution 1.6")
def test_kubernetes_has_its_documented_defaults() -> None:
    executor = Executor.kubernetes("image", namespace="n")
    assert (executor.worker_image, executor.namespace, executor.max_concurrent_steps) == ("image", "n", None)
    assert (executor.service_account, executor.worker_cpu, executor.worker_memory) == (
        "rivers-executor",
        "500m",
        "512Mi",
    )


@pytest.mark.rule("execution 1.7")
@pytest.mark.parametrize("kind", [OverflowError, ValueError])
def test_a_negative_number_of_workers_is_refused(kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Executor.parallel(-1)
    with pytest.raises(kind):
        Executor.parallel(max_async_concurrent=-1)
    with pytest.raises(kind):
        Executor.kubernetes(max_concurrent_steps=-1)


@pytest.mark.rule("execution 1.1")
def test_an_executor_is_only_made_by_its_factories() -> None:
    with pytest.raises(TypeError, match="in_process"):
        Executor()
