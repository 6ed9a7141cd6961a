"""The declaration of a job: the assets that run together, with which executor and retries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from rivers.definitions.argument_checks import require_text
from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.task_base import BaseTask
from rivers.definitions.policies.executors import Executor
from rivers.definitions.policies.retries import RetryPolicy
from rivers.exceptions import GraphValidationError, _JobNotBound  # pyright: ignore[reportPrivateUsage]


class JobRunner(Protocol):
    """The callable that a resolved repository gives its jobs so that they can execute."""

    def __call__(
        self,
        job: Job,
        *,
        partition_key: Any,
        tags: Sequence[tuple[str, str]] | None,
        config: Mapping[str, Any] | None,
        raise_on_error: bool,
    ) -> Any:
        """Run the job to its end and return its ``RunResult``."""
        ...


class Job:
    """A named selection of assets and tasks.

    ``allow_incomplete_deps`` accepts an upstream outside the job when it can be loaded through an IO handler.

    :raises GraphValidationError: when ``assets`` is empty or holds something else, naming the job
    """

    def __init__(
        self,
        name: str,
        assets: Sequence[Any],
        executor: Executor | None = None,
        allow_incomplete_deps: bool = False,
        retry: RetryPolicy | str | None = None,
    ) -> None:
        require_text("name", name)
        members = list(assets)
        if not members:
            raise GraphValidationError(f"Job '{name}' has no assets", kind="Job", name=name)
        for member in members:
            if not isinstance(member, BaseAsset | BaseTask):
                raise GraphValidationError(
                    f"Job '{name}' may hold only assets and tasks, got {type(member).__name__}", kind="Job", name=name
                )
        if not isinstance(executor, Executor | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"executor must be an Executor, got {type(executor).__name__}")
        if not isinstance(retry, RetryPolicy | str | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"retry must be a RetryPolicy or the name of one, got {type(retry).__name__}")
        self._name = name
        self._assets = cast("list[BaseAsset | BaseTask]", members)
        self._executor = executor
        self._allow_incomplete_deps = bool(allow_incomplete_deps)
        self._retry = retry
        self._runner: JobRunner | None = None

    @property
    def name(self) -> str:
        """The job's name."""
        return self._name

    @property
    def assets(self) -> list[BaseAsset | BaseTask]:
        """The members as declared."""
        return list(self._assets)

    @property
    def executor(self) -> Executor | None:
        """The executor of its steps, ``None`` for the repository's default."""
        return self._executor

    @property
    def allow_incomplete_deps(self) -> bool:
        """Whether an upstream that an IO handler can load may be missing."""
        return self._allow_incomplete_deps

    @property
    def retry(self) -> RetryPolicy | str | None:
        """The retry policy of steps that have none of their own, or the name of a registered one."""
        return self._retry

    def execute(
        self,
        partition_key: Any = None,
        tags: Sequence[tuple[str, str]] | None = None,
        config: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
    ) -> Any:
        """Run every member and return the ``RunResult``; the run record carries the job's name.

        :raises ExecutionError: when no repository has resolved this job (also a ``ValueError``)
        """
        if self._runner is None:
            raise _JobNotBound(
                f"Job '{self._name}' belongs to no resolved repository; "
                f"execute the one that repo.get_job('{self._name}') returns"
            )
        return self._runner(self, partition_key=partition_key, tags=tags, config=config, raise_on_error=raise_on_error)

    def bind(self, runner: JobRunner) -> None:
        """Let this very object execute through ``runner``, as the repository that lists it does when it resolves."""
        self._runner = runner

    def bound_to(self, runner: JobRunner) -> Job:
        """Return the same job executing through ``runner``; this one is left as it is."""
        twin = Job(self._name, self._assets, self._executor, self._allow_incomplete_deps, self._retry)
        twin.bind(runner)
        return twin

    def __repr__(self) -> str:
        return f"Job(name={self._name!r})"
