"""Steps, runs and lanes that consist of what the rules of dispatch look at, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from rivers.definitions.functions.parameters import FunctionArguments
from rivers.exceptions import ExecutionError
from rivers.execution.attempts.outcomes import AttemptFailure, StepOutcome
from rivers.execution.dispatch.lane import Lane, StepAttempt
from rivers.execution.dispatch.lanes import Lanes, Room
from rivers.execution.runs.scope import RunScope
from rivers.execution.steps.compiled_steps import Step, StepTarget
from rivers.graph.planned_steps import StepKind


def returns_none() -> None:
    """The function of a step."""


def a_step(name: str, function: Callable[..., Any] = returns_none, **changes: Any) -> Step:
    """A step of one target that needs nothing."""
    settings: dict[str, Any] = {
        "kind": StepKind.SINGLE,
        "is_async": False,
        "arguments": FunctionArguments(()),
        "inputs": (),
        "constants": (),
        "upstreams": (),
        "resources": (),
        "targets": (StepTarget(name, cast("Any", None)),),
        "return_annotation": None,
        "new_context": None,
    }
    return Step(name=name, function=function, **settings | changes)


def failed(text: str, *, repeatable: bool = True) -> StepOutcome:
    """The outcome of an attempt that failed."""
    return StepOutcome(failure=AttemptFailure.of(ValueError(text), repeatable=repeatable))


@dataclass
class FakeClock:
    """A time that stands still until it is moved."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now_ns(self) -> int:
        return round(self.seconds * 1e9)


@dataclass
class FakeLedger:
    """Notes what it is told. ``waits`` are how long to wait after the failures to come, in order."""

    waits: list[float] = field(default_factory=list[float])
    lines: list[str] = field(default_factory=list[str])

    def begin(self, step: Step, number: int) -> None:
        self.lines.append(f"begin {step.name} {number}")

    def tell(self, step: Step, event_type: str, facts: Sequence[tuple[str, str]] = ()) -> None:
        self.lines.append(f"{event_type} {step.name}")

    def settle(self, step: Step, number: int, outcome: StepOutcome) -> float | None:
        text = "success" if outcome.failure is None else outcome.failure.text
        self.lines.append(f"end {step.name} {number}: {text}")
        return self.waits.pop(0) if outcome.failure is not None and self.waits else None

    def close(self, step: Step, failure: AttemptFailure) -> None:
        self.lines.append(f"close {step.name}: {failure.text}")


class FakeInterceptor:
    """Lets attempts last so many seconds, by the names of their steps."""

    calls_hooks = False

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds = seconds

    def seconds(self, step: str, attempt: int) -> float:
        return self._seconds.get(step, 0.0)

    def around(self, step: str, attempt: int, call: Callable[[], Any], clock: Any) -> Any:
        return call()


def a_scope(**parts: Any) -> RunScope:
    """A run of which only some parts are there."""
    environment = {"clock": FakeClock(), "interceptor": None} | parts.pop("environment", {})
    defaults: dict[str, Any] = {
        "run_id": "r",
        "config": {},
        "ledger": FakeLedger(),
        "cancellation": SimpleNamespace(seen=False, check=lambda: False, glance=lambda seconds=0.0: False),
        "time": SimpleNamespace(sleeper=None),
        "pools": None,
        "renewals": None,
    }
    return RunScope(**{"environment": cast("Any", SimpleNamespace(**environment)), **defaults, **parts})


class FakeDispatch:
    """Notes what lanes tell."""

    def __init__(self, scope: RunScope | None = None) -> None:
        self.scope = a_scope() if scope is None else scope
        self.lines: list[str] = []
        self.outcomes: dict[str, Callable[[], StepOutcome]] = {}
        self.waits: list[tuple[float, Callable[[], object]]] = []
        self.look_after: Callable[[], None] = lambda: None

    def began(self, attempt: StepAttempt, *, is_timed: bool = True) -> None:
        self.lines.append(f"{attempt.step.name} began" + ("" if is_timed else ", not its time"))

    def time_began(self, attempt: StepAttempt) -> None:
        self.lines.append(f"the time of {attempt.step.name} began")

    def note(self, attempt: StepAttempt, event_type: str, fact: tuple[str, str]) -> None:
        self.lines.append(f"{attempt.step.name} {event_type}")

    def ended(self, attempt: StepAttempt, outcome: Callable[[], StepOutcome]) -> None:
        self.lines.append(f"{attempt.step.name} ended")
        self.outcomes[attempt.step.name] = outcome

    def put_back(self, attempts: Sequence[StepAttempt]) -> None:
        self.lines += [f"{attempt.step.name} is back" for attempt in attempts]

    def settle_past(self) -> None:
        self.lines.append("settled")

    def after(self, seconds: float, order: tuple[int, ...], action: Callable[[], object]) -> None:
        self.waits.append((seconds, action))

    def failure_of(self, step: str) -> str:
        """The text of the failure that the attempt at a step ended with."""
        failure = self.outcomes[step]().failure
        assert failure is not None
        return failure.text


class FakeLane(Lane):
    """Executes nothing."""

    def __init__(self, dispatch: Any) -> None:
        super().__init__(dispatch)
        self.stops: list[BaseException | None] = []

    def stop(self, fault: BaseException | None = None) -> None:
        super().stop(fault)
        self.stops.append(fault)

    def give_up(self, error: BaseException) -> StepOutcome:
        self.current = None
        return StepOutcome(failure=AttemptFailure.of(error))


class FakeLanes(Lanes):
    """Starts attempts on fake lanes, and has them end when the test says so."""

    def __init__(self, dispatch: Any, room: Room) -> None:
        super().__init__(dispatch, room)
        self.by_step: dict[str, FakeLane] = {}
        self.is_closed = False

    @property
    def lanes(self) -> Collection[FakeLane]:
        return self.by_step.values()

    @property
    def taken(self) -> int:
        return len(self.by_step) + len(self.delayed)

    def start(self, attempt: StepAttempt) -> None:
        lane = self.by_step[attempt.step.name] = FakeLane(self._dispatch)
        lane.current, attempt.lane = attempt, lane

    def give_up(self, attempt: StepAttempt, error: BaseException) -> StepOutcome:
        self.by_step.pop(attempt.step.name, None)
        return super().give_up(attempt, error)

    def close(self) -> None:
        self.is_closed = True

    def end(self, step: str, outcome: StepOutcome | None = None) -> None:
        """Have the attempt at a step end."""
        attempt = self.by_step.pop(step).current
        assert attempt is not None
        self._dispatch.ended(attempt, lambda: outcome or StepOutcome())


class FakeWorker:
    """Says what is in ``messages``; an ``EOFError`` among them is its death. It takes no step called ``refused``."""

    def __init__(self, refused: str = "") -> None:
        self.messages: list[object] = []
        self.sent: list[object] = []
        self._refused = refused

    def hear(self) -> object:
        message = self.messages.pop(0) if self.messages else None
        if isinstance(message, EOFError):
            raise message
        return message

    def send(self, message: object) -> None:
        self.sent.append(message)

    def waited_for(self) -> list[FakeWorker]:
        return [self]

    def define(self, step: Step) -> int:
        if self._refused and step.name.startswith(self._refused):
            raise ExecutionError(f"{step.name} cannot be sent")
        return 0

    def how_it_died(self) -> str:
        return "it fell over"
