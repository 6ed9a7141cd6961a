"""The type of ``context.config``: what the annotation of a context is subscripted with, anything when it is bare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import TypeVar

    ConfigT = TypeVar("ConfigT", default=Any)
else:
    from typing import TypeVar

    ConfigT = TypeVar("ConfigT")  # only type checkers use the default, and typing_extensions takes long to import
