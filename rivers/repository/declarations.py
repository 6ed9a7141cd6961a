"""What a repository was given, checked for its types, and compiled into the graph that every sibling shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.jobs import Job
from rivers.definitions.assets.task_base import BaseTask
from rivers.definitions.functions.evaluation_contexts import ScheduleEvaluationContext, SensorEvaluationContext
from rivers.definitions.functions.parameters import FunctionArguments
from rivers.definitions.functions.trigger_parameters import classify_trigger_parameters
from rivers.definitions.policies.executors import Executor
from rivers.definitions.policies.retries import RetryPolicy
from rivers.definitions.policies.run_queue import RunBackendConfig, RunQueueConfig
from rivers.definitions.signatures import read_signature
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.exceptions import AssetDefinitionError
from rivers.graph.building import build_graph
from rivers.graph.job_members import resolve_jobs, task_names, validate_triggers
from rivers.graph.nodes import Graph
from rivers.graph.partitioning import with_partitions
from rivers.graph.references import check_names
from rivers.partitions.definitions import PartitionsDefinition


@dataclass(frozen=True)
class Declarations:
    """The arguments of a repository. Of two schedules, or two sensors, with one name the later one counts."""

    assets: tuple[BaseAsset, ...]
    tasks: tuple[BaseTask, ...]
    jobs: tuple[Job, ...]
    schedules: Mapping[str, Schedule]
    sensors: Mapping[str, Sensor]
    default_executor: Executor
    resources: Mapping[str, Any]
    partition_defs: Mapping[str, PartitionsDefinition]
    retries: Mapping[str, RetryPolicy]
    default_retry_policy: RetryPolicy | str | None
    run_queue: RunQueueConfig | None
    run_backend: RunBackendConfig | None
    pool_limits: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Compiled:
    """The graph, the nodes of every job, and the arguments of every declared trigger's function.

    Siblings share it; it does not change.
    """

    graph: Graph
    jobs: Mapping[str, tuple[str, ...]]
    trigger_arguments: Mapping[Schedule | Sensor, FunctionArguments]


def compile_declarations(given: Declarations) -> Compiled:
    """Build the graph and check everything that can be checked without storage and without handlers.

    Raises what ``build_graph``, ``with_partitions``, ``check_names``, ``resolve_jobs``, ``validate_triggers`` and
    ``classify_trigger_parameters`` raise.
    """
    graph = build_graph(given.assets, given.resources, given.tasks, task_names(given.jobs))
    graph = with_partitions(graph, given.partition_defs)
    check_names(graph, given.jobs, retries=given.retries, default_retry=given.default_retry_policy)
    jobs = resolve_jobs(graph, given.jobs)
    validate_triggers(given.schedules.values(), given.sensors.values(), jobs=jobs, assets=graph.nodes)
    triggers: list[Schedule | Sensor] = [*given.schedules.values(), *given.sensors.values()]
    return Compiled(graph, jobs, {trigger: arguments_of(trigger, given.resources) for trigger in triggers})


def check_trigger(compiled: Compiled, given: Declarations, trigger: Schedule | Sensor) -> None:
    """Check a trigger that the repository does not declare as its own are checked.

    Raises what ``validate_triggers`` and ``classify_trigger_parameters`` raise.
    """
    schedules, sensors = ([trigger], []) if isinstance(trigger, Schedule) else ([], [trigger])
    validate_triggers(schedules, sensors, jobs=compiled.jobs, assets=compiled.graph.nodes)
    arguments_of(trigger, given.resources)


def arguments_of(trigger: Schedule | Sensor, resources: Mapping[str, Any]) -> FunctionArguments:
    """Return the arguments of the trigger's function; none for a trigger without a function."""
    if trigger.evaluation_fn is None:
        return FunctionArguments(())
    is_schedule = isinstance(trigger, Schedule)
    return classify_trigger_parameters(
        f"{'Schedule' if is_schedule else 'Sensor'} '{trigger.name}'",
        read_signature(trigger.evaluation_fn),
        ScheduleEvaluationContext if is_schedule else SensorEvaluationContext,
        tuple(resources),
    )


def checked_assets(assets: Sequence[Any]) -> tuple[BaseAsset, ...]:
    """Return the assets of a repository; ``AssetDefinitionError`` for something that is none."""
    for asset in assets:
        if not isinstance(asset, BaseAsset):
            raise AssetDefinitionError(f"assets may hold only assets, got {type(asset).__name__}")
    return tuple(assets)


def checked_tasks(tasks: Sequence[Any] | None) -> tuple[BaseTask, ...]:
    """Return the tasks of a repository; ``AssetDefinitionError`` for something that is none."""
    for task in tasks or ():
        if not isinstance(task, BaseTask):
            raise AssetDefinitionError(f"tasks may hold only Task and BashTask objects, got {type(task).__name__}")
    return tuple(tasks or ())


def checked_members(parameter: str, given: Sequence[Any] | None, kind: type[Any]) -> tuple[Any, ...]:
    """Return what a parameter lists; ``TypeError`` for something of another type."""
    for item in given or ():
        if not isinstance(item, kind):
            raise TypeError(f"{parameter} may hold only {kind.__name__}, got {type(item).__name__}")
    return tuple(given or ())


def checked_optional(parameter: str, given: Any, kind: Any) -> Any:
    """Return ``given``; ``TypeError`` unless it is ``None`` or of that type."""
    if given is not None and not isinstance(given, kind):
        name = getattr(kind, "__name__", str(kind))
        raise TypeError(f"{parameter} must be a {name}, got {type(given).__name__}")
    return given


def checked_registry(parameter: str, given: Mapping[str, Any] | None, kind: type[Any]) -> dict[str, Any]:
    """Return what a parameter registers by name; ``TypeError`` for something of another type."""
    if not isinstance(given, Mapping | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{parameter} must be a dict, got {type(given).__name__}")
    registered: dict[str, Any] = {}
    for name, value in cast("Mapping[object, Any]", given or {}).items():
        if not isinstance(name, str):
            raise TypeError(f"the names in {parameter} must be str, got {type(name).__name__}")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"{parameter} must hold {kind.__name__}, got {type(value).__name__} for '{name}'")
        registered[name] = value
    return registered
