"""rivers: a data-asset orchestrator of which every part runs on an injected clock.

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
    from rivers.definitions.assets.asset_def import AssetDef as AssetDef
    from rivers.definitions.assets.asset_settings import DepDef as DepDef
    from rivers.definitions.assets.assets import Asset as Asset
    from rivers.definitions.assets.assets import SingleAsset as SingleAsset
    from rivers.definitions.assets.composition import InvokedNodeOutput as InvokedNodeOutput
    from rivers.definitions.assets.external_assets import ExternalAsset as ExternalAsset
    from rivers.definitions.assets.jobs import Job as Job
    from rivers.definitions.assets.multi_assets import GraphAsset as GraphAsset
    from rivers.definitions.assets.multi_assets import MultiAsset as MultiAsset
    from rivers.definitions.assets.tasks import Task as Task
    from rivers.definitions.functions.asset_contexts import AssetExecutionContext as AssetExecutionContext
    from rivers.definitions.functions.asset_contexts import TaskExecutionContext as TaskExecutionContext
    from rivers.definitions.functions.evaluation_contexts import ScheduleEvaluationContext as ScheduleEvaluationContext
    from rivers.definitions.functions.evaluation_contexts import SensorEvaluationContext as SensorEvaluationContext
    from rivers.definitions.policies.backoff import Backoff as Backoff
    from rivers.definitions.policies.executors import Executor as Executor
    from rivers.definitions.policies.hooks import Hook as Hook
    from rivers.definitions.policies.hooks import HookContext as HookContext
    from rivers.definitions.policies.retries import Compute as Compute
    from rivers.definitions.policies.retries import ComputeEscalation as ComputeEscalation
    from rivers.definitions.policies.retries import FailureReason as FailureReason
    from rivers.definitions.policies.retries import RetryOn as RetryOn
    from rivers.definitions.policies.retries import RetryPolicy as RetryPolicy
    from rivers.definitions.policies.run_queue import RunBackendConfig as RunBackendConfig
    from rivers.definitions.policies.run_queue import RunQueueConfig as RunQueueConfig
    from rivers.definitions.policies.run_queue import TagConcurrencyLimit as TagConcurrencyLimit
    from rivers.definitions.resources import Resource as Resource
    from rivers.definitions.triggers.requests import BackfillRequest as BackfillRequest
    from rivers.definitions.triggers.requests import RunRequest as RunRequest
    from rivers.definitions.triggers.requests import SensorResult as SensorResult
    from rivers.definitions.triggers.requests import SkipReason as SkipReason
    from rivers.definitions.triggers.schedules import Schedule as Schedule
    from rivers.definitions.triggers.sensors import Sensor as Sensor
    from rivers.definitions.triggers.tick_results import ScheduleTickResult as ScheduleTickResult
    from rivers.definitions.triggers.tick_results import SensorTickResult as SensorTickResult
    from rivers.definitions.values.metadata import MetadataValue as MetadataValue
    from rivers.definitions.values.output_report import OutputContext as OutputContext
    from rivers.definitions.values.results import DynamicOutput as DynamicOutput
    from rivers.definitions.values.results import Materialization as Materialization
    from rivers.definitions.values.results import Observation as Observation
    from rivers.definitions.values.results import Output as Output
    from rivers.definitions.values.results import SelfDependency as SelfDependency
    from rivers.definitions.values.schema import Schema as Schema
    from rivers.execution.runs.results import RunResult as RunResult
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
    from rivers.repository.bash_task import BashTask as BashTask
    from rivers.repository.code_repository import CodeRepository as CodeRepository
    from rivers.repository.run_handle import RunHandle as RunHandle
    from rivers.storage import Storage as Storage

_MODULES = ("exceptions", "simulation", "testing")

_HOME_OF: dict[str, str] = {
    "Asset": "rivers.definitions.assets.assets",
    "AssetDef": "rivers.definitions.assets.asset_def",
    "AssetExecutionContext": "rivers.definitions.functions.asset_contexts",
    "AssetRecord": "rivers.records",
    "BackfillRequest": "rivers.definitions.triggers.requests",
    "Backoff": "rivers.definitions.policies.backoff",
    "BaseIOHandler": "rivers.io_handlers",
    "BashTask": "rivers.repository.bash_task",
    "CodeRepository": "rivers.repository.code_repository",
    "Compute": "rivers.definitions.policies.retries",
    "ComputeEscalation": "rivers.definitions.policies.retries",
    "DepDef": "rivers.definitions.assets.asset_settings",
    "DynamicOutput": "rivers.definitions.values.results",
    "EvalMode": "rivers.records",
    "Executor": "rivers.definitions.policies.executors",
    "ExternalAsset": "rivers.definitions.assets.external_assets",
    "FailureReason": "rivers.definitions.policies.retries",
    "GraphAsset": "rivers.definitions.assets.multi_assets",
    "Hook": "rivers.definitions.policies.hooks",
    "HookContext": "rivers.definitions.policies.hooks",
    "InMemoryIOHandler": "rivers.io_handlers",
    "InputContext": "rivers.records",
    "InvokedNodeOutput": "rivers.definitions.assets.composition",
    "Job": "rivers.definitions.assets.jobs",
    "LaunchedBy": "rivers.records",
    "Materialization": "rivers.definitions.values.results",
    "MetadataValue": "rivers.definitions.values.metadata",
    "MultiAsset": "rivers.definitions.assets.multi_assets",
    "Observation": "rivers.definitions.values.results",
    "Output": "rivers.definitions.values.results",
    "OutputContext": "rivers.definitions.values.output_report",
    "PartitionContext": "rivers.partitions.context",
    "PartitionKey": "rivers.partitions.keys",
    "PartitionKeyRange": "rivers.partitions.ranges",
    "PartitionMapping": "rivers.partitions.mappings",
    "PartitionsDefinition": "rivers.partitions.definitions",
    "PickleIOHandler": "rivers.io_handlers",
    "Resource": "rivers.definitions.resources",
    "RetryOn": "rivers.definitions.policies.retries",
    "RetryPolicy": "rivers.definitions.policies.retries",
    "RunBackendConfig": "rivers.definitions.policies.run_queue",
    "RunHandle": "rivers.repository.run_handle",
    "RunQueueConfig": "rivers.definitions.policies.run_queue",
    "RunRecord": "rivers.records",
    "RunRequest": "rivers.definitions.triggers.requests",
    "RunResult": "rivers.execution.runs.results",
    "Schedule": "rivers.definitions.triggers.schedules",
    "ScheduleEvaluationContext": "rivers.definitions.functions.evaluation_contexts",
    "ScheduleStatus": "rivers.records",
    "ScheduleTickResult": "rivers.definitions.triggers.tick_results",
    "Schema": "rivers.definitions.values.schema",
    "SelfDependency": "rivers.definitions.values.results",
    "Sensor": "rivers.definitions.triggers.sensors",
    "SensorEvaluationContext": "rivers.definitions.functions.evaluation_contexts",
    "SensorResult": "rivers.definitions.triggers.requests",
    "SensorStatus": "rivers.records",
    "SensorTickResult": "rivers.definitions.triggers.tick_results",
    "SingleAsset": "rivers.definitions.assets.assets",
    "SkipReason": "rivers.definitions.triggers.requests",
    "StaleCause": "rivers.records",
    "Storage": "rivers.storage",
    "StorageType": "rivers.records",
    "StoredEvent": "rivers.records",
    "StoredTick": "rivers.records",
    "TagConcurrencyLimit": "rivers.definitions.policies.run_queue",
    "Task": "rivers.definitions.assets.tasks",
    "TaskExecutionContext": "rivers.definitions.functions.asset_contexts",
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
