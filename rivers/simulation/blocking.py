"""A scenario for plain synchronous tests: its loop runs on a thread of its own, and its methods wait."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import anyio.from_thread

from rivers.records import AutomationKind, RunRecord, StoredTick, TriggerState

if TYPE_CHECKING:
    from rivers.execution.runs.results import RunResult
    from rivers.repository.code_repository import CodeRepository
    from rivers.simulation.scenario import Scenario
    from rivers.simulation.trace import Trace
    from rivers.storage import Storage


class BlockingScenario:
    """The methods of :class:`Scenario`, and those of its clock, without ``await``."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._stack = ExitStack()

    def __enter__(self) -> BlockingScenario:
        with ExitStack() as stack:
            self._portal = stack.enter_context(anyio.from_thread.start_blocking_portal("asyncio"))
            stack.enter_context(self._portal.wrap_async_context_manager(self._scenario))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._stack.__exit__(exc_type, exc, trace)

    @property
    def storage(self) -> Storage:
        """The scenario's storage, readable from this thread."""
        return self._scenario.storage

    @property
    def trace(self) -> Trace:
        """The trace of what has happened so far."""
        return self._scenario.trace

    @property
    def repo(self) -> CodeRepository:
        """``Scenario.repo``."""
        return self._scenario.repo

    def now(self) -> datetime:
        """The simulated moment, aware, UTC."""
        return self._scenario.clock.datetime()

    def advance(self, duration: str | float | timedelta) -> None:
        """Let this much time pass, and return when everything due in it has happened."""
        self._portal.call(self._scenario.clock.advance, duration)

    def advance_to(self, moment: str | datetime | float) -> None:
        """Let time pass up to and including this moment."""
        self._portal.call(self._scenario.clock.advance_to, moment)

    def runs(self, status: str | None = None) -> list[RunRecord]:
        """Every run so far, or those with this status, oldest first."""
        return self._scenario.runs(status)

    def ticks(self, name: str) -> list[StoredTick]:
        """Every retained tick of this schedule or sensor, oldest first."""
        return self._scenario.ticks(name)

    def materialize(self, selection: Sequence[str] | None = None, **options: Any) -> RunResult:
        """``Scenario.materialize``."""

        async def materialize() -> RunResult:
            return await self._scenario.materialize(selection, **options)

        return self._portal.call(materialize)

    def pause(self, name: str, kind: AutomationKind | None = None) -> TriggerState:
        """``Scenario.pause``."""
        return self._portal.call(self._scenario.pause, name, kind)

    def resume(self, name: str, kind: AutomationKind | None = None) -> TriggerState:
        """``Scenario.resume``."""
        return self._portal.call(self._scenario.resume, name, kind)

    def reset(self, name: str, kind: AutomationKind | None = None) -> TriggerState:
        """``Scenario.reset``."""
        return self._portal.call(self._scenario.reset, name, kind)

    def cancel(self, run_id: str) -> str | None:
        """``Scenario.cancel``."""
        return self._portal.call(self._scenario.cancel, run_id)

    def restart(self) -> None:
        """``Scenario.restart``."""
        self._portal.call(self._scenario.restart)
