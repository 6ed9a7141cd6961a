"""The outcome of an attempt at a step, as plain data that crosses from a worker process as it is."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rivers.exceptions import ExecutionError
from rivers.execution.attempts.failure_records import class_names, error_text, traceback_document, traceback_text
from rivers.partitions import PartitionKey

Texts = tuple[str | None, str | None, str | None]
"""stdout, stderr and log lines; ``None`` for a stream that got nothing."""


@dataclass(frozen=True, slots=True)
class StepOutput:
    """The record to be made of one value that was stored or observed.

    ``metadata`` is in its stored form. ``data_version`` is ``None`` when nobody gave one. ``keys`` are those of the
    ``DynamicOutput`` that the value consisted of, ``None`` for any other value.
    """

    name: str
    event_type: str
    metadata: tuple[tuple[str, str], ...] = ()
    data_version: str | None = None
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AttemptFailure:
    """The reason why an attempt failed.

    The texts are made where the traceback is, since ``error`` may have crossed without it. ``repeatable`` is false for
    a value that was computed and could not be stored: it is not computed again.
    """

    error: BaseException
    text: str
    classes: str
    traceback: str
    document: str
    repeatable: bool = True

    @classmethod
    def of(cls, error: BaseException, *, repeatable: bool = True) -> AttemptFailure:
        """Return the failure of an exception, with everything that will be recorded about it."""
        return cls(
            error, error_text(error), class_names(error), traceback_text(error), traceback_document(error), repeatable
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the exception apart from the texts, which are not lost when only its own process can read it."""
        from rivers.execution.attempts.crossing_errors import (
            packed_error,  # only a failure in a worker needs cloudpickle
        )

        return _received, (
            packed_error(self.error),
            self.text,
            self.classes,
            self.traceback,
            self.document,
            self.repeatable,
        )


def _received(
    packed: bytes, text: str, classes: str, traceback: str, document: str, repeatable: bool
) -> AttemptFailure:
    try:
        error = pickle.loads(packed)
        fault = f"it is read as {type(error).__name__}"
    except Exception as unreadable:
        error, fault = None, error_text(unreadable)
    if not isinstance(error, BaseException):
        error = ExecutionError(f"{text} (an exception that could not be sent back: {fault})")
    return AttemptFailure(error, text, classes, traceback, document, repeatable)


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The outputs of one attempt, and why it failed or some of its targets did.

    ``failure`` is that of every target without an output, except for targets in ``failed``, which have their own.
    ``values`` are what the function computed, by target, when ``Step.keeps_values`` asks for them.
    ``failed_partitions`` are the keys that the function has marked, with its reasons.
    """

    outputs: tuple[StepOutput, ...] = ()
    failure: AttemptFailure | None = None
    texts: Texts = (None, None, None)
    failed: tuple[tuple[str, AttemptFailure], ...] = ()
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    failed_partitions: tuple[tuple[PartitionKey, str], ...] = ()

    @property
    def failures(self) -> tuple[AttemptFailure, ...]:
        """All failures, that of the attempt first."""
        each = tuple(failure for _, failure in self.failed)
        return each if self.failure is None else (self.failure, *each)

    @classmethod
    def cut_off(cls, kept: Sequence[StepOutcome], failure: AttemptFailure) -> StepOutcome:
        """Return the outcome of an attempt that was ended from outside. What it had ``kept`` stands."""
        outputs: dict[str, StepOutput] = {}
        failed: dict[str, AttemptFailure] = {}
        values: dict[str, Any] = {}
        for one in kept:
            for output in one.outputs:
                outputs[output.name] = output
                failed.pop(output.name, None)
            for name, fault in one.failed:
                failed[name] = fault
                outputs.pop(name, None)
            values.update(one.values)
        if kept:
            failure = replace(failure, repeatable=False)
        return cls(tuple(outputs.values()), failure, failed=tuple(failed.items()), values=values)

    def failure_of(self, target: str) -> AttemptFailure | None:
        """Return why the target failed, ``None`` when it did not."""
        if any(output.name == target for output in self.outputs):
            return None
        return next((failure for name, failure in self.failed if name == target), self.failure)
