"""``AutomationDaemon``: the graph in a thread of its own, for synchronous programs."""

from __future__ import annotations

import atexit
import threading
import warnings
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any, Final

import anyio
import anyio.abc
import anyio.from_thread

from rivers.clock import Clock
from rivers.daemons.automation import AutomationGraph, GraphHealth
from rivers.daemons.failures import innermost
from rivers.daemons.graph import automation_graph
from rivers.durations import parse_duration
from rivers.exceptions import RiversError
from rivers.repository.code_repository import CodeRepository
from rivers.storage import Storage

_STOP_SECONDS: Final = 30.0


class AutomationDaemon:
    """A background thread that evaluates schedules and sensors and executes their runs.

    ``repo.resolve(storage)`` comes first. ``max_ticks_retained`` is how many ticks of each automation are kept
    (``None``: all), ``condition_eval_interval`` a duration such as ``"30s"``. ``clock`` is for tests that share one
    with the graph.

    Raises ``TypeError`` when ``repo`` is no ``CodeRepository``, ``ValueError`` for an interval that is no duration.
    """

    def __init__(
        self,
        repo: CodeRepository,
        storage: Storage,
        *,
        max_ticks_retained: int | None = 100,
        condition_eval_interval: str = "30s",
        clock: Clock | None = None,
    ) -> None:
        if not isinstance(repo, CodeRepository):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"repo must be a CodeRepository, got {type(repo).__name__}")
        parse_duration(condition_eval_interval, "condition_eval_interval")
        self._repo = repo
        self._storage = storage
        self._max_ticks_retained = max_ticks_retained
        self._condition_eval_interval = condition_eval_interval
        self._clock = clock
        self._lock = threading.Lock()
        self._hosting: _Hosting | None = None
        self._stopped = False

    def start(self) -> None:
        """Start every loop; return when all daemons have recovered from storage, or raise what kept one from it.

        A second call is a no-op; after :meth:`stop` it does nothing but warn.
        """
        with self._lock:
            if self._stopped:
                warnings.warn("AutomationDaemon is stopped; start() did nothing", UserWarning, stacklevel=2)
                return
            if self._hosting is not None:
                self._hosting.raise_if_dead()
                return
            if not self._repo.is_resolved:
                raise RiversError("the repository is not resolved: call repo.resolve(storage) before daemon.start()")
            self._hosting = _Hosting(self._serve)
            atexit.register(self.stop)

    def stop(self) -> None:
        """Fire no more triggers, let the evaluations in flight end, and return. Runs that have started go on.

        Idempotent. From a signal handler set an event and call this from the main loop: it waits for a thread.
        """
        with self._lock:
            self._stopped = True
            hosting, self._hosting = self._hosting, None
        if hosting is not None:
            hosting.close()
            atexit.unregister(self.stop)

    def health(self) -> GraphHealth:
        """Return how the daemons are; raise ``RiversError`` when none is running."""
        hosting = self._hosting
        if hosting is None:
            raise RiversError("the AutomationDaemon is not running")
        hosting.raise_if_dead()
        return hosting.graph.health()

    async def _serve(self, *, task_status: anyio.abc.TaskStatus[tuple[AutomationGraph, anyio.Event]]) -> None:
        stop = anyio.Event()
        async with automation_graph(
            self._repo,
            self._storage,
            self._clock,
            condition_eval_interval=self._condition_eval_interval,
            max_ticks_retained=self._max_ticks_retained,
        ) as graph:
            task_status.started((graph, stop))
            await stop.wait()


class _Hosting:
    """One event loop in one thread, with the graph in it."""

    def __init__(self, serve: Any) -> None:
        self._stack = ExitStack()
        try:
            self._portal = self._stack.enter_context(anyio.from_thread.start_blocking_portal("asyncio"))
            future, started = self._portal.start_task(serve)
        except BaseException as error:
            self._stack.close()
            raise innermost(error) from None
        self._serving: Future[None] = future
        self.graph: AutomationGraph
        self.graph, self._stop = started

    def raise_if_dead(self) -> None:
        """Raise what ended the graph, when it has ended by itself."""
        if self._serving.done():
            error = self._serving.exception()
            raise RiversError(f"the graph has ended: {error}") from error

    def close(self) -> None:
        """Ask the graph to stop and wait for it; raise what it failed with."""
        try:
            if not self._serving.done():
                self._portal.call(self._stop.set)
            self._serving.result(_STOP_SECONDS)
        except BaseException as error:
            raise innermost(error) from None
        finally:
            self._stack.close()
