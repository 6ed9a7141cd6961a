"""How a worker finds a function."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import rivers as rs
from rivers.execution.workers.addresses import FunctionAddress, address_of, module_of


def plain() -> None: ...


@rs.Sensor(job_name="j")
def sensor() -> rs.SkipReason:
    return rs.SkipReason("quiet")


@rs.Asset
def asset() -> int:
    return 1


@pytest.mark.rule("execution 2.5")
def test_a_module_level_function_has_an_address_also_behind_its_decorator() -> None:
    for function in (plain, sensor.evaluation_fn, asset.function):
        assert function is not None
        address = address_of(function)
        assert address is not None
        assert address.load() is function


def test_a_local_function_has_no_address() -> None:
    def local() -> None: ...

    assert address_of(local) is None
    assert address_of(lambda: None) is None


def test_a_function_of_the_program_that_runs_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "__module__", "__main__")
    assert address_of(plain) is None
    assert module_of(plain) is None


def test_a_module_off_the_path_is_loaded_from_its_file(tmp_path: Path) -> None:
    source = tmp_path / "their_repository.py"
    source.write_text("def look():\n    return None\n")
    address = FunctionAddress("their_repository", "look", str(source))
    try:
        assert address.load()() is None
    finally:
        del sys.modules["their_repository"]
    with pytest.raises(ModuleNotFoundError):
        FunctionAddress("their_repository", "look", None).load()


def test_a_module_loaded_by_file_has_an_address_with_that_file(tmp_path: Path) -> None:
    source = tmp_path / "by_file.py"
    source.write_text("def look():\n    return None\n")
    spec = importlib.util.spec_from_file_location("by_file", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["by_file"] = module
    try:
        spec.loader.exec_module(module)
        assert address_of(module.look) == FunctionAddress("by_file", "look", str(source))
    finally:
        del sys.modules["by_file"]
