"""The body of a graph asset while it runs: calls of tasks and assets are recorded instead of made.

The body is called once, when the repository resolves. The graph decides later, when all names are known, which
parameter an argument is for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, cast

from rivers.definitions.assets.task_base import BaseTask
from rivers.exceptions import GraphValidationError, TaskDefinitionError


class Gathering(Enum):
    """The form in which a consumer of a collect node receives it; ``NONE`` for every other upstream."""

    NONE = "none"
    LIST = "list"
    """A list in the order of the source."""
    STREAM = "stream"
    """A one-shot iterator in the order in which the instances ended."""
    ORDERED_STREAM = "ordered stream"
    """A one-shot iterator in the order of the source."""


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call of a task in the body: node outputs and literals."""

    positional: tuple[Any, ...] = ()
    keyword: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class MapCall:
    """A request to run a task for each element of ``source``, at most ``max_concurrency`` at one time."""

    source: InvokedNodeOutput
    max_concurrency: int | None


@dataclass(slots=True)
class ComposedNode:
    """A task of the body, under its name inside the graph, with every call of it."""

    name: str
    task: BaseTask
    calls: list[Call] = field(default_factory=list[Call])
    maps: list[MapCall] = field(default_factory=list[MapCall])


class Composition:
    """The requests of one graph asset's body: its tasks in order of their first calls, and what it returned."""

    def __init__(self, graph: str) -> None:
        self.graph = graph
        self.nodes: dict[str, ComposedNode] = {}
        self.called_assets: dict[str, None] = {}
        self.result: Any = None

    def call_task(self, task: BaseTask, positional: tuple[Any, ...], keyword: dict[str, Any]) -> InvokedNodeOutput:
        """Record a call."""
        node = self._node(task)
        for argument in (*positional, *keyword.values()):
            self._check_argument(node.name, argument)
        node.calls.append(Call(positional, keyword))
        return InvokedNodeOutput(self, node.name)

    def call_asset(self, name: str) -> InvokedNodeOutput:
        """Record that the graph needs the value of an asset outside of it."""
        self.called_assets[name] = None
        return InvokedNodeOutput(self, name)

    def map_task(self, source: InvokedNodeOutput, task: Any, max_concurrency: int | None) -> MappedOutput:
        """Record a fan-out."""
        if not isinstance(task, BaseTask) or not task.is_mappable:
            raise TypeError(f"map takes a Task, got {type(task).__name__}")
        if max_concurrency is not None:
            if not isinstance(max_concurrency, int) or isinstance(max_concurrency, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"max_concurrency must be an int, got {type(max_concurrency).__name__}")
            if max_concurrency < 1:
                raise ValueError(f"max_concurrency must be at least 1, got {max_concurrency}; None means no limit")
        node = self._node(task)
        node.maps.append(MapCall(source, max_concurrency))
        return MappedOutput(self, node.name)

    def _node(self, task: BaseTask) -> ComposedNode:
        if task.name is None:
            raise TaskDefinitionError(
                f"Graph '{self.graph}' uses a task that is not applied to a function yet", kind="Graph", name=self.graph
            )
        name = f"{self.graph}/{task.name}"
        node = self.nodes.setdefault(name, ComposedNode(name, task))
        if node.task is not task:
            raise GraphValidationError(
                f"Graph '{self.graph}' uses two different tasks called '{task.name}'",
                kind="Graph",
                name=self.graph,
                value=task.name,
            )
        return node

    def _check_argument(self, node: str, argument: Any) -> None:
        if isinstance(argument, MappedOutput):
            raise GraphValidationError(
                f"'{node}' is given what '{argument.node_name}' maps; collect it first, with .collect() or "
                f".collect_stream()",
                kind="Task",
                name=node,
            )
        if isinstance(argument, InvokedNodeOutput):
            if argument.composition is not self:
                raise GraphValidationError(
                    f"'{node}' is given '{argument.node_name}' from the body of another graph", kind="Task", name=node
                )
        elif any(isinstance(item, InvokedNodeOutput | MappedOutput) for item in _items(argument)):
            raise GraphValidationError(
                f"'{node}' is given a {type(argument).__name__} with results of other tasks in it; pass each as an "
                f"argument of its own",
                kind="Task",
                name=node,
            )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class InvokedNodeOutput:
    """The result of a call in the body of a graph asset: a promise of the value of ``node_name``.

    ``node_name`` is ``graph/task`` for a task of this graph. ``composition`` is the body that the call belongs to, and
    ``gathering`` the form in which the results of a fan-out are passed on.
    """

    composition: Composition
    node_name: str
    gathering: Gathering = Gathering.NONE

    @property
    def output_name(self) -> str:
        """Always ``result``."""
        return "result"

    def map(self, task: Any, *, max_concurrency: int | None = None) -> MappedOutput:
        """Run ``task`` once for each element of this value, at most ``max_concurrency`` at one time.

        :raises TypeError: for anything but a ``Task``
        :raises ValueError: for a limit below 1
        """
        return self.composition.map_task(self, task, max_concurrency)

    def __repr__(self) -> str:
        return f"InvokedNodeOutput({self.node_name!r})"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class MappedOutput:
    """The results of a fan-out at ``node_name``, to be collected before another task can take them."""

    composition: Composition
    node_name: str

    @property
    def output_name(self) -> str:
        """Always ``result``."""
        return "result"

    def collect(self) -> InvokedNodeOutput:
        """Return all results as a list, in the order of the source."""
        return self._collected(Gathering.LIST)

    def collect_stream(self, *, ordered: bool = False) -> InvokedNodeOutput:
        """Return all results as an iterator that can be used once: as they end, or in the order of the source."""
        return self._collected(Gathering.ORDERED_STREAM if ordered else Gathering.STREAM)

    def _collected(self, gathering: Gathering) -> InvokedNodeOutput:
        return InvokedNodeOutput(self.composition, collect_name(self.node_name), gathering)

    def __repr__(self) -> str:
        return f"MappedOutput({self.node_name!r})"


