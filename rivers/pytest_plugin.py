"""The pytest plugin (entry point ``pytest11``): the ``scenario`` fixture."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rivers.simulation import Scenario

_TRACE_LINES = 40
_NONE: list[Scenario] = []
_opened = pytest.StashKey[list["Scenario"]]()


@pytest.fixture
def scenario(request: pytest.FixtureRequest) -> Callable[..., Scenario]:
    """Return a function that makes a :class:`rivers.simulation.Scenario`, with the arguments of the class.

    Write ``async with scenario(repo) as sim`` in an asynchronous test, and ``with scenario(repo).blocking() as sim``
    in a plain one. When the test fails, the end of each scenario's trace is shown with it.
    """
    from rivers.simulation import Scenario

    opened = request.node.stash.setdefault(_opened, [])

    def make(*args: Any, **kwargs: Any) -> Scenario:
        opened.append(Scenario(*args, **kwargs))
        return opened[-1]

    return make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of each scenario's trace to the report of a test that failed."""
    report = yield
    if report.when == "call" and report.failed:
        for each in item.stash.get(_opened, _NONE):
            text = "\n".join(each.trace.lines[-_TRACE_LINES:])
            report.sections.append((f"scenario trace (last {_TRACE_LINES} lines)", text))
    return report
