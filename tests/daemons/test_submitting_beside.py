"""A thread beside a graph that has nothing to wait for submits a run, and it starts at once."""

from __future__ import annotations

import rivers as rs
from rivers._core import AutomationDaemon


@rs.Asset
def load() -> int:
    return 1


def test_the_first_run_submitted_to_a_graph_that_has_not_waited_for_anything_yet_runs() -> None:
    repo = rs.CodeRepository([load], run_queue=rs.RunQueueConfig())
    with rs.Storage.memory() as storage:
        repo.resolve(storage)
        daemon = AutomationDaemon(repo, storage)
        daemon.start()
        try:
            assert repo._submit_run(["load"]).wait(timeout=20).success
        finally:
            daemon.stop()