def collect_name(template: str) -> str:
    """Return the name of the node that waits for every instance of a mapped task."""
    return f"{template}__collect"


_composing: Final[ContextVar[Composition | None]] = ContextVar("rivers_composition", default=None)


def current_composition() -> Composition | None:
    """Return the body that is running on this thread, ``None`` outside of one."""
    return _composing.get()


def compose(graph: str, function: Callable[..., Any], parameters: Mapping[str, str]) -> Composition:
    """Call the body of a graph asset, and return what it asked for. What it raises comes through.

    ``parameters`` maps those to be passed to the name of the node they stand for.

    :raises GraphValidationError: when the body uses its tasks in a way that means nothing
    """
    composition = Composition(graph)
    with _composing_in(composition):
        positional, keyword = _arguments(composition, function, parameters)
        composition.result = function(*positional, **keyword)
    if inspect.iscoroutine(composition.result):
        composition.result.close()
        raise GraphValidationError(
            f"Graph '{graph}': the body of a graph asset cannot be asynchronous; its tasks can",
            kind="Graph",
            name=graph,
        )
    return composition


def _arguments(
    composition: Composition, function: Callable[..., Any], parameters: Mapping[str, str]
) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    keyword: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        node = parameters.get(name)
        if node is None:
            continue
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(InvokedNodeOutput(composition, node))
        else:
            keyword[name] = InvokedNodeOutput(composition, node)
    return positional, keyword


@contextmanager
def _composing_in(composition: Composition) -> Generator[None]:
    token = _composing.set(composition)
    try:
        yield
    finally:
        _composing.reset(token)


def _items(argument: Any) -> list[Any]:
    """Return what a plain container holds; nothing else is looked into."""
    if isinstance(argument, Mapping):
        return list(cast("Mapping[Any, Any]", argument).values())
    return list(cast("list[Any]", argument)) if isinstance(argument, list | tuple | set | frozenset) else []
