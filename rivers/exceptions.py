"""Every public exception of rivers.

The exceptions of the reference API derive directly from ``Exception``, those that rivers adds derive from
:class:`RiversError`. Where one fault must be caught by either of two types, a private class at the end of this module
derives from both. Tracebacks, messages and records show the name of the first base, never the private name.

Messages are for people. Programs read the fields, which survive pickling: ``kind`` is the sort of thing that the error
is about, such as ``"Job"``; ``name`` says which one; ``value`` is the text of what was given; ``near`` are the known
names or keys that are like it, the nearest first. A field that an error has no use for is ``None`` or empty.
"""

# The private classes are raised by other modules, which pyright does not see from here.
# pyright: reportUnusedClass=false

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol, Self, TypedDict, TypeVar, Unpack, cast

from rivers.wording import near_names, offer

E = TypeVar("E", bound=Exception)


class Fields(TypedDict, total=False):
    """The keyword arguments of every exception that has fields."""

    kind: str
    name: str
    value: str | None
    near: Iterable[str]


class _Constructor(Protocol):
    def __call__(self, *message: object, **fields: Unpack[Fields]) -> None: ...


def _keep(
    error: Exception,
    *message: object,
    kind: str | None = None,
    name: str | None = None,
    value: str | None = None,
    near: Iterable[str] = (),
) -> None:
    Exception.__init__(error, *message)
    fields = {"kind": kind, "name": name, "value": value, "near": tuple(near) or None}
    vars(error).update({field: given for field, given in fields.items() if given is not None})


def _without(kind: str | None = None) -> tuple[str | None, str | None, str | None, tuple[str, ...]]:
    """Return ``kind``, ``name``, ``value`` and ``near`` of an error that was given none of them."""
    return kind, None, None, ()


# The ``__init__`` of the exceptions with fields. They assign it, as their only base is to be ``Exception``.
_keep_fields = cast(_Constructor, _keep)


class RiversError(Exception):
    """The base of the exceptions that exist in rivers only, not in the reference API."""

    kind, name, value, near = _without()

    def __init__(self, *message: object, **fields: Unpack[Fields]) -> None:
        _keep(self, *message, **fields)


class AssetDefinitionError(Exception):
    """An asset is declared in a way that can never work."""

    kind, name, value, near = _without("Asset")
    __init__: _Constructor = _keep_fields


class AssetNotFoundError(Exception):
    """A selection names an asset that the repository does not hold."""

    kind, name, value, near = _without("Asset")
    __init__: _Constructor = _keep_fields


class AssetOutputValidationError(Exception):
    """A step returned a value that does not fit its annotation."""


class ConfigurationError(Exception):
    """A resource, a config document or a reference to a registered name is wrong."""

    kind, name, value, near = _without()
    __init__: _Constructor = _keep_fields


class ExecutionError(Exception):
    """A run or a step failed for a reason that the framework found, not the user's code."""


class GraphValidationError(Exception):
    """The dependency graph is not one that can run: a cycle, a self edge, an unresolved input."""

    kind, name, value, near = _without()
    __init__: _Constructor = _keep_fields


class InvalidMetadataError(Exception):
    """A metadata value cannot be stored."""


class NodeNotFoundError(Exception):
    """A job, schedule, sensor, asset, task or run of that name does not exist."""

    kind, name, value, near = _without()
    __init__: _Constructor = _keep_fields

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str] = ()) -> Self:
        """Return the error for a ``name`` that is not among the ``known`` ones, which it offers if they are near."""
        near = near_names(name, known)
        return cls(f"{kind} '{name}' not found{offer(near)}", kind=kind, name=name, near=near)


class PartitionDefinitionError(Exception):
    """A partitions definition or a backfill strategy is malformed."""


class PartitionValidationError(Exception):
    """A partition key does not fit the definition it is used with."""

    kind, name, value, near = _without()
    __init__: _Constructor = _keep_fields


class ResultDefinitionError(Exception):
    """A result object (Output, SensorResult, ...) is malformed."""


