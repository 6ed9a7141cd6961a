"""The node and the step of each declaration: which parameter gets what, and what comes first.

``Wiring`` makes them. Before it can, ``compose_graphs`` runs the bodies of all graph assets, as these say over which
nodes' values they map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.asset_settings import DepDef
from rivers.definitions.assets.assets import SingleAsset
from rivers.definitions.assets.composition import Composition
from rivers.definitions.assets.external_assets import ExternalAsset
from rivers.definitions.assets.multi_assets import GraphAsset, MultiAsset
from rivers.definitions.assets.task_base import BaseTask
from rivers.definitions.assets.tasks import Task
from rivers.definitions.functions.parameters import FunctionArguments, Source, classify_parameters
from rivers.definitions.signatures import Signature
from rivers.exceptions import (
    AssetDefinitionError,
    _UnresolvedInput,  # pyright: ignore[reportPrivateUsage]
)
from rivers.graph.internal_mappings import output_mappings
from rivers.graph.names import Names
from rivers.graph.nodes import Node, NodeKind
from rivers.graph.planned_steps import InputSpec, StepKind, StepSpec
from rivers.partitions.mappings import PartitionMapping
from rivers.wording import near_names, offer


@dataclass(eq=False)
class Wiring:
    """The maker of a repository's nodes, in order of registration.

    ``mapped_over`` are the nodes whose values a graph asset maps over.
    """

    names: Names
    resources: Mapping[str, None]
    mapped_over: dict[str, None] = field(default_factory=dict[str, None])
    _position: int = 0
    _multi_steps: dict[MultiAsset, StepSpec] = field(default_factory=dict[MultiAsset, StepSpec])
    _output_mappings: dict[str, dict[str, PartitionMapping]] = field(
        default_factory=dict[str, dict[str, PartitionMapping]]
    )

    def next_position(self) -> int:
        """Return the place of the next node in the order of registration."""
        self._position += 1
        return self._position - 1

    def mapped_among(self, *outputs: str) -> tuple[str, ...]:
        """Return those of ``outputs`` that a graph asset maps over."""
        return tuple(name for name in outputs if name in self.mapped_over)

    def asset_node(self, name: str, asset: BaseAsset) -> Node:
        """Return the node of an asset that is no graph asset.

        :raises ConfigurationError: for a parameter that matches nothing
        :raises AssetDefinitionError: for an automation on an external asset that nobody observes
        :raises PartitionValidationError: for outputs of one function that load an upstream by different mappings
        """
        match asset:
            case SingleAsset():
                return self._single(name, asset)
            case MultiAsset():
                return self._output(name, asset)
            case ExternalAsset():
                return self._external(name, asset)
            case _:
                raise AssetDefinitionError(
                    f"asset '{name}' is of a kind that cannot be a node: {type(asset).__name__}", name=name
                )

    def task_node(self, name: str, task: BaseTask, position: int) -> Node:
        """Return the node of a standalone task."""
        arguments, inputs = FunctionArguments(()), ()
        if isinstance(task, Task):
            arguments, inputs = self._wired("Task", name, task.signature, ())
        step = StepSpec(
            name=name,
            kind=StepKind.TASK if isinstance(task, Task) else StepKind.BASH,
            definition=task,
            outputs=(name,),
            arguments=arguments,
            inputs=inputs,
            upstreams=_upstreams(inputs),
            mapped_outputs=self.mapped_among(name),
        )
        mappings = task.partition_mapping or {}
        return Node(name, position, NodeKind.TASK, task, task.settings, step, step.upstreams, (), mappings)

    def _single(self, name: str, asset: SingleAsset) -> Node:
        arguments, inputs = self._wired("Asset", name, asset.signature, asset.settings.deps)
        loaded = _upstreams(inputs)
        lineage = _lineage(asset.settings.deps, loaded)
        step = StepSpec(
            name=name,
            kind=StepKind.SINGLE,
            definition=asset,
            outputs=(name,),
            arguments=arguments,
            inputs=inputs,
            upstreams=loaded + lineage,
            mapped_outputs=self.mapped_among(name),
        )
        mappings = asset.partition_mapping or {}
        return Node(name, self.next_position(), NodeKind.SINGLE, asset, asset.settings, step, loaded, lineage, mappings)

    def _output(self, name: str, asset: MultiAsset) -> Node:
        step = self._multi_steps.get(asset)
        if step is None:
            step = self._multi_steps[asset] = self._multi_step(asset)
            self._output_mappings.update(output_mappings(asset, _upstreams(step.inputs)))
        definition = asset.output_defs[asset.output_names.index(name)]
        loaded = _upstreams(step.inputs)
        lineage = _lineage([*asset.deps, *definition.deps], loaded)
        mappings, position = self._output_mappings[name], self.next_position()
        return Node(name, position, NodeKind.OUTPUT, asset, definition.settings, step, loaded, lineage, mappings)

    def _multi_step(self, asset: MultiAsset) -> StepSpec:
        definitions = asset.output_defs
        deps = [*asset.deps, *(dep for definition in definitions for dep in definition.deps)]
        arguments, inputs = self._wired("Asset", asset.name, asset.signature, deps)
        loaded, outputs = _upstreams(inputs), asset.output_names
        return StepSpec(
            name=asset.name,
            kind=StepKind.MULTI,
            definition=asset,
            outputs=outputs,
            arguments=arguments,
            inputs=inputs,
            upstreams=tuple(name for name in loaded + _lineage(deps, loaded) if name not in outputs),
            mapped_outputs=self.mapped_among(*outputs),
        )

    def _external(self, name: str, asset: ExternalAsset) -> Node:
        if asset.automation_condition is not None and asset.observe_fn is None:
            raise AssetDefinitionError(
                f"external asset '{name}' has an automation_condition and nothing to do; apply it as a decorator to "
                f"the function that observes it",
                name=name,
            )
        arguments = classify_parameters(name, asset.signature, nodes=(), resources=self.resources)
        self.require_resolved("Asset", name, arguments)
        step = StepSpec(name, StepKind.OBSERVE, asset, (name,), arguments)
        return Node(name, self.next_position(), NodeKind.EXTERNAL, asset, asset.settings, step, (), ())

    def _wired(
        self, kind: str, name: str, signature: Signature, deps: Sequence[DepDef]
    ) -> tuple[FunctionArguments, tuple[InputSpec, ...]]:
        overrides = {dep.name: dep for dep in deps if dep.is_input}
        arguments = classify_parameters(name, signature, nodes=self.names, resources=self.resources, inputs=overrides)
        self.require_resolved(kind, name, arguments)
        inputs = tuple(
            InputSpec(argument.name, argument.name, argument.type_hint, overrides.get(argument.name))
            for argument in arguments.of(Source.UPSTREAM)
        )
        return arguments, inputs

    def require_resolved(self, kind: str, name: str, arguments: FunctionArguments) -> None:
        """Check that every parameter of the ``kind`` ("Asset" or "Task") called ``name`` gets something.

        :raises ConfigurationError: for a parameter that matches nothing
        """
        for argument in arguments.of(Source.UNRESOLVED):
            raise self.unresolved(kind, name, argument.name)

    def unresolved(self, kind: str, name: str, wanted: str) -> Exception:
        """Return the error for a ``wanted`` name that nobody has registered."""
        if wanted in self.resources:
            return _UnresolvedInput(
                f"{kind} '{name}': unresolved input '{wanted}': no asset or task has that name, and a resource, as "
                f"'{wanted}' is, goes to a parameter of an asset's or a task's own function, by its name",
                kind=kind,
                name=name,
                value=wanted,
            )
        near = near_names(wanted, [each for each in (*self.names, *self.resources) if each != name])
        return _UnresolvedInput(
            f"{kind} '{name}': unresolved input '{wanted}': no asset, task or resource has that name "
            f"(available resources: {', '.join(sorted(self.resources)) or 'none'}){offer(near)}",
            kind=kind,
            name=name,
            value=wanted,
            near=near,
        )


def compose_graphs(names: Names, wiring: Wiring) -> dict[str, Composition]:
    """Run the bodies of all graph assets, in order of registration, and add what they map over to ``wiring``.

    :raises ConfigurationError: for a parameter of a body that is no asset
    :raises GraphValidationError: for a body that means nothing
    """
    bodies: dict[str, Composition] = {}
    for name, asset in names.assets.items():
        if isinstance(asset, GraphAsset):
            bodies[name] = body = asset.compose(placeholders(asset, wiring))
            for composed in body.nodes.values():
                wiring.mapped_over.update((call.source.node_name, None) for call in composed.maps)
    return bodies


def placeholders(graph: GraphAsset, wiring: Wiring) -> dict[str, str]:
    """Return the name of an outer asset for each parameter of a body.

    :raises ConfigurationError: for a parameter that is no asset
    """
    declared = {dep.name for dep in graph.deps if dep.is_input}
    found: dict[str, str] = {}
    for parameter in graph.signature.parameters:
        if parameter.name in declared or (parameter.name in wiring.names and not parameter.has_default):
            found[parameter.name] = parameter.name
        elif not parameter.has_default:
            raise wiring.unresolved("Asset", graph.name, parameter.name)
    return found


def _upstreams(inputs: Sequence[InputSpec]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(given.upstream for given in inputs))


def _lineage(deps: Sequence[DepDef], loaded: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(dep.name for dep in deps if not dep.is_input and dep.name not in loaded))
