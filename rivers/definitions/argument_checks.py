"""Type checks of the arguments that definitions are built from. Each names the parameter at fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from rivers.partitions.reserved import UNSTORABLE


def require_text(parameter: str, value: object) -> None:
    """Raise ``TypeError`` unless ``value`` is a ``str``, ``ValueError`` for one that cannot be stored."""
    require_prose(parameter, value)
    require_storable(parameter, cast("str", value))


def require_prose(parameter: str, value: object) -> None:
    """Raise ``TypeError`` unless ``value`` is a ``str``. The text is for people and may be escaped, so any will do."""
    if not isinstance(value, str):
        raise TypeError(f"{parameter} must be a str, got {type(value).__name__}")


def require_optional_text(parameter: str, value: object) -> None:
    """Raise as ``require_text`` unless ``value`` is ``None``."""
    if value is not None:
        require_text(parameter, value)


def require_number(parameter: str, value: object) -> None:
    """Raise ``TypeError`` unless ``value`` is an ``int`` or ``float``."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{parameter} must be a number, got {type(value).__name__}")


def require_whole_number(parameter: str, value: object) -> None:
    """Raise ``TypeError`` unless ``value`` is an ``int``."""
    if not isinstance(value, int):
        raise TypeError(f"{parameter} must be an int, got {type(value).__name__}")


def text_list(parameter: str, value: object) -> tuple[str, ...]:
    """Return the strings of a list or tuple; ``TypeError`` for anything else, a plain ``str`` included.

    :raises ValueError: when one of them cannot be stored
    """
    texts = tuple(cast("str", item) for item in instance_list(parameter, value, str))
    for text in texts:
        require_storable(parameter, text)
    return texts


def instance_list(parameter: str, value: object, kind: type) -> tuple[object, ...]:
    """Return the items of a list or tuple of ``kind``; ``TypeError`` naming the parameter for anything else."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise TypeError(f"{parameter} must be a list of {kind.__name__}, got {type(value).__name__}")
    items = tuple(cast("Sequence[object]", value))
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"{parameter} must hold only {kind.__name__}, got {type(item).__name__}")
    return items


def name_list(parameter: str, value: object) -> list[str] | None:
    """Return the names in any iterable but a ``str``, ``None`` for ``None``; ``TypeError`` for anything else."""
    if value is None:
        return None
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"{parameter} must be a list of names, got {type(value).__name__}")
    names = list(cast("Iterable[object]", value))
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{parameter} must hold names, which are str, got {type(name).__name__}")
    return cast("list[str]", names)


def require_text_mapping(parameter: str, value: object) -> None:
    """Raise ``TypeError`` unless ``value`` is ``None`` or a dict of ``str`` to ``str``, ``ValueError`` for text in it
    that cannot be stored."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise TypeError(f"{parameter} must be a dict[str, str], got {type(value).__name__}")
    for key, item in cast("Mapping[object, object]", value).items():
        if not isinstance(key, str):
            raise TypeError(f"{parameter} keys must be str, got {type(key).__name__}")
        if not isinstance(item, str):
            raise TypeError(f"{parameter} values must be str, got {type(item).__name__} for {key!r}")
        require_storable(parameter, key)
        require_storable(parameter, item)


def is_rivers_kind(value: object, class_name: str) -> bool:
    """Return whether ``value`` is an instance of the class of that name which rivers defines above this package.

    Definitions accept an IO handler or a condition without knowing its class. To import the class here would turn the
    direction of imports round, or load pydantic with the first asset.
    """
    return any(
        base.__name__ == class_name and base.__module__.partition(".")[0] == "rivers" for base in type(value).__mro__
    )


_SHOWN_MAX: Final = 60


def require_storable(parameter: str, text: str) -> None:
    """Raise ``ValueError``, naming the parameter, when ``text`` cannot be stored."""
    found = UNSTORABLE.search(text)
    if found is None:
        return
    what = "a NUL character" if found[0] == "\x00" else "half of a surrogate pair, as in a file name that is not UTF-8"
    shown = ascii(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}...")
    raise ValueError(f"{parameter} holds {what}, which cannot be stored; escape it, for example with ascii(): {shown}")


def storable(text: str) -> str:
    """Return ``text`` with every character that cannot be stored escaped as in a Python literal."""
    return UNSTORABLE.sub(lambda found: ascii(found[0])[1:-1], text)
