"""The plugin brings the fixture ``scenario``, and shows what a scenario did when its test fails."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

REPOSITORY = """
import pytest
import rivers as rs

@rs.Asset
def raw():
    return 1

repo = rs.CodeRepository(
    [raw],
    jobs=[rs.Job("job", [raw])],
    schedules=[rs.Schedule(name="each", cron_schedule="* * * * *", job_name="job",
                           default_status=rs.ScheduleStatus.Running)],
)
"""


@pytest.fixture
def outcome(pytester: pytest.Pytester) -> pytest.Pytester:
    """Runs tests that see warnings as errors; the plugin is loaded through its entry point."""
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    return pytester


def run(pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(REPOSITORY + tests)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)


def test_a_plain_test_gets_a_blocking_scenario(outcome: pytest.Pytester) -> None:
    result = run(
        outcome,
        """
def test_it(scenario):
    with scenario(repo, start="2026-03-01T00:00:00Z", durations={"raw": "20s"}).blocking() as sim:
        sim.advance("3m")
        assert len(sim.runs(status="Success")) == 2
""",
    )
    result.assert_outcomes(passed=1)


def test_an_asynchronous_test_gets_a_scenario_on_its_own_backend(outcome: pytest.Pytester) -> None:
    result = run(
        outcome,
        """
import sniffio

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_it(scenario, anyio_backend):
    async with scenario(repo) as sim:
        await sim.clock.advance("3m")
        assert len(sim.runs()) == 3
    assert sniffio.current_async_library() == anyio_backend
""",
    )
    result.assert_outcomes(passed=2)


def test_a_failing_test_shows_the_end_of_the_trace(outcome: pytest.Pytester) -> None:
    result = run(
        outcome,
        """
def test_it(scenario):
    with scenario(repo).blocking() as sim:
        sim.advance("30m")
        assert sim.runs() == []
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*scenario trace (last 40 lines)*", '*"subject":"each"*'])
    lines = [line for line in result.stdout.lines if line.startswith('{"')]
    assert len(lines) == 40
    assert '"status":"Success"' in lines[-1]


def test_each_of_several_scenarios_shows_its_own(outcome: pytest.Pytester) -> None:
    result = run(
        outcome,
        """
def test_it(scenario):
    for start in ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"):
        with scenario(repo, start=start).blocking() as sim:
            sim.advance("1m")
    raise ValueError("late")
""",
    )
    result.assert_outcomes(failed=1)
    assert result.stdout.str().count("scenario trace") == 2


def test_a_passing_test_shows_nothing(outcome: pytest.Pytester) -> None:
    result = run(
        outcome,
        """
def test_it(scenario):
    with scenario(repo).blocking() as sim:
        sim.advance("1m")

def test_without():
    assert False, "without a scenario"
""",
        "-rA",
    )
    result.assert_outcomes(passed=1, failed=1)
    assert "scenario trace" not in result.stdout.str()


def test_the_plugin_alone_loads_nothing_heavy(outcome: pytest.Pytester) -> None:
    result = run(
        outcome,
        """
import subprocess, sys

def test_it():
    heavy = "[name for name in ('pydantic', 'surrealdb', 'loky') if name in sys.modules]"
    code = f"import rivers.pytest_plugin, sys; print({heavy})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
""",
    )
    result.assert_outcomes(passed=1)


def test_it_is_an_entry_point_of_the_package() -> None:
    text = (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text()
    assert tomllib.loads(text)["project"]["entry-points"]["pytest11"] == {"rivers": "rivers.pytest_plugin"}
