"""Packing a step for a worker process, and telling which steps cannot go there.

Functions cross by module and name, or by value when they have no name in a module. Resources cross as the values of
their fields, since what ``setup`` opened belongs to this process. Input and output values do not cross at all: the
worker loads and stores them through the handlers.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any, Final, cast

import cloudpickle
from pydantic import BaseModel

from rivers.definitions.policies.hooks import Hook
from rivers.exceptions import ExecutionError
from rivers.execution.attempts.failure_records import error_text
from rivers.execution.steps.compiled_steps import Step, StepTarget
from rivers.execution.workers.addresses import FunctionAddress, address_of, load_module, module_of
from rivers.io_handlers import InMemoryIOHandler, PickleIOHandler
from rivers.records import IOHandler

_PLAIN: Final = (type(None), bool, int, float, str, bytes)
"""Types of elements that need no cloudpickle, which takes many times as long."""


def may_cross(step: Step) -> bool:
    """Return whether a worker could load and store what the step needs.

    It cannot when a handler keeps values in the memory of this process. The step runs here then, where the reference
    refuses it.
    """
    handlers = [target.handler for target in step.targets] + [given.handler for given in step.inputs]
    return all(_is_shared(handler) for handler in handlers)


def _is_shared(handler: IOHandler) -> bool:
    if isinstance(handler, InMemoryIOHandler):
        return False
    if isinstance(handler, PickleIOHandler):
        return type(handler.store).__name__ != "MemoryStore"  # every other store of obstore can be pickled
    return True


def packed_step(step: Step) -> bytes:
    """Return the step as a worker unpacks it.

    :raises ExecutionError: naming the step and the part of it that cannot be sent
    """
    try:
        return _packed(step, _without_hooks(step))
    except Exception as error:
        part = _unsendable_part(step)
        raise ExecutionError(
            f"step '{step.name}' cannot be sent to a worker process: {part or 'its definition'} "
            f"cannot be pickled ({error_text(error)}); use Executor.in_process() for it"
        ) from error


def packed_particulars(step: Step) -> bytes | None:
    """Return what the run adds to the compiled step, pickled; ``None`` when that is nothing.

    :raises ExecutionError: naming an instance whose element cannot be sent
    """
    particulars = step.particulars
    if particulars is None:
        return None
    if type(particulars.element) in _PLAIN:
        return pickle.dumps(particulars, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        return _pickled(particulars, ())
    except Exception as error:
        raise ExecutionError(
            f"'{step.name}' cannot be sent to a worker process: its element, a {type(particulars.element).__name__}, "
            f"cannot be pickled ({error_text(error)}); use Executor.in_process() for it"
        ) from error


def unpacked_step(packed: bytes) -> Step:
    """Return the step in a worker: import what it refers to, and rebuild its resources, which are not set up yet."""
    module, content = pickle.loads(packed)
    if module is not None:
        load_module(*module)  # lets classes of a module that is off the path be found by name
    return pickle.loads(content)


def _packed(step: Step, part: Any) -> bytes:
    return pickle.dumps((module_of(step.function), _pickled(part, step.managed)))


def _pickled(part: Any, managed: tuple[Any, ...]) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, managed).dump(part)  # pyright: ignore[reportUnknownMemberType]
    return buffer.getvalue()


def _without_hooks(step: Step) -> Step:
    """Return the step without its hooks, which the run's process calls.

    A success hook is replaced by an empty one, whose presence says that the value is wanted back.
    """
    if not any(target.hooks for target in step.targets):
        return step
    return replace(step, targets=tuple(replace(target, hooks=_wanted(target)) for target in step.targets))


def _wanted(target: StepTarget) -> tuple[Hook, ...]:
    return (Hook.Success(),) if any(isinstance(hook, Hook.Success) for hook in target.hooks) else ()


def _unsendable_part(step: Step) -> str | None:
    parts: list[tuple[str, Any]] = [("its function", step.function)]
    parts += [(f"its resource '{name}'", resource) for name, resource in step.resources]
    parts += [(f"the IO handler of '{target.name}'", target.handler) for target in step.targets]
    parts += [(f"the IO handler of its input '{given.upstream}'", given.handler) for given in step.inputs]
    for what, part in parts:
        try:
            _packed(step, part)
        except Exception:
            return f"{what}, a {type(part).__name__},"
    return None


class _Pickler(cloudpickle.Pickler):
    def __init__(self, file: io.BytesIO, managed: tuple[Any, ...]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)  # pyright: ignore[reportUnknownMemberType]
        self._managed = managed

    def reducer_override(self, obj: Any) -> Any:
        # Functions of rivers cross by name anyway, and one of them loads the address.
        if isinstance(obj, FunctionType) and not (obj.__module__ or "").startswith("rivers."):
            address = address_of(obj)
            if address is not None:
                return FunctionAddress.load, (address,)
        elif isinstance(obj, BaseModel) and any(obj is one for one in self._managed):
            return _rebuilt, (type(obj), _fields(obj))
        reduced: Any = super().reducer_override(obj)  # pyright: ignore
        if isinstance(obj, type) and issubclass(obj, BaseModel):
            _leave_surroundings(obj, reduced)
        return reduced


def _leave_surroundings(kind: type[BaseModel], reduced: Any) -> None:
    """Drop what pydantic keeps of the surroundings of a class that a function defines, such as a storage.

    Only a class that is not complete yet needs it. ``reduced`` is what cloudpickle makes of a class without a name in a
    module: its third part begins with the members.
    """
    if isinstance(reduced, tuple) and kind.__pydantic_complete__:
        members = cast("dict[str, Any]", reduced[2][0])
        members.pop("__pydantic_parent_namespace__", None)


def _fields(model: BaseModel) -> dict[str, Any]:
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return {**fields, **(model.model_extra or {})}


def _rebuilt(kind: type[BaseModel], fields: Mapping[str, Any]) -> BaseModel:
    """Return a resource with these values, which were validated when it was made first.

    They are neither validated again nor read from the environment.
    """
    return kind.model_construct(**fields)
