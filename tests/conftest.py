"""What every test may ask for: the two backends that rivers runs on."""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.soak import EXAMPLES, SOAK

settings.register_profile("rivers", max_examples=EXAMPLES, derandomize=not SOAK, deadline=None)
settings.load_profile("rivers")


def pytest_configure() -> None:
    """A shell begins its background jobs deaf to Ctrl-C, and so the tests of what it does, and their children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each asynchronous test on asyncio and on trio."""
    return request.param


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed or logged goes from process to process, which half of a surrogate pair cannot."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report
