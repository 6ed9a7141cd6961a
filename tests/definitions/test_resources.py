"""The base of the objects that a repository hands out by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rivers.definitions.resources import Resource


class Database(Resource):
    url: str = "default"


@pytest.mark.rule("resources 1.2")
def test_fields_come_from_arguments_then_the_environment_then_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Database().url == "default"
    monkeypatch.setenv("URL", "from the environment")
    assert Database().url == "from the environment"
    assert Database(url="given").url == "given"


@pytest.mark.rule("resources 1.1")
def test_setup_and_teardown_do_nothing_by_default() -> None:
    Database().setup()
    Database().teardown()


def test_no_other_definition_loads_a_heavy_package() -> None:
    code = """
import importlib, pathlib, sys
import rivers, rivers.definitions, rivers.graph
for package in (rivers.definitions, rivers.graph):
    for path in sorted(pathlib.Path(package.__file__).parent.glob("*.py")):
        if path.stem not in ("__init__", "resources"):  # resources stands on pydantic
            importlib.import_module(f"{package.__name__}.{path.stem}")
print([name for name in ("pydantic", "croniter", "anyio", "surrealdb", "loky") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
