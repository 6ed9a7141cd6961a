"""From the nodes of the graph to compiled steps: handlers found, resources injected, contexts ready to be made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rivers.clock import Clock
from rivers.definitions.asset_contexts import AssetExecutionContext, TaskExecutionContext
from rivers.definitions.assets import SingleAsset
from rivers.definitions.parameters import Source
from rivers.definitions.retries import RetryPolicy
from rivers.exceptions import ExecutionError
from rivers.execution.handlers import Handlers
from rivers.execution.steps import Step, StepInput
from rivers.graph.nodes import Graph, Node
from rivers.graph.references import resolve_retry


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
        return Step(
            name=node.name,
            function=asset.function,
            is_async=asset.is_async,
            arguments=node.step.arguments,
            inputs=tuple(
                self._input(node, argument.name, argument.type_hint, resources, additions)
                for argument in node.step.arguments.of(Source.UPSTREAM)
            ),
            upstreams=node.step.upstreams,
            resources=tuple(
                (argument.name, resources[argument.name]) for argument in node.step.arguments.of(Source.RESOURCE)
            ),
            handler=self._handlers.resolve(node.name, asset.io_handler, resources),
            return_annotation=asset.signature.return_annotation,
            new_context=_context_maker(node, asset, metadata),
            metadata=metadata,
            code_version=asset.code_version,
            retry=resolve_retry(f"Asset '{node.name}'", asset.retry, self._retries),
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


def _context_maker(
    node: Node, asset: SingleAsset, metadata: dict[str, Any] | None
) -> Callable[[Any, str, Clock], Any] | None:
    wanted = node.step.arguments.context_class
    if wanted is None:
        return None
    name, settings = node.name, asset.settings
    if wanted is TaskExecutionContext:

        def task_context(config: Any, run_id: str, clock: Clock) -> Any:
            return TaskExecutionContext[Any](
                name, settings.tags, config=config, now=clock.datetime, sleep=clock.sleep_blocking
            )

        return task_context

    def asset_context(config: Any, run_id: str, clock: Clock) -> Any:
        return AssetExecutionContext[Any](
            name,
            settings.tags,
            settings.kinds,
            settings.group,
            settings.code_version,
            metadata,
            config=config,
            run_id=run_id,
            now=clock.datetime,
            sleep=clock.sleep_blocking,
        )

    return asset_context
