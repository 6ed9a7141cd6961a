"""What the base class refuses, and where the fields of a handler come from."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.definitions.values.output_report import OutputContext
from rivers.io_handlers import BaseIOHandler
from rivers.records import InputContext


@pytest.mark.rule("resources 3.1.1")
def test_the_base_class_and_a_half_written_handler_cannot_be_made() -> None:
    class OnlyStores(BaseIOHandler):
        def handle_output(self, context: OutputContext, obj: Any) -> None: ...

    with pytest.raises(TypeError):
        BaseIOHandler()
    with pytest.raises(TypeError, match="load_input"):
        OnlyStores()


@pytest.mark.rule("resources 3.1.1")
def test_the_fields_of_a_handler_come_from_arguments_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    class Folder(BaseIOHandler):
        lake_url: str = "default"

        def handle_output(self, context: OutputContext, obj: Any) -> None: ...

        def load_input(self, context: InputContext) -> Any: ...

    assert Folder().lake_url == "default"
    monkeypatch.setenv("LAKE_URL", "from the environment")
    assert Folder().lake_url == "from the environment"
    assert Folder(lake_url="given").lake_url == "given"
