"""The keys that mean something to rivers."""

from __future__ import annotations

import json
import threading

import pytest

import rivers as rs
from rivers.exceptions import ConfigurationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import event_of, metadata_of


@rs.Task
def inside() -> int:
    return threading.get_ident()


@pytest.mark.rule("metadata 4.2")
@pytest.mark.parametrize("key", ["rivers/node/executor", "rivers/executor"])
def test_another_executor_for_the_tasks_of_a_graph_is_refused_when_run(build: Build, key: str) -> None:
    repo = build(rs.Asset.from_graph(lambda: inside(), "g", metadata={key: "threads"}), tasks=[inside])
    with pytest.raises(ConfigurationError, match=r"(?s)threads.*in_process.*parallel"):
        repo.materialize()


# A schema message with one nullable int64 column "a", as an Arrow library writes it.
ONE_COLUMN = bytes.fromhex(
    "ffffffff780000001000000000000a000c000600050008000a000000000104000c000000080008000000040008000000040000000100000014"
    "000000100014000800060007000c00000010001000000000000102100000001c0000000400000000000000010000006100000008000c000800"
    "0700080000000000000140000000"
)


@pytest.mark.rule("metadata 4.3")
def test_a_schema_may_stand_in_the_metadata_of_an_asset_and_of_an_output(build: Build, storage: rs.Storage) -> None:
    schema = rs.Schema.from_ipc(ONE_COLUMN)
    handler = Remembering()

    @rs.Asset(metadata={"rivers/schema": schema, "table": "t"}, io_handler=handler)
    def a() -> rs.Output:
        return rs.Output(1, metadata={"rivers/schema": schema})

    assert a.metadata is not None
    run_id = build(a).materialize().run_id
    assert list(metadata_of(event_of(storage, run_id, "Materialization", "a"))["rivers/schema"]) == ["Schema"]
    [context] = handler.outputs
    assert context.asset_metadata is not None
    assert context.asset_metadata["table"] == "t"
    assert rs.Schema(context.asset_metadata["rivers/schema"]) == schema


@pytest.mark.rule("metadata 4.4")
@pytest.mark.parametrize(("text", "priority"), [("7", 7), ("-2", -2), ("high", 0), (None, 0)])
def test_a_tag_tells_the_priority_of_a_run(build: Build, storage: rs.Storage, text: str | None, priority: int) -> None:
    tags = [] if text is None else [("rivers/priority", text)]
    run = storage.get_run(build(rs.Asset(name="a")(lambda: 1)).materialize(tags=tags).run_id)
    assert run is not None
    assert run.priority == priority


class Missing(FileNotFoundError): ...


@pytest.mark.rule("execution 3.1.6", "metadata 4.6")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("boom"), "error"),
        (MemoryError("boom"), "out_of_memory"),
        (TimeoutError("boom"), "timeout"),
        (Missing("boom"), "error"),
        (KeyboardInterrupt("boom"), "cancelled"),
        (SystemExit("boom"), "error"),
    ],
)
def test_a_failure_says_what_why_and_of_which_classes(
    build: Build, storage: rs.Storage, error: BaseException, reason: str
) -> None:
    @rs.Asset
    def a() -> None:
        raise error

    run_id = build(a).materialize(raise_on_error=False).run_id
    failure = dict(event_of(storage, run_id, "StepFailure", "a").metadata)
    assert failure["error"] == f"{type(error).__name__}: boom"
    assert failure["rivers/failure_reason"] == reason
    classes = [each for each in type(error).__mro__ if each is not object]
    lineage = [each for each in json.loads(failure["rivers/exc_type"]) if each != "builtins.object"]
    assert lineage == [f"{each.__module__}.{each.__qualname__}" for each in classes]
