"""Identities and random numbers, from content or from an injected source.

No other module outside ``rivers.clock`` may draw on randomness of the system.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable
from hashlib import blake2b
from typing import Protocol

__all__ = [
    "IdPart",
    "IdSource",
    "RandomIds",
    "SeededIds",
    "content_id",
    "random_for",
    "run_id_for_key",
    "run_id_for_position",
    "tick_id",
]

IdPart = str | int | bytes | tuple["IdPart", ...] | None


class IdSource(Protocol):
    """The source of identities for what a person asks for; everything else is identified by its content."""

    def new_id(self) -> str:
        """Return an identity that this source has not given before, as UUID4 text. Thread-safe."""
        ...


class RandomIds:
    """Identities from the system's randomness: the source of production."""

    def __init__(self, *, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._entropy = entropy

    def new_id(self) -> str:
        return _as_uuid4(self._entropy(16).hex())


class SeededIds:
    """The same identities in the same order for the same seed: the source of simulations."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self._count = itertools.count()  # next() on it is atomic, so threads may share the source

    def new_id(self) -> str:
        return content_id("seeded", self._seed, next(self._count))


def content_id(*parts: IdPart) -> str:
    """Return 122 bits of BLAKE2b over the parts, written as a UUID with the version and variant bits of UUID4.

    Parts are compared by type and value: ``1``, ``"1"``, ``True`` and ``("1",)`` all differ.

    :raises TypeError: for a part that is none of str, int, bool, bytes, None or a tuple of those
    """
    return _as_uuid4(blake2b(_encoded(parts), digest_size=16).hexdigest())


def tick_id(kind: str, name: str, origin: str, when: int | str) -> str:
    """Return the identity of a tick.

    ``origin`` is ``cron``, ``poll``, ``condition`` or ``manual:<request id>``; ``when`` is the scheduled time or the
    sequence number.
    """
    return content_id("tick", kind, name, origin, when)


def run_id_for_key(kind: str, name: str, run_key: str) -> str:
    """Return the identity of the one run that ``run_key`` stands for within its trigger."""
    return content_id("run-of-key", kind, name, run_key)


def run_id_for_position(tick_id: str, position: int) -> str:
    """Return the identity of the run at ``position`` (from 0) among the requests of a tick that have no ``run_key``."""
    return content_id("run-of-tick", tick_id, position)


def random_for(*parts: IdPart) -> random.Random:
    """Return a generator seeded by content, for draws such as jitter: equal parts give equal draws on every machine."""
    return random.Random(int.from_bytes(blake2b(_encoded(parts), digest_size=16).digest()))


def _as_uuid4(digest: str) -> str:
    # uuid.UUID costs several times the hash itself, and identities are made on hot paths.
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:]}"


def _encoded(part: IdPart) -> bytes:
    # Every part says its type and length, so that no two lists of parts run together into the same bytes.
    if isinstance(part, str):
        body = part.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(body), body)
    if part is None:
        return b"n"
    if isinstance(part, bool):
        return b"t" if part else b"f"
    if isinstance(part, int):
        return b"i%d;" % part
    if isinstance(part, bytes):
        return b"b%d:%b" % (len(part), part)
    if isinstance(part, tuple):  # pyright: ignore[reportUnnecessaryIsInstance]
        return b"(%d:%b" % (len(part), b"".join(map(_encoded, part)))
    raise TypeError(f"an identity is made of str, int, bool, bytes, None or tuples of those, got {type(part).__name__}")
