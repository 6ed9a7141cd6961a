"""The override document: both shapes, and what each fault names."""

from __future__ import annotations

from typing import Any

import pytest

from rivers.exceptions import ConfigurationError
from rivers.execution.run_config import RunConfig, read_run_config

NODES = ("events", "orders")


@pytest.mark.rule("resources 2.2.3")
def test_no_document_means_no_overrides() -> None:
    assert read_run_config(None, NODES) == read_run_config({}, NODES) == RunConfig()


@pytest.mark.rule("resources 2.2.1")
def test_the_flat_shape_gives_config_by_node() -> None:
    assert read_run_config({"events": {"limit": 5}}, NODES).config == {"events": {"limit": 5}}


@pytest.mark.rule("resources 2.2.1")
def test_the_sectioned_shape_gives_config_metadata_resources_and_execution() -> None:
    read = read_run_config(
        {
            "assets": {"events": {"config": {"limit": 5}, "metadata": {"delta/mode": "append"}}},
            "resources": {"db": {"url": "other"}},
            "execution": {"executor": "parallel", "max_workers": 2},
        },
        NODES,
    )
    assert read.config == {"events": {"limit": 5}}
    assert read.metadata == {"events": {"delta/mode": "append"}}
    assert read.resources == {"db": {"url": "other"}}
    assert read.execution == {"executor": "parallel", "max_workers": 2}


@pytest.mark.rule("resources 2.2.10")
@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"nope": {}}, "nope.*assets, execution, resources"),
        ({"assets": {}, "nope": {}}, "nope.*assets, execution, resources"),
        ({"assets": {}, "events": {}}, r"config\.assets: a section cannot stand beside"),
        ({"assets": 3}, "config.assets"),
        ({"resources": 3}, "config.resources"),
        ({"assets": []}, "config.assets must be a dict"),
        ({"assets": {"nope": {}}}, "nope"),
        ({"assets": {"events": {"what": 1}}}, r"config\.assets\.events\.what.*config, metadata"),
        ({"execution": {"executor": "other"}}, "in_process, parallel"),
        ({"execution": {"what": 1}}, "what.*executor, max_workers, max_async_concurrent"),
        ({"execution": {"executor": "in_process", "max_workers": 2}}, "parallel"),
        ({"execution": {"max_workers": "two"}}, "max_workers must be a whole number"),
        ({"execution": {"max_async_concurrent": -1}}, "max_async_concurrent must be a whole number"),
        ({"execution": {"max_workers": True}}, "max_workers must be a whole number"),
        ({"events": {"limit": object()}}, "JSON-serializable"),
        ({"events": 3}, r"config\.events must be a dict"),
    ],
)
def test_a_fault_names_its_path_and_what_would_do(document: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        read_run_config(document, NODES)
