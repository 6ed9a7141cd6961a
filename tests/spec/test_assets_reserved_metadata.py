"""The keys that mean something to rivers."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

import rivers as rs
from rivers.exceptions import ConfigurationError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering
from tests.spec.recorded import event_of, metadata_of


@pytest.mark.rule("metadata 4.1")
@pytest.mark.parametrize("executor", ["in_process", "parallel"])
def test_an_asset_may_choose_its_executor(build: Build, executor: str) -> None:
    repo = build(rs.Asset(name="a", metadata={"rivers/executor": executor})(lambda: 1))
    assert repo.materialize().success
    assert repo.load_node("a") == 1


@pytest.mark.rule("metadata 4.1")
def test_another_executor_is_refused_when_run_with_the_value_and_the_valid_ones(build: Build) -> None:
    ran: list[int] = []
    repo = build(rs.Asset(name="a", metadata={"rivers/executor": "threads"})(lambda: ran.append(1)))
    with pytest.raises(ConfigurationError, match=r"(?s)threads.*in_process.*parallel"):
        repo.materialize()
    assert ran == []


@rs.Task
def inside() -> int:
    return threading.get_ident()


@pytest.mark.rule("graph-assets 3.2.3", "metadata 4.2")
@pytest.mark.parametrize(
    "metadata",
    [
        {"rivers/node/executor": "in_process"},
        {"rivers/executor": "in_process"},
        {"rivers/node/executor": "parallel", "rivers/executor": "in_process"},
        {"rivers/node/executor": "in_process", "rivers/executor": "parallel"},
    ],
)
def test_a_graph_may_choose_the_executor_of_its_tasks(build: Build, metadata: dict[str, str]) -> None:
    repo = build(rs.Asset.from_graph(lambda: inside(), "g", metadata=metadata), tasks=[inside])
    assert repo.materialize().success


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


@pytest.mark.rule("metadata 4.3")
@pytest.mark.parametrize("wrong", [1, object()])
def test_only_a_schema_may_be_other_than_text_there(wrong: Any) -> None:
    with pytest.raises(TypeError):
        rs.Asset(metadata={"rivers/schema": wrong})
    with pytest.raises(TypeError):
        rs.Asset(metadata={"other": rs.Schema.from_ipc(ONE_COLUMN)})


@pytest.mark.rule("metadata 4.4")
@pytest.mark.parametrize(("text", "priority"), [("7", 7), ("-2", -2), ("high", 0), (None, 0)])
def test_a_tag_tells_the_priority_of_a_run(build: Build, storage: rs.Storage, text: str | None, priority: int) -> None:
    tags = [] if text is None else [("rivers/priority", text)]
    run = storage.get_run(build(rs.Asset(name="a")(lambda: 1)).materialize(tags=tags).run_id)
    assert run is not None
    assert run.priority == priority


@pytest.mark.rule("metadata 4.5")
def test_a_retry_says_which_attempt_why_and_how_long_it_waits(build: Build, storage: rs.Storage) -> None:
    tries: list[int] = []
    policy = rs.RetryPolicy(
        2, backoff=rs.Backoff.fixed([0.001]), escalate=rs.ComputeEscalation(max_memory="8Gi", factor=2.0)
    )

    @rs.Asset(retry=policy, compute=rs.Compute(memory="2Gi"))
    def hungry() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise MemoryError("too much") if len(tries) == 1 else TimeoutError("too long")
        return 1

    run_id = build(hungry).materialize().run_id
    first, second = [dict(e.metadata) for e in storage.get_events_for_run(run_id) if e.event_type == "StepRetry"]
    assert (first["rivers/attempt"], second["rivers/attempt"]) == ("1", "2")
    assert (first["rivers/failure_reason"], second["rivers/failure_reason"]) == ("out_of_memory", "timeout")
    assert (first["rivers/next_delay_ms"], second["rivers/next_delay_ms"]) == ("1", "1")
    assert "4Gi" in first["rivers/next_compute"]
    assert "rivers/next_compute" not in second
    assert all(isinstance(value, str) for value in [*first.values(), *second.values()])


class Missing(FileNotFoundError): ...


@pytest.mark.rule("metadata 4.6")
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
