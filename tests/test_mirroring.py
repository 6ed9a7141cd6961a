"""``tests/`` repeats the tree of ``rivers/``, so that whoever changes a module knows where its tests are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

TESTED_ELSEWHERE: dict[str, str] = {
    "rivers/channels/ports.py": "tests/channels/test_edges.py",
    "rivers/cli/failures.py": "tests/cli/test_app.py",
    "rivers/cli/runs.py": "tests/cli/test_runs_and_ticks.py",
    "rivers/cli/signals.py": "tests/cli/test_serve.py",
    "rivers/cli/tables.py": "tests/cli/test_runs_and_ticks.py",
    "rivers/cli/ticks.py": "tests/cli/test_runs_and_ticks.py",
    "rivers/clock/beat.py": "tests/clock/test_sim.py",
    "rivers/clock/blocked.py": "tests/clock/test_sim.py",
    "rivers/clock/blocking.py": "tests/clock/test_sim.py",
    "rivers/clock/busy.py": "tests/clock/test_sim.py",
    "rivers/clock/driver.py": "tests/clock/test_sim.py",
    "rivers/clock/frames.py": "tests/clock/test_sim.py",
    "rivers/clock/loops.py": "tests/clock/test_sim.py",
    "rivers/clock/on_asyncio.py": "tests/clock/test_sim.py",
    "rivers/clock/on_trio.py": "tests/clock/test_sim.py",
    "rivers/clock/protocol.py": "tests/clock/test_sim.py",
    "rivers/clock/threads.py": "tests/clock/test_sim.py",
    "rivers/clock/timeline.py": "tests/clock/test_sim.py",
    "rivers/clock/turns.py": "tests/clock/test_sim.py",
    "rivers/clock/work.py": "tests/clock/test_sim.py",
    "rivers/definitions/argument_checks.py": "tests/definitions/test_requests.py",
    "rivers/definitions/arrow_fields.py": "tests/definitions/test_schema.py",
    "rivers/definitions/arrow_ipc.py": "tests/definitions/test_schema.py",
    "rivers/definitions/asset_base.py": "tests/definitions/test_assets.py",
    "rivers/definitions/asset_settings.py": "tests/definitions/test_assets.py",
    "rivers/definitions/context_clock.py": "tests/definitions/test_evaluation_contexts.py",
    "rivers/definitions/declared_settings.py": "tests/definitions/test_assets.py",
    "rivers/definitions/flat_tables.py": "tests/definitions/test_schema.py",
    "rivers/definitions/function_asset.py": "tests/definitions/test_assets.py",
    "rivers/definitions/task_base.py": "tests/definitions/test_tasks.py",
    "rivers/execution/attempt.py": "tests/execution/test_run_execution.py",
    "rivers/execution/batch.py": "tests/execution/test_together.py",
    "rivers/execution/call_lane.py": "tests/execution/test_together.py",
    "rivers/execution/context_making.py": "tests/execution/test_step_kinds.py",
    "rivers/execution/crew.py": "tests/execution/test_together.py",
    "rivers/execution/environment.py": "tests/execution/test_run_execution.py",
    "rivers/execution/forked.py": "tests/execution/test_together.py",
    "rivers/execution/handlers.py": "tests/execution/test_run_execution.py",
    "rivers/execution/inline.py": "tests/execution/test_run_execution.py",
    "rivers/execution/lanes.py": "tests/execution/test_together.py",
    "rivers/execution/ledger.py": "tests/execution/test_run_execution.py",
    "rivers/execution/outcomes.py": "tests/execution/test_run_execution.py",
    "rivers/execution/recording.py": "tests/execution/test_run_execution.py",
    "rivers/execution/results.py": "tests/execution/test_run_execution.py",
    "rivers/execution/scope.py": "tests/execution/test_run_execution.py",
    "rivers/execution/starting.py": "tests/execution/test_together.py",
    "rivers/execution/step_partitions.py": "tests/execution/test_partitioned_steps.py",
    "rivers/execution/steps.py": "tests/execution/test_run_execution.py",
    "rivers/execution/worker_lane.py": "tests/execution/test_together.py",
    "rivers/execution/worker_messages.py": "tests/execution/test_worker_process.py",
    "rivers/execution/worker_serving.py": "tests/execution/test_together.py",
    "rivers/graph/bodies.py": "tests/graph/test_inside.py",
    "rivers/graph/internal_mappings.py": "tests/graph/test_partitioning.py",
    "rivers/graph/names.py": "tests/graph/test_building.py",
    "rivers/graph/nodes.py": "tests/graph/test_building.py",
    "rivers/graph/output_mappings.py": "tests/graph/test_partitioning.py",
    "rivers/graph/steps.py": "tests/graph/test_inside.py",
    "rivers/graph/wiring.py": "tests/graph/test_building.py",
    "rivers/partitions/directives.py": "tests/partitions/test_key_formats.py",
    "rivers/partitions/edges.py": "tests/partitions/test_mapping_keys.py",
    "rivers/partitions/format_checks.py": "tests/partitions/test_time_windows.py",
    "rivers/partitions/mapped.py": "tests/partitions/test_mapping_keys.py",
    "rivers/partitions/near_values.py": "tests/partitions/test_static.py",
    "rivers/partitions/one_dimension.py": "tests/partitions/test_static.py",
    "rivers/partitions/reserved.py": "tests/partitions/test_static.py",
    "rivers/partitions/value_mappings.py": "tests/partitions/test_mapping_keys.py",
    "rivers/storage/facade.py": "tests/storage/test_connection.py",
    "rivers/storage/faults.py": "tests/storage/test_wire.py",
    "rivers/storage/groups.py": "tests/storage/test_events.py",
    "rivers/storage/limits.py": "tests/storage/test_runs.py",
    "rivers/storage/pages.py": "tests/storage/test_events.py",
    "rivers/storage/rows.py": "tests/storage/test_runs.py",
    "rivers/storage/session.py": "tests/storage/test_engine.py",
    "rivers/storage/transitions.py": "tests/storage/test_execution.py",
}
"""Modules that are tested through another one, and by which tests: parts that have no behaviour worth naming apart."""


def sources_below(folder: str) -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py"))


def unmirrored(sources: list[str], tests: list[str]) -> list[str]:
    """The modules of ``rivers/`` for which ``tests/`` has no module of the same path."""
    missing: list[str] = []
    for path in sources:
        below = Path(path).relative_to("rivers")
        mirror = Path("tests") / below.parent / f"test_{below.name}"
        if below.name not in {"__init__.py", "__main__.py"} and mirror.as_posix() not in tests:
            missing.append(path)
    return missing


def test_every_module_has_a_test_module_of_the_same_path() -> None:
    missing = unmirrored(sources_below("rivers"), sources_below("tests"))
    assert [path for path in missing if path not in TESTED_ELSEWHERE] == []


def test_what_is_tested_elsewhere_exists_and_so_do_its_tests() -> None:
    paths = [*TESTED_ELSEWHERE, *TESTED_ELSEWHERE.values()]
    assert [path for path in dict.fromkeys(paths) if not (ROOT / path).is_file()] == []


def test_a_module_without_tests_is_seen() -> None:
    sources = ["rivers/a/b.py", "rivers/a/c.py", "rivers/a/__init__.py", "rivers/d.py"]
    assert unmirrored(sources, ["tests/a/test_b.py", "tests/test_c.py", "tests/test_d.py"]) == ["rivers/a/c.py"]
