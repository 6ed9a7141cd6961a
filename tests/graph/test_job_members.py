"""Which nodes each job runs."""

from __future__ import annotations

import pytest

from rivers.definitions.asset_def import AssetDef
from rivers.definitions.assets import Asset
from rivers.definitions.jobs import Job
from rivers.exceptions import GraphValidationError, NodeNotFoundError
from rivers.graph.building import build_graph
from rivers.graph.job_members import resolve_jobs

a = Asset(name="a")(lambda: 0)
stored = Asset(name="stored", io_handler="h")(lambda: 0)
b = Asset(name="b")(lambda a: 0)
c = Asset(name="c", deps=[AssetDef.dep("a")])(lambda stored: 0)
GRAPH = build_graph([a, stored, b, c])


def test_members_come_once_in_order_of_registration() -> None:
    assert resolve_jobs(GRAPH, [Job("one", [b, a, b]), Job("two", [a])]) == {"one": ("a", "b"), "two": ("a",)}


def test_a_missing_upstream_is_refused_with_a_hint() -> None:
    with pytest.raises(GraphValidationError, match=r"'j'.*'b'.*'a'.*allow_incomplete_deps"):
        resolve_jobs(GRAPH, [Job("j", [b])])


def test_a_missing_upstream_may_be_loaded_when_the_job_allows_it() -> None:
    assert resolve_jobs(GRAPH, [Job("j", [c], allow_incomplete_deps=True)]) == {"j": ("c",)}
    with pytest.raises(GraphValidationError, match=r"'j'.*'b'.*'a'.*has no io_handler"):
        resolve_jobs(GRAPH, [Job("j", [b], allow_incomplete_deps=True)])


def test_a_lineage_upstream_may_be_missing_freely() -> None:
    assert resolve_jobs(GRAPH, [Job("j", [c, stored])]) == {"j": ("stored", "c")}


def test_a_member_that_the_repository_lacks_is_named() -> None:
    with pytest.raises(NodeNotFoundError, match=r"'j'.*'z'"):
        resolve_jobs(GRAPH, [Job("j", [Asset(name="z")(lambda: 0)])])


def test_two_jobs_of_one_name_are_refused() -> None:
    with pytest.raises(GraphValidationError, match="'j'"):
        resolve_jobs(GRAPH, [Job("j", [a]), Job("j", [b, a])])
