"""An order in which every upstream comes first, by levels; or the cycle that forbids one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rivers.exceptions import GraphValidationError


def order_by_level(upstreams: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The names of ``upstreams``, level by level, in their given order within a level.

    Every upstream must itself be a key, and listed once. Linear in the number of names and edges.

    :raises GraphValidationError: for a cycle, with its path in the direction of the data and the first name repeated
    """
    downstreams: dict[str, list[str]] = {name: [] for name in upstreams}
    for name, above in upstreams.items():
        for upstream in above:
            downstreams[upstream].append(name)
    waiting = {name: len(above) for name, above in upstreams.items()}
    position = {name: index for index, name in enumerate(upstreams)}
    order: list[str] = []
    level = [name for name, count in waiting.items() if not count]
    while level:
        order.extend(level)
        following: list[str] = []
        for name in level:
            for downstream in downstreams[name]:
                waiting[downstream] -= 1
                if not waiting[downstream]:
                    following.append(downstream)
        level = sorted(following, key=position.__getitem__)
    if len(order) < len(upstreams):
        stuck = {name: above for name, above in upstreams.items() if waiting[name]}
        raise GraphValidationError(f"dependency cycle: {' -> '.join(_cycle(stuck))}")
    return tuple(order)


def _cycle(stuck: Mapping[str, Sequence[str]]) -> list[str]:
    """A closed path among names that each have at least one upstream among them."""
    path: dict[str, None] = {}
    name = next(iter(stuck))
    while name not in path:
        path[name] = None
        name = next(upstream for upstream in stuck[name] if upstream in stuck)
    walk = list(path)
    closed = [*walk[walk.index(name) :], name]
    return closed[::-1]
