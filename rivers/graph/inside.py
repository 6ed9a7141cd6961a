"""The inside of a graph asset: nodes and steps of what its body called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rivers.definitions.assets.asset_settings import AssetSettings, DepDef
from rivers.definitions.assets.composition import (
    ComposedNode,
    Composition,
    Gathering,
    InvokedNodeOutput,
    MapCall,
    MappedOutput,
    collect_name,
)
from rivers.definitions.assets.multi_assets import GraphAsset
from rivers.definitions.assets.tasks import Task
from rivers.definitions.functions.parameters import FunctionArguments, Source, classify_parameters, data_parameters
from rivers.exceptions import GraphValidationError
from rivers.graph.internal_mappings import internal_mappings
from rivers.graph.nodes import Node, NodeKind
from rivers.graph.planned_steps import EXECUTOR_KEY, TIMEOUT_KEY, FanOut, InputSpec, StepKind, StepSpec
from rivers.graph.wiring import Wiring, placeholders
from rivers.partitions.mappings import PartitionMapping

NODE_EXECUTOR_KEY: Final = "rivers/node/executor"
NODE_TIMEOUT_KEY: Final = "rivers/node/timeout"


def internal_nodes(graph: GraphAsset, body: Composition, wiring: Wiring) -> list[Node]:
    """Return the nodes inside of a graph asset, in order of their first calls, and that of the graph itself last.

    :raises ConfigurationError: for a parameter of a task that nothing is passed to and nothing has the name of
    :raises GraphValidationError: for calls of one task that contradict each other, and a result that is no node
    """
    inside = [*body.nodes, *(collect_name(name) for name, composed in body.nodes.items() if composed.maps)]
    builder = _Inside(graph, wiring, dict.fromkeys(inside))
    nodes: list[Node] = []
    for composed in body.nodes.values():
        nodes.append(builder.task_node(composed))
        if composed.maps:
            nodes.append(builder.collect_node(composed))
    return [*nodes, builder.graph_node(body, nodes)]


@dataclass(slots=True)
class _Wires:
    """The values that the calls of one task pass to its parameters; ``after`` are results that no parameter takes."""

    bound: dict[str, Any] = field(default_factory=dict[str, Any])
    after: dict[str, None] = field(default_factory=dict[str, None])

    def bind(self, node: str, parameter: str, value: Any) -> None:
        if isinstance(value, InvokedNodeOutput) and value.node_name == node:
            raise GraphValidationError(f"Task '{node}' depends on itself", kind="Task", name=node)
        if not _same(self.bound.setdefault(parameter, value), value):
            raise GraphValidationError(
                f"Task '{node}' is called twice with different arguments for '{parameter}'; inside of one graph a task "
                f"runs once, so make a second task of its function under another name",
                kind="Task",
                name=node,
                value=parameter,
            )


@dataclass(frozen=True, slots=True)
class _Inside:
    graph: GraphAsset
    wiring: Wiring
    names: Mapping[str, None]

    def task_node(self, composed: ComposedNode) -> Node:
        task, name = composed.task, composed.name
        if composed.maps and composed.calls:
            raise GraphValidationError(f"Task '{name}' is both called and mapped in one graph", kind="Task", name=name)
        wires = self._wires(composed)
        fan_out = self._fan_out(composed)
        arguments, inputs = self._inputs(name, task, wires, fan_out) if isinstance(task, Task) else (_NO_CALL, ())
        given = inputs if fan_out is None else (*inputs, fan_out.source)
        loaded = tuple(dict.fromkeys(each.upstream for each in given))
        is_root = not any(upstream in self.names for upstream in (*loaded, *wires.after))
        first = self._graph_lineage() if is_root else ()
        lineage = tuple(upstream for upstream in dict.fromkeys((*wires.after, *first)) if upstream not in loaded)
        constants = ((key, value) for key, value in wires.bound.items() if not isinstance(value, InvokedNodeOutput))
        step = StepSpec(
            name=name,
            kind=StepKind.MAP if composed.maps else StepKind.TASK if isinstance(task, Task) else StepKind.BASH,
            definition=task,
            outputs=(name,),
            arguments=arguments,
            inputs=inputs,
            constants=tuple(constants),
            upstreams=loaded + lineage,
            graph=self.graph.name,
            fan_out=fan_out,
            executor=self._node_executor(),
            mapped_outputs=self.wiring.mapped_among(name),
        )
        kind = NodeKind.MAP if composed.maps else NodeKind.TASK
        return self._node(
            step, kind, self._settings(composed), loaded, lineage, internal_mappings(self.graph, task, given, lineage)
        )

    def collect_node(self, composed: ComposedNode) -> Node:
        name = collect_name(composed.name)
        step = StepSpec(
            name=name,
            kind=StepKind.COLLECT,
            definition=composed.task,
            outputs=(name,),
            arguments=_NO_CALL,
            upstreams=(composed.name,),
            graph=self.graph.name,
            mapped_outputs=self.wiring.mapped_among(name),
        )
        settings = AssetSettings(name=name, partitions_def=self.graph.partitions_def)
        return self._node(step, NodeKind.COLLECT, settings, (composed.name,), (), {})

    def graph_node(self, body: Composition, inside: Sequence[Node]) -> Node:
        final = self._final(body.result, body)
        inputs = () if final is None else (self._input("value", final, None),)
        loaded = tuple(given.upstream for given in inputs)
        read = dict.fromkeys(upstream for node in inside for upstream in node.upstreams)
        ends = [node.name for node in inside if node.name not in read]
        outer = [*placeholders(self.graph, self.wiring), *body.called_assets]
        unread = [name for name in outer if name not in read]
        lineage = dict.fromkeys(name for name in (*ends, *self._graph_lineage(), *unread) if name not in loaded)
        step = StepSpec(
            name=self.graph.name,
            kind=StepKind.GRAPH,
            definition=self.graph,
            outputs=(self.graph.name,),
            arguments=_NO_CALL,
            inputs=inputs,
            upstreams=(*loaded, *lineage),
            mapped_outputs=self.wiring.mapped_among(self.graph.name),
        )
        mappings = {
            name: mapping for name, mapping in (self.graph.partition_mapping or {}).items() if name in step.upstreams
        }
        return self._node(step, NodeKind.GRAPH, self.graph.settings, loaded, tuple(lineage), mappings)

    def _node(
        self,
        step: StepSpec,
        kind: NodeKind,
        settings: AssetSettings,
        inputs: tuple[str, ...],
        lineage: tuple[str, ...],
        mappings: Mapping[str, PartitionMapping],
    ) -> Node:
        place = self.wiring.next_position()
        return Node(step.name, place, kind, step.definition, settings, step, inputs, lineage, mappings)

    def _settings(self, composed: ComposedNode) -> AssetSettings:
        graph, task = self.graph, composed.task
        handlers = (graph.node_io_handler, task.io_handler, graph.io_handler)
        return replace(
            task.settings,
            name=composed.name,
            io_handler=next((handler for handler in handlers if handler is not None), None),
            metadata=self._node_metadata(),
            partitions_def=graph.partitions_def,
        )

    def _wires(self, composed: ComposedNode) -> _Wires:
        wires = _Wires()
        task = composed.task
        parameters = data_parameters(task.signature, self.wiring.names) if isinstance(task, Task) else ()
        by_position = [parameter.name for parameter in parameters if parameter.positional]
        by_name = dict.fromkeys(parameter.name for parameter in parameters if parameter.keyword)
        for call in composed.calls:
            for name, value in zip(by_position, call.positional, strict=False):
                wires.bind(composed.name, name, value)
            surplus = [("", value) for value in call.positional[len(by_position) :]]
            for name, value in call.keyword.items():
                if name in by_name:
                    wires.bind(composed.name, name, value)
                else:
                    surplus.append((name, value))
            for name, value in surplus:
                self._order_only(composed, wires, name, value)
        return wires

    def _order_only(self, composed: ComposedNode, wires: _Wires, name: str, value: Any) -> None:
        """Let a result without a parameter come first all the same; a literal would be lost, so it is refused."""
        if isinstance(value, InvokedNodeOutput):
            if value.node_name == composed.name:
                raise GraphValidationError(f"Task '{composed.name}' depends on itself", kind="Task", name=composed.name)
            wires.after[value.node_name] = None
        elif isinstance(composed.task, Task):
            passed = f"argument '{name}'" if name else f"a positional argument {value!r}"
            raise GraphValidationError(
                f"Task '{composed.name}' is given {passed}, which its function does not take",
                kind="Task",
                name=composed.name,
            )

    def _fan_out(self, composed: ComposedNode) -> FanOut | None:
        if not composed.maps or not isinstance(composed.task, Task):
            return None
        first = composed.maps[0]
        if not all(_same_map(first, other) for other in composed.maps):
            raise GraphValidationError(
                f"Task '{composed.name}' is mapped twice over different values; inside of one graph a task is mapped "
                f"once",
                kind="Task",
                name=composed.name,
            )
        parameters = data_parameters(composed.task.signature, self.wiring.names)
        if not parameters:
            raise GraphValidationError(
                f"Task '{composed.name}' is mapped, but has no parameter to receive the elements",
                kind="Task",
                name=composed.name,
            )
        source = self._input(parameters[0].name, first.source, None)
        return FanOut(source, first.max_concurrency)

    def _inputs(
        self, name: str, task: Task, wires: _Wires, fan_out: FanOut | None
    ) -> tuple[FunctionArguments, tuple[InputSpec, ...]]:
        sources = {
            parameter: Source.UPSTREAM if isinstance(value, InvokedNodeOutput) else Source.CONSTANT
            for parameter, value in wires.bound.items()
        }
        if fan_out is not None:
            sources[fan_out.source.parameter] = Source.ELEMENT
        arguments = classify_parameters(
            name, task.signature, nodes=self.wiring.names, resources=self.wiring.resources, wired=sources
        )
        self.wiring.require_resolved("Task", name, arguments)
        inputs: list[InputSpec] = []
        for argument in arguments.of(Source.UPSTREAM):
            bound = wires.bound.get(argument.name)
            if isinstance(bound, InvokedNodeOutput):
                inputs.append(self._input(argument.name, bound, argument.type_hint))
            else:
                override = self._overrides().get(argument.name)
                inputs.append(InputSpec(argument.name, argument.name, argument.type_hint, override))
        return arguments, tuple(inputs)

    def _input(self, parameter: str, output: InvokedNodeOutput, type_hint: Any) -> InputSpec:
        override = self._overrides().get(output.node_name)
        return InputSpec(parameter, output.node_name, type_hint, override, output.gathering)

    def _final(self, result: Any, body: Composition) -> InvokedNodeOutput | None:
        if result is None or (isinstance(result, InvokedNodeOutput) and result.composition is body):
            if result is not None and result.gathering is not Gathering.NONE:
                return InvokedNodeOutput(body, result.node_name, Gathering.LIST)  # an iterator is no value to keep
            return result
        if isinstance(result, MappedOutput):
            raise GraphValidationError(
                f"Graph '{self.graph.name}' returns a mapped task; collect it first", kind="Graph", name=self.graph.name
            )
        raise GraphValidationError(
            f"Graph '{self.graph.name}' returns a {type(result).__name__}; it must return what one of its tasks gives, "
            f"one of its parameters, or nothing",
            kind="Graph",
            name=self.graph.name,
        )

    def _overrides(self) -> dict[str, DepDef]:
        return {dep.name: dep for dep in self.graph.deps if dep.is_input}

    def _graph_lineage(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(dep.name for dep in self.graph.deps if not dep.is_input))

    def _node_metadata(self) -> dict[str, Any] | None:
        metadata = self.graph.settings.metadata or {}
        timeout = metadata.get(NODE_TIMEOUT_KEY, metadata.get(TIMEOUT_KEY))
        return None if timeout is None else {TIMEOUT_KEY: timeout}

    def _node_executor(self) -> str | None:
        metadata = self.graph.settings.metadata or {}
        return metadata.get(NODE_EXECUTOR_KEY, metadata.get(EXECUTOR_KEY))


_NO_CALL: Final = FunctionArguments(())


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, InvokedNodeOutput) and isinstance(right, InvokedNodeOutput):
        return (left.node_name, left.gathering) == (right.node_name, right.gathering)
    return left is right or (type(left) is type(right) and bool(repr(left) == repr(right)))


def _same_map(left: MapCall, right: MapCall) -> bool:
    return _same(left.source, right.source) and left.max_concurrency == right.max_concurrency
