"""Making the context that the function of a step takes, one for each attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.functions.asset_contexts import AssetExecutionContext, TaskExecutionContext
from rivers.execution.steps.compiled_steps import StepTarget
from rivers.execution.steps.step_time import StepTime
from rivers.graph.planned_steps import StepKind, StepSpec
from rivers.partitions import PartitionContext


@dataclass(frozen=True, slots=True)
class AssetContextMaker:
    """Makes asset contexts for a step whose function takes one. A plain value, so that it crosses to a worker."""

    name: str
    tags: Sequence[str] | None = None
    kinds: Sequence[str] = ()
    group: str | None = None
    code_version: str | None = None
    metadata: dict[str, Any] | None = None
    outputs: tuple[str, ...] | None = None
    """The outputs of a multi-asset that are asked for, ``None`` for any other asset."""

    def __call__(
        self, config: Any, run_id: str, time: StepTime, partition: PartitionContext | None
    ) -> AssetExecutionContext[Any]:
        """Return a context for one attempt."""
        return AssetExecutionContext[Any](
            self.name,
            self.tags,
            self.kinds,
            self.group,
            self.code_version,
            self.metadata,
            partition,
            is_multi_asset=self.outputs is not None,
            output_selection=self.outputs,
            config=config,
            run_id=run_id,
            now=time.datetime,
            sleep=time.sleep_blocking,
            cancelled=time.cancelled,
        )


@dataclass(frozen=True, slots=True)
class TaskContextMaker:
    """Makes task contexts for a step whose function takes one. A plain value, so that it crosses to a worker."""

    name: str
    tags: Sequence[str] | None

    def __call__(
        self, config: Any, run_id: str, time: StepTime, partition: PartitionContext | None
    ) -> TaskExecutionContext[Any]:
        """Return a context for one attempt."""
        return TaskExecutionContext[Any](
            self.name,
            self.tags,
            partition,
            config,
            now=time.datetime,
            sleep=time.sleep_blocking,
            cancelled=time.cancelled,
        )


def context_maker(spec: StepSpec, targets: Sequence[StepTarget]) -> AssetContextMaker | TaskContextMaker | None:
    """Return what makes the contexts of a step, ``None`` when its function takes none."""
    wanted, definition = spec.arguments.context_class, spec.definition
    if wanted is None:
        return None
    if wanted is TaskExecutionContext:
        return TaskContextMaker(spec.name, definition.settings.tags)
    if not isinstance(definition, BaseAsset):
        return AssetContextMaker(spec.name)
    settings = definition.settings
    if spec.kind is StepKind.MULTI:
        outputs = tuple(target.name for target in targets)
        return AssetContextMaker(spec.name, settings.tags, settings.kinds, settings.group, outputs=outputs)
    return AssetContextMaker(
        spec.name, settings.tags, settings.kinds, settings.group, settings.code_version, targets[0].metadata
    )
