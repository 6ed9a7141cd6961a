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
    "rivers/clock/busy.py": "tests/clock/test_sim.py",
    "rivers/clock/frames.py": "tests/clock/test_sim.py",
    "rivers/clock/loops.py": "tests/clock/test_sim.py",
    "rivers/clock/on_asyncio.py": "tests/clock/test_sim.py",
    "rivers/clock/on_trio.py": "tests/clock/test_sim.py",
    "rivers/clock/protocol.py": "tests/clock/test_sim.py",
    "rivers/clock/timeline.py": "tests/clock/test_sim.py",
    "rivers/definitions/assets/asset_base.py": "tests/definitions/assets/test_assets.py",
    "rivers/definitions/assets/declared_settings.py": "tests/definitions/assets/test_assets.py",
    "rivers/definitions/assets/function_asset.py": "tests/definitions/assets/test_assets.py",
    "rivers/definitions/assets/task_base.py": "tests/definitions/assets/test_tasks.py",
    "rivers/execution/dispatch/call_lane.py": "tests/execution/dispatch/test_call_lanes.py",
    "rivers/execution/dispatch/executor_entry.py": "tests/execution/dispatch/test_executors.py",
    "rivers/execution/dispatch/lane.py": "tests/execution/dispatch/test_lanes.py",
    "rivers/execution/steps/context_making.py": "tests/execution/test_step_kinds.py",
    "rivers/execution/runs/environment.py": "tests/execution/test_run_execution.py",
    "rivers/execution/runs/inline.py": "tests/execution/test_run_execution.py",
    "rivers/execution/attempts/outcomes.py": "tests/execution/test_run_execution.py",
    "rivers/execution/attempts/recording.py": "tests/execution/test_run_execution.py",
    "rivers/execution/runs/results.py": "tests/execution/test_run_execution.py",
    "rivers/execution/runs/scope.py": "tests/execution/test_run_execution.py",
    "rivers/execution/steps/compiled_steps.py": "tests/execution/test_run_execution.py",
    "rivers/execution/workers/messages.py": "tests/execution/workers/test_process.py",
    "rivers/graph/wiring.py": "tests/graph/test_inside.py",
    "rivers/graph/internal_mappings.py": "tests/graph/test_partitioning.py",
    "rivers/graph/names.py": "tests/graph/test_building.py",
    "rivers/graph/nodes.py": "tests/graph/test_building.py",
    "rivers/graph/planned_steps.py": "tests/graph/test_inside.py",
    "rivers/partitions/directives.py": "tests/partitions/test_key_formats.py",
    "rivers/partitions/edges.py": "tests/partitions/test_mapping_keys.py",
    "rivers/partitions/value_mappings.py": "tests/partitions/test_mapping_keys.py",
    "rivers/storage/groups.py": "tests/storage/test_events.py",
    "rivers/storage/pages.py": "tests/storage/test_events.py",
    "rivers/storage/session.py": "tests/storage/test_engine.py",
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
