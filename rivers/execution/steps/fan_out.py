"""Fan-out: dividing the value of a source into one step for each element, and gathering the results.

Only a run knows which instances there are. Nothing of that is stored but the events of the instances, so a run that is
resumed divides the source again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from rivers.definitions.assets.composition import Gathering
from rivers.exceptions import ExecutionError
from rivers.execution.steps.compiled_steps import Particulars, Step
from rivers.execution.steps.dynamic_outputs import in_order, taken_apart
from rivers.graph.planned_steps import instance_name, possible_templates

Elements = tuple[tuple[str, Any], ...]
"""Each element under its key, or its position as text."""


def divide(source: str, value: Any, keys: Sequence[str] | None) -> Elements:
    """Return the elements of the value of ``source``. ``keys`` are those that were recorded when it was stored.

    :raises ExecutionError: when it cannot be iterated, or does not have as many elements as keys
    :raises TypeError: when it was stored with ``DynamicOutput`` among plain values
    """
    if not _is_iterable(value):
        raise ExecutionError(f"Fan-out source is not iterable: '{source}' gave a {type(value).__name__}")
    elements, own = taken_apart(source, in_order(cast("Iterable[Any]", value)))
    names = keys if own is None else own
    if names is None:
        names = [str(position) for position in range(len(elements))]
    elif len(names) != len(elements):
        raise ExecutionError(
            f"the value of '{source}' was stored with {len(names)} keys, but its IO handler loads {len(elements)} "
            f"elements"
        )
    return tuple(zip(names, elements, strict=True))


def _is_iterable(value: Any) -> bool:
    try:
        iter(value)
    except TypeError:
        return False
    return True


class FanOuts:
    """The instances of every map in one run, as far as they are known.

    ``completed`` are the nodes that an earlier execution of the run has done.
    """

    def __init__(self, levels: Sequence[Sequence[Step]], completed: Mapping[str, object]) -> None:
        self._completed = completed
        self._divided: dict[str, list[str]] = {}
        self._ended: dict[str, list[str]] = {}
        self._needed: dict[str, None] = {}
        for level in reversed(levels):
            for step in level:
                if not self.is_done(step):
                    self._needed.update(dict.fromkeys(step.gathers))

    def is_done(self, step: Step) -> bool:
        """Return whether nothing is left to do. A map is divided again when a step gathers its instances."""
        return step.name not in self._needed and all(name in self._completed for name in step.nodes)

    def is_instance_done(self, instance: Step) -> bool:
        """Return whether an earlier execution of the run has made the value of an instance."""
        return instance.name in self._completed

    def nodes_done(self, step: Step) -> list[str]:
        """Return the nodes of a step that is done, with the instances of one that is a map."""
        if step.instance is None:
            return step.nodes
        return [*step.nodes, *(name for name in self._completed if step.name in possible_templates(name))]

    def instances(self, template: Step, elements: Elements) -> list[Step]:
        """Return the step of every element."""
        compiled = template.instance
        if compiled is None:
            raise ExecutionError(f"'{template.name}' is no map")
        made = [
            compiled.with_particulars(
                Particulars(name=instance_name(template.name, key), element=element, partition=template.partition)
            )
            for key, element in elements
        ]
        self._divided[template.name] = [step.name for step in made]
        return made

    def note_ends(self, nodes: Sequence[str]) -> None:
        """Take note that these nodes have ended, in this order."""
        place = {name: position for position, name in enumerate(nodes)}
        for template, names in self._divided.items():
            if template not in self._ended and all(name in place for name in names):
                self._ended[template] = sorted(names, key=place.__getitem__)

    def informed(self, step: Step, keys: Sequence[str] | None = None) -> Step:
        """Return the step with the names of the instances that it gathers, and a map with the keys of its source.

        An input that is a list has its instances in the order of the elements, a stream in the order of their ends.
        """
        instances: dict[str, tuple[str, ...]] = {}
        for given in step.inputs:
            if given.template is not None:
                known = self._ended if given.gathering is Gathering.STREAM else self._divided
                instances[given.parameter] = tuple(known.get(given.template, ()))
        if not instances and keys is None:
            return step
        return step.with_particulars(Particulars(instances, None if keys is None else tuple(keys)))
