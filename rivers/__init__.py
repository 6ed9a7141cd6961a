"""rivers: a data-asset orchestrator whose every moving part runs on an injected clock.

``import rivers as rs`` stays light: every public name is resolved at its first use (PEP 562), so that a module of asset
declarations does not pay for the storage engine, the event loop or pydantic before it needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rivers import exceptions as exceptions
    from rivers import simulation as simulation
    from rivers import testing as testing
    from rivers.daemons.graph import automation_graph as automation_graph
    from rivers.definitions.asset_contexts import AssetExecutionContext as AssetExecutionContext
    from rivers.definitions.asset_contexts import TaskExecutionContext as TaskExecutionContext
    from rivers.definitions.asset_def import AssetDef as AssetDef
    from rivers.definitions.assets import Asset as Asset
    from rivers.definitions.assets import SingleAsset as SingleAsset
    from rivers.definitions.backoff import Backoff as Backoff
    from rivers.definitions.composition import InvokedNodeOutput as InvokedNodeOutput
    from rivers.definitions.dependencies import DepDef as DepDef
    from rivers.definitions.evaluation_contexts import ScheduleEvaluationContext as ScheduleEvaluationContext
    from rivers.definitions.evaluation_contexts import SensorEvaluationContext as SensorEvaluationContext
    from rivers.definitions.executors import Executor as Executor
    from rivers.definitions.external_assets import ExternalAsset as ExternalAsset
    from rivers.definitions.graph_assets import GraphAsset as GraphAsset
    from rivers.definitions.hooks import Hook as Hook
    from rivers.definitions.hooks import HookContext as HookContext
    from rivers.definitions.jobs import Job as Job
    from rivers.definitions.metadata import MetadataValue as MetadataValue
    from rivers.definitions.multi_assets import MultiAsset as MultiAsset
    from rivers.definitions.output_context import OutputContext as OutputContext
    from rivers.definitions.requests import BackfillRequest as BackfillRequest
    from rivers.definitions.requests import RunRequest as RunRequest
    from rivers.definitions.requests import SensorResult as SensorResult
    from rivers.definitions.requests import SkipReason as SkipReason
    from rivers.definitions.resources import Resource as Resource
    from rivers.definitions.results import DynamicOutput as DynamicOutput
    from rivers.definitions.results import Materialization as Materialization
    from rivers.definitions.results import Observation as Observation
    from rivers.definitions.results import Output as Output
    from rivers.definitions.retries import Compute as Compute
    from rivers.definitions.retries import ComputeEscalation as ComputeEscalation
    from rivers.definitions.retries import FailureReason as FailureReason
    from rivers.definitions.retries import RetryOn as RetryOn
    from rivers.definitions.retries import RetryPolicy as RetryPolicy
    from rivers.definitions.run_queue import RunBackendConfig as RunBackendConfig
    from rivers.definitions.run_queue import RunQueueConfig as RunQueueConfig
    from rivers.definitions.run_queue import TagConcurrencyLimit as TagConcurrencyLimit
    from rivers.definitions.schedules import Schedule as Schedule
    from rivers.definitions.schema import Schema as Schema
    from rivers.definitions.self_dependency import SelfDependency as SelfDependency
    from rivers.definitions.sensors import Sensor as Sensor
    from rivers.definitions.tasks import Task as Task
    from rivers.definitions.tick_results import ScheduleTickResult as ScheduleTickResult
    from rivers.definitions.tick_results import SensorTickResult as SensorTickResult
    from rivers.execution.bash_task import BashTask as BashTask
    from rivers.execution.results import RunResult as RunResult
    from rivers.execution.run_handle import RunHandle as RunHandle
    from rivers.io_handlers import BaseIOHandler as BaseIOHandler
    from rivers.io_handlers import InMemoryIOHandler as InMemoryIOHandler
    from rivers.io_handlers import PickleIOHandler as PickleIOHandler
    from rivers.partitions.context import PartitionContext as PartitionContext
    from rivers.partitions.definitions import PartitionsDefinition as PartitionsDefinition
    from rivers.partitions.keys import PartitionKey as PartitionKey
    from rivers.partitions.mappings import PartitionMapping as PartitionMapping
    from rivers.partitions.ranges import PartitionKeyRange as PartitionKeyRange
    from rivers.records import AssetRecord as AssetRecord
    from rivers.records import EvalMode as EvalMode
    from rivers.records import InputContext as InputContext
    from rivers.records import LaunchedBy as LaunchedBy
    from rivers.records import RunRecord as RunRecord
    from rivers.records import ScheduleStatus as ScheduleStatus
    from rivers.records import SensorStatus as SensorStatus
    from rivers.records import StaleCause as StaleCause
    from rivers.records import StorageType as StorageType
    from rivers.records import StoredEvent as StoredEvent
    from rivers.records import StoredTick as StoredTick
    from rivers.repository import CodeRepository as CodeRepository
    from rivers.storage import Storage as Storage

_MODULES = ("exceptions", "simulation", "testing")

_HOME_OF: dict[str, str] = {
    "Asset": "rivers.definitions.assets",
    "AssetDef": "rivers.definitions.asset_def",
    "AssetExecutionContext": "rivers.definitions.asset_contexts",
    "AssetRecord": "rivers.records",
    "BackfillRequest": "rivers.definitions.requests",
    "Backoff": "rivers.definitions.backoff",
    "BaseIOHandler": "rivers.io_handlers",
    "BashTask": "rivers.execution.bash_task",
    "CodeRepository": "rivers.repository",
    "Compute": "rivers.definitions.retries",
    "ComputeEscalation": "rivers.definitions.retries",
    "DepDef": "rivers.definitions.dependencies",
    "DynamicOutput": "rivers.definitions.results",
    "EvalMode": "rivers.records",
    "Executor": "rivers.definitions.executors",
    "ExternalAsset": "rivers.definitions.external_assets",
    "FailureReason": "rivers.definitions.retries",
    "GraphAsset": "rivers.definitions.graph_assets",
    "Hook": "rivers.definitions.hooks",
    "HookContext": "rivers.definitions.hooks",
    "InMemoryIOHandler": "rivers.io_handlers",
    "InputContext": "rivers.records",
    "InvokedNodeOutput": "rivers.definitions.composition",
    "Job": "rivers.definitions.jobs",
    "LaunchedBy": "rivers.records",
    "Materialization": "rivers.definitions.results",
    "MetadataValue": "rivers.definitions.metadata",
    "MultiAsset": "rivers.definitions.multi_assets",
    "Observation": "rivers.definitions.results",
    "Output": "rivers.definitions.results",
    "OutputContext": "rivers.definitions.output_context",
    "PartitionContext": "rivers.partitions.context",
    "PartitionKey": "rivers.partitions.keys",
    "PartitionKeyRange": "rivers.partitions.ranges",
    "PartitionMapping": "rivers.partitions.mappings",
    "PartitionsDefinition": "rivers.partitions.definitions",
    "PickleIOHandler": "rivers.io_handlers",
    "Resource": "rivers.definitions.resources",
    "RetryOn": "rivers.definitions.retries",
    "RetryPolicy": "rivers.definitions.retries",
    "RunBackendConfig": "rivers.definitions.run_queue",
    "RunHandle": "rivers.execution.run_handle",
    "RunQueueConfig": "rivers.definitions.run_queue",
    "RunRecord": "rivers.records",
    "RunRequest": "rivers.definitions.requests",
    "RunResult": "rivers.execution.results",
    "Schedule": "rivers.definitions.schedules",
    "ScheduleEvaluationContext": "rivers.definitions.evaluation_contexts",
    "ScheduleStatus": "rivers.records",
    "ScheduleTickResult": "rivers.definitions.tick_results",
    "Schema": "rivers.definitions.schema",
    "SelfDependency": "rivers.definitions.self_dependency",
    "Sensor": "rivers.definitions.sensors",
    "SensorEvaluationContext": "rivers.definitions.evaluation_contexts",
    "SensorResult": "rivers.definitions.requests",
    "SensorStatus": "rivers.records",
    "SensorTickResult": "rivers.definitions.tick_results",
    "SingleAsset": "rivers.definitions.assets",
    "SkipReason": "rivers.definitions.requests",
    "StaleCause": "rivers.records",
    "Storage": "rivers.storage",
    "StorageType": "rivers.records",
    "StoredEvent": "rivers.records",
    "StoredTick": "rivers.records",
    "TagConcurrencyLimit": "rivers.definitions.run_queue",
    "Task": "rivers.definitions.tasks",
    "TaskExecutionContext": "rivers.definitions.asset_contexts",
    "automation_graph": "rivers.daemons.graph",
}

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"rivers.{name}")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'rivers' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF, *_MODULES])
