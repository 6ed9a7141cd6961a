"""What tests of repositories may ask for."""

from __future__ import annotations

from tests.repositories import build, no_resource_opened_yet, storage

__all__ = ["build", "no_resource_opened_yet", "storage"]
