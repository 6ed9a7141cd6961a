"""Which nodes each job runs, and every fault of a job's declaration that only the graph shows."""

from __future__ import annotations

from collections.abc import Iterable

from rivers.definitions.jobs import Job
from rivers.exceptions import GraphValidationError, NodeNotFoundError
from rivers.graph.nodes import Graph
from rivers.graph.selection import missing_inputs


def resolve_jobs(graph: Graph, jobs: Iterable[Job]) -> dict[str, tuple[str, ...]]:
    """The node names of every job by its name, in order of registration of the nodes.

    :raises GraphValidationError: when two jobs have one name, or a job misses an upstream that it cannot load
    :raises NodeNotFoundError: when a job holds something that the graph does not
    """
    members: dict[str, tuple[str, ...]] = {}
    for job in jobs:
        if job.name in members:
            raise GraphValidationError(f"two jobs are called '{job.name}'")
        members[job.name] = _members_of(graph, job)
    return members


def _members_of(graph: Graph, job: Job) -> tuple[str, ...]:
    names = dict.fromkeys(asset.name for asset in job.assets)
    for name in names:
        if name not in graph:
            raise NodeNotFoundError(f"Job '{job.name}': node '{name}' not found in the repository")
    members = tuple(sorted(names, key=lambda name: graph[name].position))
    for name, upstream in missing_inputs(graph, members):
        if not job.allow_incomplete_deps:
            raise GraphValidationError(
                f"Job '{job.name}': node '{name}' needs upstream '{upstream}', which is not in the job; add it, or set "
                f"allow_incomplete_deps=True to load it through its io_handler"
            )
        if not graph[name].can_load(graph[upstream]):
            raise GraphValidationError(
                f"Job '{job.name}': node '{name}' needs upstream '{upstream}', which is not in the job and has no "
                f"io_handler"
            )
    return members
