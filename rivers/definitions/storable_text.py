"""Which text can be stored: all of Unicode but the NUL character and halves of surrogate pairs.

Names, keys and cursors that hold one are refused where they are given, since changed they would mean something else.
Messages, tracebacks and printed text are stored with an escape in its place.
"""

from __future__ import annotations

import re
from typing import Final

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_SHOWN_MAX: Final = 60


def require_storable(parameter: str, text: str) -> None:
    """Raise ``ValueError``, naming the parameter, when ``text`` cannot be stored."""
    found = _UNSTORABLE.search(text)
    if found is None:
        return
    what = "a NUL character" if found[0] == "\x00" else "half of a surrogate pair, as in a file name that is not UTF-8"
    shown = ascii(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}...")
    raise ValueError(f"{parameter} holds {what}, which cannot be stored; escape it, for example with ascii(): {shown}")


def storable(text: str) -> str:
    """``text`` with every character that cannot be stored escaped as in a Python literal."""
    return _UNSTORABLE.sub(lambda found: ascii(found[0])[1:-1], text)
