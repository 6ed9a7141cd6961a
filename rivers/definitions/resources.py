"""The base of the objects that a repository hands to functions by name. The one definition that loads pydantic."""

from __future__ import annotations

from pydantic_settings import BaseSettings


class Resource(BaseSettings):
    """A pydantic-settings model whose fields come from arguments, else the environment, else defaults."""

    def setup(self) -> None:
        """Called once when the repository resolves, in order of registration."""

    def teardown(self) -> None:
        """Called when the repository shuts down, in order of registration."""
