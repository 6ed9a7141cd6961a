"""From the nodes of the graph to compiled steps: handlers found, resources injected, contexts ready to be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rivers.definitions.asset_contexts import AssetExecutionContext, TaskExecutionContext
from rivers.definitions.assets import SingleAsset
from rivers.definitions.parameters import Source
from rivers.definitions.retries import RetryPolicy
from rivers.durations import to_ns
from rivers.exceptions import ConfigurationError, ExecutionError
from rivers.execution.handlers import Handlers
from rivers.execution.step_time import StepTime
from rivers.execution.steps import Step, StepInput
from rivers.graph.nodes import Graph, Node
from rivers.graph.references import resolve_retry

TIMEOUT_KEY: Final = "rivers/timeout"
"""Metadata: after so long on the clock of the run an attempt is given up. An extension of the reference."""

EXECUTOR_KEY: Final = "rivers/executor"
"""Metadata: the executor of the step, ``in_process`` or ``parallel``."""


@dataclass(frozen=True, slots=True)
class ContextMaker:
    """Makes the contexts of one step. A value, so that it crosses to a worker."""

    is_task: bool
    name: str
    tags: Sequence[str] | None
    kinds: Sequence[str]
    group: str | None
    code_version: str | None
    metadata: dict[str, Any] | None

    def __call__(self, config: Any, run_id: str, time: StepTime) -> Any:
        """A context for one attempt."""
        if self.is_task:
            return TaskExecutionContext[Any](
                self.name,
                self.tags,
                config=config,
                now=time.datetime,
                sleep=time.sleep_blocking,
                cancelled=time.cancelled,
            )
        return AssetExecutionContext[Any](
            self.name,
            self.tags,
            self.kinds,
            self.group,
            self.code_version,
            self.metadata,
            config=config,
            run_id=run_id,
            now=time.datetime,
            sleep=time.sleep_blocking,
            cancelled=time.cancelled,
        )


class StepCompiler:
    """Compiles nodes of a bound repository, each once."""

    def __init__(
        self, graph: Graph, handlers: Handlers, resources: Mapping[str, Any], retries: Mapping[str, RetryPolicy]
    ) -> None:
        self._graph = graph
        self._handlers = handlers
        self._resources = resources
        self._retries = retries
        self._steps: dict[str, Step] = {}

    def step(self, name: str) -> Step:
        """The step of a node as it always is."""
        step = self._steps.get(name)
        if step is None:
            step = self._steps[name] = self._compile(self._graph[name], self._resources, {})
        return step

    def changed_step(self, name: str, resources: Mapping[str, Any], metadata: Mapping[str, Mapping[str, Any]]) -> Step:
        """The step of a node for one run with other resources, and with additions to the metadata of assets."""
        return self._compile(self._graph[name], resources, metadata)

    def handler(self, name: str) -> Any:
        """The handler that stores the value of a node."""
        return self._handlers.resolve(name, self._graph[name].settings.io_handler)

    def _compile(self, node: Node, resources: Mapping[str, Any], additions: Mapping[str, Mapping[str, Any]]) -> Step:
        asset = node.definition
        if not isinstance(asset, SingleAsset):
            raise ExecutionError(f"'{node.name}' is a {type(asset).__name__}, which cannot be executed")
        metadata = self._metadata(node.name, additions)
        handler = self._handlers.resolve(node.name, asset.io_handler, resources)
        inputs = tuple(
            self._input(node, argument.name, argument.type_hint, resources, additions)
            for argument in node.step.arguments.of(Source.UPSTREAM)
        )
        injected = tuple(
            (argument.name, resources[argument.name]) for argument in node.step.arguments.of(Source.RESOURCE)
        )
        used = [resource for _, resource in injected] + [handler] + [given.handler for given in inputs]
        return Step(
            name=node.name,
            function=asset.function,
            is_async=asset.is_async,
            arguments=node.step.arguments,
            inputs=inputs,
            upstreams=node.step.upstreams,
            resources=injected,
            handler=handler,
            return_annotation=asset.signature.return_annotation,
            new_context=_context_maker(node, asset, metadata),
            metadata=metadata,
            code_version=asset.code_version,
            retry=resolve_retry(f"Asset '{node.name}'", asset.retry, self._retries),
            executor=(metadata or {}).get(EXECUTOR_KEY),
            timeout=_timeout(node.name, metadata),
            compute=asset.compute,
            managed=tuple(one for one in resources.values() if any(one is other for other in used)),
        )

    def _input(
        self,
        node: Node,
        upstream: str,
        type_hint: Any,
        resources: Mapping[str, Any],
        additions: Mapping[str, Mapping[str, Any]],
    ) -> StepInput:
        override = node.step.override_of.get(upstream)
        if override is not None and override.io_handler is not None:
            handler = self._handlers.resolve(node.name, override.io_handler, resources)
        else:
            handler = self._handlers.resolve(upstream, self._graph[upstream].settings.io_handler, resources)
        if override is not None and override.metadata is not None:
            metadata: dict[str, Any] | None = override.metadata
        else:
            metadata = self._metadata(upstream, additions)
        return StepInput(upstream, upstream, handler, metadata, type_hint)

    def _metadata(self, name: str, additions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
        return {**(self._graph[name].settings.metadata or {}), **additions.get(name, {})} or None


def _context_maker(node: Node, asset: SingleAsset, metadata: dict[str, Any] | None) -> ContextMaker | None:
    wanted = node.step.arguments.context_class
    if wanted is None:
        return None
    settings = asset.settings
    return ContextMaker(
        wanted is TaskExecutionContext,
        node.name,
        settings.tags,
        settings.kinds,
        settings.group,
        settings.code_version,
        metadata,
    )


def _timeout(name: str, metadata: Mapping[str, Any] | None) -> float | None:
    """``rivers/timeout``: seconds, or a duration text such as ``"10m"``."""
    given = (metadata or {}).get(TIMEOUT_KEY)
    if given is None:
        return None
    try:
        seconds = to_ns(given, TIMEOUT_KEY) / 1e9
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"'{name}': {error}") from error
    if seconds <= 0:
        raise ConfigurationError(f"'{name}': {TIMEOUT_KEY} must be positive, got {given!r}")
    return seconds
