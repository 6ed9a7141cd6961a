"""How far a test searches: a few fixed cases in ``make test``, many drawn ones in ``make soak``."""

from __future__ import annotations

import os
from typing import Final

SOAK: Final = os.environ.get("RIVERS_SOAK", "") not in ("", "0")
"""Whether ``RIVERS_SOAK=1`` asks for the long search. Seeds and repetitions of a search depend on it."""
EXAMPLES: Final = 1000 if SOAK else 40
"""How many examples hypothesis draws for each property; ``make test`` draws the same ones every time."""
