"""The nodes that each job runs, and every fault of a job's declaration that only the graph shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rivers.definitions.assets.jobs import Job
from rivers.definitions.assets.multi_assets import MultiAsset
from rivers.definitions.assets.task_base import BaseTask
from rivers.definitions.triggers.schedules import Schedule
from rivers.definitions.triggers.sensors import Sensor
from rivers.exceptions import GraphValidationError, NodeNotFoundError, ScheduleDefinitionError, SensorDefinitionError
from rivers.graph.nodes import Graph, NodeKind
from rivers.graph.selection import in_order, is_runnable, missing_inputs
from rivers.wording import near_names, offer


def resolve_jobs(graph: Graph, jobs: Iterable[Job]) -> dict[str, tuple[str, ...]]:
    """Return the node names of every job by its name, in order of registration of the nodes.

    A multi-asset brings its outputs and a graph asset its inside. An external asset that nobody observes brings
    nothing.

    :raises GraphValidationError: when two jobs have one name, or a job misses an upstream that it cannot load
    :raises NodeNotFoundError: when a job holds something that the graph does not
    """
    members: dict[str, tuple[str, ...]] = {}
    for job in jobs:
        if job.name in members:
            raise GraphValidationError(f"two jobs are called '{job.name}'", kind="Job", name=job.name)
        members[job.name] = _members_of(graph, job)
    return members


def task_names(jobs: Iterable[Job]) -> tuple[str, ...]:
    """Return the names of the tasks that jobs hold: those have to be nodes of their own."""
    return tuple(
        task.name for job in jobs for task in job.assets if isinstance(task, BaseTask) and task.name is not None
    )


def _members_of(graph: Graph, job: Job) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for member in job.assets:
        if isinstance(member, MultiAsset):
            names.update(dict.fromkeys(member.output_names))
        else:
            names[str(member.name)] = None
    for name in names:
        if name not in graph:
            raise NodeNotFoundError(
                f"Job '{job.name}': node '{name}' not found in the repository", kind="Node", name=name
            )
    inside = [internal for name in names for internal in graph.internals.get(name, ())]
    members = in_order(graph, (name for name in {**names, **dict.fromkeys(inside)} if is_runnable(graph, name)))
    for name, upstream in missing_inputs(graph, members):
        if graph[upstream].kind is NodeKind.EXTERNAL:
            continue
        if not job.allow_incomplete_deps:
            raise GraphValidationError(
                f"Job '{job.name}': node '{name}' needs upstream '{upstream}', which is not in the job; add it, or set "
                f"allow_incomplete_deps=True to load it through its io_handler",
                kind="Job",
                name=job.name,
                value=upstream,
            )
        if not graph[name].can_load(graph[upstream]):
            raise GraphValidationError(
                f"Job '{job.name}': node '{name}' needs upstream '{upstream}', which is not in the job and has no "
                f"io_handler to load it through; give '{upstream}' one, or add it to the job",
                kind="Job",
                name=job.name,
                value=upstream,
            )
    return members


def validate_triggers(
    schedules: Iterable[Schedule], sensors: Iterable[Sensor], *, jobs: Collection[str], assets: Collection[str]
) -> None:
    """Check the targets of all triggers against the names of the jobs and assets.

    :raises ScheduleDefinitionError: for a schedule of an unknown job
    :raises SensorDefinitionError: for a sensor of an unknown job or asset, or without any target
    """
    for schedule in schedules:
        if schedule.job_name not in jobs:
            near = near_names(schedule.job_name, jobs)
            message = f"Schedule '{schedule.name}': job '{schedule.job_name}' not found{offer(near)}"
            raise ScheduleDefinitionError(message, name=schedule.name, value=schedule.job_name, near=near)
    for sensor in sensors:
        if sensor.job_name is None and not sensor.asset_selection:
            raise SensorDefinitionError(
                f"Sensor '{sensor.name}' needs a job_name or an asset_selection", name=sensor.name
            )
        if sensor.job_name is not None and sensor.job_name not in jobs:
            near = near_names(sensor.job_name, jobs)
            message = f"Sensor '{sensor.name}': job '{sensor.job_name}' not found{offer(near)}"
            raise SensorDefinitionError(message, name=sensor.name, value=sensor.job_name, near=near)
        for asset in sensor.asset_selection or ():
            if asset not in assets:
                near = near_names(asset, assets)
                message = f"Sensor '{sensor.name}': asset '{asset}' of its asset_selection not found{offer(near)}"
                raise SensorDefinitionError(message, name=sensor.name, value=asset, near=near)
