"""What a mapping leads to: some partitions, the whole of an asset, or nothing at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from rivers.partitions.keys import PartitionKey


@dataclass(frozen=True)
class TheseKeys:
    """These partitions, in this order, each once.

    Every key is concrete, but for that of ``specific_partitions``, whose handler is given all values in one key.
    """

    keys: tuple[PartitionKey, ...]


@dataclass(frozen=True)
class Whole:
    """The asset as a whole: its handler is given no partition."""


@dataclass(frozen=True)
class Nothing:
    """No partition. As an input the parameter is ``None``, and no handler is called."""


Mapped: TypeAlias = TheseKeys | Whole | Nothing
