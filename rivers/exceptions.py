"""Every public exception of rivers.

The names of the reference API derive directly from ``Exception``, as its specification says; what is new here derives
from :class:`RiversError`. Where the specification names two types for one fault, a private class at the end of this
module derives from both, so that either ``except`` clause catches it. Whoever sees one raised reads the name of the
first of them: the private name appears in no traceback, message or record.
"""

# The private classes are raised by other modules, which pyright does not see from here.
# pyright: reportUnusedClass=false

from __future__ import annotations

from typing import Any, Final, TypeVar

E = TypeVar("E", bound=Exception)


class RiversError(Exception):
    """Base of the exceptions that exist in rivers only, not in the reference API."""


class AssetDefinitionError(Exception):
    """An asset is declared in a way that can never work."""


class AssetNotFoundError(Exception):
    """A selection names an asset that the repository does not hold."""


class AssetOutputValidationError(Exception):
    """A step returned a value that does not fit its annotation."""


class ConfigurationError(Exception):
    """A resource, a config document or a reference to a registered name is wrong."""


class ExecutionError(Exception):
    """A run or a step failed for a reason that the framework found, not the user's code."""


class GraphValidationError(Exception):
    """The dependency graph is not one that can run: a cycle, a self edge, an unresolved input."""


class InvalidMetadataError(Exception):
    """A metadata value cannot be stored."""


class NodeNotFoundError(Exception):
    """A job, schedule, sensor, asset or task of that name does not exist."""


class PartitionDefinitionError(Exception):
    """A partitions definition or a backfill strategy is malformed."""


class PartitionValidationError(Exception):
    """A partition key does not fit the definition it is used with."""


class ResultDefinitionError(Exception):
    """A result object (Output, SensorResult, ...) is malformed."""


class ScheduleDefinitionError(Exception):
    """A schedule is declared in a way that can never work."""


class SensorDefinitionError(Exception):
    """A sensor is declared in a way that can never work."""


class StorageError(Exception):
    """The store cannot be opened, read or written."""


class SchemaMigrationNeededError(StorageError):
    """The store was written by an older schema; ``rivers db migrate`` brings it up to date."""


class TaskDefinitionError(Exception):
    """A task is declared in a way that can never work."""


class StorageLocked(StorageError, RiversError):
    """Another process, or another handle of this one, holds the embedded store."""


class Superseded(StorageError, RiversError):
    """A write came from a graph that has been killed and replaced; nothing was written."""


class NotQuiescent(RiversError):
    """A simulated clock waited longer than its patience for work that never came to rest.

    The message names every busy label with its age and every task that keeps running.
    """


class EvaluationTimeout(RiversError):
    """A schedule or sensor function did not return within its ``eval_timeout``."""


class Killed(BaseException):
    """Raised in a thread that sleeps on the clock when its graph is killed.

    A ``BaseException``, so that user code which catches ``Exception`` cannot survive its own kill.
    """


class RunCanceled(BaseException):
    """Raised in a step that waits on its context when its run is cancelled.

    A ``BaseException``, so that user code which catches ``Exception`` does not swallow it.
    """


def is_of_rivers(error: BaseException) -> bool:
    """Whether its class is one of this module: rivers has written its message, for a person to read."""
    return type(error).__module__ == __name__ or type(error) in _private.values()


_private: Final[dict[str, type[Exception]]] = {}


def _goes_by_its_first_base(combined: type[E]) -> type[E]:
    """Give a class that combines two the name of the first. Its instances are pickled by the name it has here."""
    name, shown = combined.__name__, combined.__bases__[0]
    _private[name] = combined

    def reduce(self: E) -> tuple[Any, ...]:
        return _made_again, (name, self.args), dict(vars(self))

    combined.__reduce__ = reduce
    combined.__module__, combined.__name__, combined.__qualname__ = shown.__module__, shown.__name__, shown.__qualname__
    return combined


def _made_again(name: str, arguments: tuple[Any, ...]) -> Exception:
    return _private[name](*arguments)


@_goes_by_its_first_base
class _JobNotFound(NodeNotFoundError, ValueError):
    """``get_job`` of an unknown name: ``ValueError`` is documented, ``NodeNotFoundError`` is what 0.6.2 raises."""


@_goes_by_its_first_base
class _JobNotBound(ExecutionError, ValueError):
    """``Job.execute`` on a job that no repository has resolved."""


@_goes_by_its_first_base
class _UnresolvedInput(ConfigurationError, GraphValidationError):
    """A parameter that is neither an upstream, a resource nor defaulted."""


@_goes_by_its_first_base
class _UnknownHandler(ConfigurationError, AssetDefinitionError):
    """An ``io_handler`` key that no resource is registered under."""


@_goes_by_its_first_base
class _SensorResultConflict(ValueError, ResultDefinitionError):
    """A ``SensorResult`` with both run requests and a skip reason."""


@_goes_by_its_first_base
class _MalformedResult(ResultDefinitionError, TypeError):
    """An ``Output``, ``Materialization`` or ``Observation`` with an argument of the wrong type."""


@_goes_by_its_first_base
class _NegativeCount(OverflowError, ValueError):
    """A count below zero: the reference raises ``OverflowError``, its documentation allows ``ValueError``."""


@_goes_by_its_first_base
class _NoSinglePartitionKey(PartitionValidationError, ValueError):
    """``context.partition_key`` of a step that has no key, several keys, or a key of several dimensions."""


@_goes_by_its_first_base
class _UnlikeOutputs(PartitionValidationError, ValueError):
    """Outputs of a multi-asset that share no key: ``ValueError`` where it is declared, and found later by a name."""


@_goes_by_its_first_base
class _InvalidPartitionKey(ExecutionError, PartitionValidationError):
    """A key that a planned node does not have: ``ExecutionError`` of ``materialize``, the other type in jobs."""


@_goes_by_its_first_base
class _NotEnumerable(NotImplementedError, PartitionDefinitionError):
    """The keys of a dynamic definition are asked for without those that the store has registered."""
