"""The meaning of every name of a repository, and the order in which the names were registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from rivers.definitions.assets.asset_base import BaseAsset
from rivers.definitions.assets.multi_assets import MultiAsset
from rivers.definitions.assets.task_base import BaseTask
from rivers.exceptions import AssetDefinitionError, TaskDefinitionError


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """The assets by name, a multi-asset once for each output, and the registered tasks.

    A task is ``hidden`` by an asset of its name: then it can be used inside of graph assets only.
    """

    assets: Mapping[str, BaseAsset]
    tasks: Mapping[str, BaseTask]
    hidden: Mapping[str, BaseTask]

    def __contains__(self, name: object) -> bool:
        return name in self.assets or name in self.tasks

    def __iter__(self) -> Iterator[str]:
        return chain(self.assets, self.tasks)


def collect_names(assets: Iterable[BaseAsset], tasks: Iterable[BaseTask]) -> Names:
    """Return every name in order of registration. The same object twice counts once.

    :raises AssetDefinitionError: when two assets, or two outputs, have one name
    :raises TaskDefinitionError: when two tasks have one name, or a task has none
    """
    by_name: dict[str, BaseAsset] = {}
    for asset in dict.fromkeys(assets):
        for name in asset.output_names if isinstance(asset, MultiAsset) else (asset.name,):
            other = by_name.setdefault(name, asset)
            if other is not asset:
                raise AssetDefinitionError(f"two different assets are called '{name}'", name=name)
        if isinstance(asset, MultiAsset):
            _refuse_repeated_outputs(asset)
    registered: dict[str, BaseTask] = {}
    for task in tasks:
        if task.name is None:
            raise TaskDefinitionError("a registered task has no name: it is not applied to a function yet")
        if registered.setdefault(task.name, task) is not task:
            raise TaskDefinitionError(f"two different tasks are called '{task.name}'", name=task.name)
    return Names(
        by_name,
        {name: task for name, task in registered.items() if name not in by_name},
        {name: task for name, task in registered.items() if name in by_name},
    )


def _refuse_repeated_outputs(asset: MultiAsset) -> None:
    seen: dict[str, None] = {}
    for name in asset.output_names:
        if name in seen:
            raise AssetDefinitionError(
                f"multi-asset '{asset.name}' has two outputs called '{name}'", name=asset.name, value=name
            )
        seen[name] = None
