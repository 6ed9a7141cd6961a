"""The base of the objects that a repository hands to functions by name. No other definition loads pydantic."""

from __future__ import annotations

from pydantic_settings import BaseSettings


class Resource(BaseSettings):
    """A pydantic-settings model whose fields come from arguments, else the environment, else defaults."""

    def setup(self) -> None:
        """Prepare the resource. Called once when the repository resolves, in order of registration."""

    def teardown(self) -> None:
        """Release the resource. Called when the repository shuts down, in order of registration."""
