"""What a repository can answer from its declarations alone: no storage, no clock of its own, nothing set up."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from rivers.clock import WallClock
from rivers.definitions.argument_checks import require_prose
from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.jobs import Job
from rivers.definitions.policies.executors import Executor
from rivers.definitions.policies.retries import RetryPolicy
from rivers.definitions.policies.run_queue import RunBackendConfig, RunQueueConfig
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.exceptions import NodeNotFoundError
from rivers.execution.attempts.coroutine_host import CoroutineHost
from rivers.execution.attempts.resources import checked_resources
from rivers.execution.triggers.here import TriggerCaller
from rivers.partitions.definitions import PartitionsDefinition
from rivers.repository.declarations import (
    Compiled,
    Declarations,
    arguments_of,
    checked_assets,
    checked_members,
    checked_optional,
    checked_registry,
    checked_tasks,
    compile_declarations,
)
from rivers.repository.without_effect import log_what_has_no_effect


class SharedDefinitions:
    """The declarations of a repository and what they compile to, once for it and all its siblings."""

    def __init__(self, given: Declarations) -> None:
        self.given = given
        self._lock = threading.Lock()
        self._compiled: Compiled | None = None
        self._warned = False

    def compiled(self) -> Compiled:
        """Compile at the first call, and again after a call that raised. Raises as ``compile_declarations``."""
        with self._lock:
            if self._compiled is None:
                self._compiled = compile_declarations(self.given)
                self._warn(self._compiled)
            return self._compiled

    def check(self) -> None:
        """Compile anew, keeping nothing. Raises as ``compile_declarations``."""
        with self._lock:
            self._warn(compile_declarations(self.given))

    def _warn(self, compiled: Compiled) -> None:
        """Warn of what is doubtful, once: a repository may be validated when it is loaded, and resolved later."""
        if not self._warned:
            self._warned = True
            warn_of_shadows(compiled)
            log_what_has_no_effect(self.given)


class DeclaredRepository:
    """The half of a repository that needs no storage."""

    def __init__(
        self,
        assets: Sequence[BaseAsset],
        tasks: Sequence[Any] | None = None,
        jobs: Sequence[Job] | None = None,
        schedules: Sequence[Schedule] | None = None,
        sensors: Sequence[Sensor] | None = None,
        default_executor: Executor | None = None,
        resources: Mapping[str, Any] | None = None,
        partition_defs: Mapping[str, Any] | None = None,
        retries: Mapping[str, RetryPolicy] | None = None,
        default_retry_policy: RetryPolicy | str | None = None,
        run_queue: RunQueueConfig | None = None,
        run_backend: RunBackendConfig | None = None,
        pool_limits: Mapping[str, int] | None = None,
    ) -> None:
        given = Declarations(
            assets=checked_assets(assets),
            tasks=checked_tasks(tasks),
            jobs=checked_members("jobs", jobs, Job),
            schedules={each.name: each for each in checked_members("schedules", schedules, Schedule)},
            sensors={each.name: each for each in checked_members("sensors", sensors, Sensor)},
            default_executor=checked_optional("default_executor", default_executor, Executor) or Executor.parallel(),
            resources=checked_resources(resources),
            partition_defs=checked_registry("partition_defs", partition_defs, PartitionsDefinition),
            retries=checked_registry("retries", retries, RetryPolicy),
            default_retry_policy=checked_optional("default_retry_policy", default_retry_policy, RetryPolicy | str),
            run_queue=checked_optional("run_queue", run_queue, RunQueueConfig),
            run_backend=checked_optional("run_backend", run_backend, RunBackendConfig),
            pool_limits=checked_registry("pool_limits", pool_limits, int),
        )
        self._adopt(SharedDefinitions(given))

    __init__.__qualname__ = "CodeRepository.__init__"  # how Python calls it when an argument is wrong

    def _adopt(self, shared: SharedDefinitions) -> None:
        """Start from definitions that a sibling may have compiled already."""
        self._shared = shared
        self._given = shared.given
        self._lock = threading.RLock()
        self._early_triggers: tuple[TriggerCaller, CoroutineHost] | None = None

    def validate(self) -> None:
        """Check the graph, the jobs, the triggers and every name but those of IO handlers. Touches no storage."""
        self._shared.check()

    @property
    def node_names(self) -> tuple[str, ...]:
        """The name of everything that a run can execute, in order of registration. Raises as ``validate``."""
        return tuple(self._shared.compiled().graph.nodes)

    @property
    def schedules(self) -> list[Schedule]:
        """The schedules."""
        return list(self._given.schedules.values())

    @property
    def sensors(self) -> list[Sensor]:
        """The sensors."""
        return list(self._given.sensors.values())

    @property
    def run_queue(self) -> RunQueueConfig | None:
        """The run queue's configuration, ``None`` when runs are not queued."""
        return self._given.run_queue

    def get_schedule(self, name: str) -> Schedule:
        """Return the schedule of that name. :raises NodeNotFoundError: without one"""
        require_prose("name", name)
        schedule = self._given.schedules.get(name)
        if schedule is None:
            raise NodeNotFoundError.of("Schedule", name)
        return schedule

    def get_sensor(self, name: str) -> Sensor:
        """Return the sensor of that name. :raises NodeNotFoundError: without one"""
        require_prose("name", name)
        sensor = self._given.sensors.get(name)
        if sensor is None:
            raise NodeNotFoundError.of("Sensor", name)
        return sensor

    def _triggers_before_resolve(self) -> TriggerCaller:
        with self._lock:
            if self._early_triggers is None:
                resources, host = self._given.resources, CoroutineHost()
                caller = TriggerCaller(
                    WallClock().datetime, resources, lambda trigger: arguments_of(trigger, resources), host
                )
                self._early_triggers = (caller, host)
            return self._early_triggers[0]

    def _close_early_triggers(self) -> None:
        with self._lock:
            early, self._early_triggers = self._early_triggers, None
        if early is not None:
            early[1].close()


def warn_of_shadows(compiled: Compiled) -> None:
    """Warn of resources that no parameter can get, since an asset has their name."""
    for key in compiled.graph.shadowed_resources:
        warnings.warn(
            f"resource '{key}' has the name of an asset: parameters called '{key}' get the asset's value",
            UserWarning,
            stacklevel=5,
        )