class ScheduleDefinitionError(Exception):
    """A schedule is declared in a way that can never work."""

    kind, name, value, near = _without("Schedule")
    __init__: _Constructor = _keep_fields


class SensorDefinitionError(Exception):
    """A sensor is declared in a way that can never work."""

    kind, name, value, near = _without("Sensor")
    __init__: _Constructor = _keep_fields


class StorageError(Exception):
    """The store cannot be opened, read or written.

    ``retryable`` says whether the same call may succeed later, though nobody changes what it asks for.
    """

    retryable: bool = False


class SchemaMigrationNeededError(StorageError):
    """The store was written by an older schema; ``rivers db migrate`` brings it up to date.

    ``found`` is the schema version of the store, ``needed`` that of this build.
    """

    def __init__(self, *message: object, found: int | None = None, needed: int | None = None) -> None:
        super().__init__(*message)
        self.found = found
        self.needed = needed


class TaskDefinitionError(Exception):
    """A task is declared in a way that can never work."""

    kind, name, value, near = _without("Task")
    __init__: _Constructor = _keep_fields


class StorageLocked(StorageError, RiversError):
    """Another process, or another handle of this one, holds the embedded store.

    ``folder`` is that of the store, ``pid`` the process that holds it, and ``address`` the URL of the server that this
    process runs; each is ``None`` when it is not known.
    """

    retryable = True

    def __init__(
        self, *message: object, folder: str | None = None, pid: int | None = None, address: str | None = None
    ) -> None:
        super().__init__(*message)
        self.folder = folder
        self.pid = pid
        self.address = address


class Superseded(StorageError, RiversError):
    """A write came from a graph that has been killed and replaced; nothing was written."""


class AmbiguousRun(RiversError):
    """Several runs begin with the id that was asked for, which is its ``name``."""


class BadRequest(RiversError):
    """A request to the server is malformed: a parameter of the wrong type, a body that is no JSON object."""


class NotAccepted(RiversError):
    """The server cannot do this in the state that it is in."""


class NotQuiescent(RiversError):
    """A simulated clock waited longer than its patience for work that never came to rest.

    The message names every busy label with its age and every task that keeps running.
    """


class EvaluationTimeout(RiversError):
    """A schedule or sensor function did not return within its ``eval_timeout``."""


class Killed(BaseException):
    """A thread sleeps on the clock while its graph is killed.

    It is a ``BaseException``, so that user code which catches ``Exception`` does not survive the kill.
    """


class RunCanceled(BaseException):
    """A step waits on its context while its run is cancelled.

    It is a ``BaseException``, so that user code which catches ``Exception`` does not swallow it.
    """


def is_of_rivers(error: BaseException) -> bool:
    """Return whether the class of ``error`` is one of this module: rivers has written the message, for a person."""
    return type(error).__module__ == __name__ or type(error) in _private.values()


def public_name(error: BaseException) -> str:
    """Return the name of the class that a user can catch ``error`` by: its own, or that of the first public base."""
    public = (each for each in type(error).__mro__ if not each.__name__.startswith("_"))
    return next(each.__name__ for each in public if issubclass(each, BaseException))


_private: Final[dict[str, type[Exception]]] = {}


def _goes_by_its_first_base(combined: type[E]) -> type[E]:
    """Give a class that combines two the name of the first. Its instances are pickled by its name in this module."""
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
class _UnknownRunStatus(StorageError, ValueError):
    """A status that runs do not have: the reference raises ``StorageError``, though the store has no part in it."""


@_goes_by_its_first_base
class _UnlikeOutputs(PartitionValidationError, ValueError):
    """Outputs of a multi-asset that share no key: ``ValueError`` where it is declared, and found later by a name."""


@_goes_by_its_first_base
class _InvalidPartitionKey(ExecutionError, PartitionValidationError):
    """A key that a planned node does not have: ``ExecutionError`` of ``materialize``, the other type in jobs."""


@_goes_by_its_first_base
class _NotEnumerable(NotImplementedError, PartitionDefinitionError):
    """The keys of a dynamic definition are asked for without those that the store has registered."""
