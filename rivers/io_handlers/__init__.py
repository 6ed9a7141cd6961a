"""Where the values of assets live between steps: the base class and the handlers that come with rivers."""

from __future__ import annotations

from rivers.io_handlers.base import BaseIOHandler
from rivers.io_handlers.memory import InMemoryIOHandler
from rivers.io_handlers.pickled import PickleIOHandler

__all__ = ["BaseIOHandler", "InMemoryIOHandler", "PickleIOHandler"]
