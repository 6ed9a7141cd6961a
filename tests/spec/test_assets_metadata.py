"""Metadata wherever they are said: by contexts, results and handlers."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Saying
from tests.spec.recorded import event_of, metadata_of


class ArrowLike:
    """An object of another library that exports a schema of one column "a"."""

    def __arrow_c_schema__(self) -> object:
        return rs.Schema.from_ipc(ONE_COLUMN).__arrow_c_schema__()


# A schema message with one nullable int64 column "a", as an Arrow library writes it.
ONE_COLUMN = bytes.fromhex(
    "ffffffff780000001000000000000a000c000600050008000a000000000104000c000000080008000000040008000000040000000100000014"
    "000000100014000800060007000c00000010001000000000000102100000001c0000000400000000000000010000006100000008000c000800"
    "0700080000000000000140000000"
)
SAID: dict[str, Any] = {"text": "x", "flag": True, "rows": 3, "share": 1.5, "nothing": None, "columns": ArrowLike()}
STORED = {
    "text": {"Text": {"value": "x"}},
    "flag": {"Bool": {"value": True}},
    "rows": {"Int": {"value": 3}},
    "share": {"Float": {"value": 1.5}},
    "nothing": "Null",
}


def ways_to_say(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return an asset for each place that metadata can come from."""

    @rs.Asset(name="a")
    def by_context(context: rs.AssetExecutionContext) -> rs.Materialization:
        context.add_output_metadata(metadata)
        return rs.Materialization()

    return {
        "context": by_context,
        "Output": rs.Asset(name="a", io_handler=Saying())(lambda: rs.Output(1, metadata=metadata)),
        "Observation": rs.Asset(name="a")(lambda: rs.Observation(metadata=metadata)),
        "Materialization": rs.Asset(name="a")(lambda: rs.Materialization(metadata=metadata)),
        "OutputContext": rs.Asset(name="a", io_handler=Saying(said=metadata))(lambda: 1),
    }


every_way = pytest.mark.parametrize("way", ["context", "Output", "Observation", "Materialization", "OutputContext"])


@pytest.mark.rule("metadata 2.1", "metadata 2.2", "metadata 2.5")
@every_way
def test_plain_values_are_coerced_wherever_they_are_said_and_stored_as_tagged_json(
    build: Build, storage: rs.Storage, way: str
) -> None:
    run_id = build(ways_to_say(SAID)[way]).materialize().run_id
    event = event_of(storage, run_id, "Observation" if way == "Observation" else "Materialization", "a")
    stored = metadata_of(event)
    assert list(stored.pop("columns")) == ["Schema"]
    assert stored == STORED


@pytest.mark.rule("metadata 2.3", "assets 4.8")
@every_way
def test_anything_else_fails_the_step_with_the_name_of_its_type(build: Build, way: str) -> None:
    repo = build(ways_to_say({"k": [1]})[way])
    with pytest.raises(TypeError, match="Cannot coerce list to MetadataValue"):
        repo.materialize()
