"""The class that every IO handler derives from.

A handler is a pydantic-settings model, so that its fields come from arguments, the environment or defaults, and an
abstract class, so that one that cannot both store and load is refused when it is made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

from rivers.definitions.values.output_report import OutputContext
from rivers.records import InputContext


class BaseIOHandler(BaseSettings, ABC):
    """Stores the value of an asset and loads it again. A handler of your own derives from it and has both methods.

    One instance serves all steps of a repository, from several threads at once. A step in a worker process has a copy.
    """

    model_config = SettingsConfigDict(arbitrary_types_allowed=True)

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Store ``obj`` as the value of ``context.asset_name``. An exception fails the step and is not retried."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Return the value of ``context.asset_name`` for ``context.downstream_asset``; raise when none is stored."""
