"""What a single asset may return, and what is recorded about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering, Saying
from tests.spec.recorded import event_of, failures_of, metadata_of, types_of


@pytest.mark.rule("assets 4.1")
@pytest.mark.parametrize("value", [3, "text", [1], {"a": 1}, None, (), False])
def test_a_plain_value_is_stored_and_recorded(build: Build, storage: rs.Storage, value: Any) -> None:
    handler = Remembering()
    run_id = build(rs.Asset(name="a", io_handler=handler)(lambda: value)).materialize().run_id
    assert handler.values == {"a": value}
    assert types_of(storage, run_id, "a") == ["StepStart", "Materialization", "StepSuccess"]


@pytest.mark.rule("assets 4.2")
def test_an_output_is_unwrapped_and_what_it_says_is_recorded(build: Build, storage: rs.Storage) -> None:
    handler = Remembering()

    @rs.Asset(io_handler=handler)
    def a() -> int:
        return rs.Output(3, output_name="ignored", metadata={"rows": 3}, data_version="v3", tags={"k": "v"})

    run_id = build(a).materialize().run_id
    assert handler.values == {"a": 3}
    recorded = event_of(storage, run_id, "Materialization", "a")
    assert metadata_of(recorded) == {"rows": {"Int": {"value": 3}}}
    assert recorded.data_version == "v3"


@pytest.mark.rule("assets 4.3")
def test_a_materialization_is_recorded_and_never_stored(build: Build, storage: rs.Storage) -> None:
    handler = Remembering()

    @rs.Asset(io_handler=handler)
    def a() -> rs.Materialization:
        return rs.Materialization(metadata={"rows": 3}, data_version="v1", tags={"k": "v"}, output_name="ignored")

    @rs.Asset
    def down(a: Any) -> Any:
        return a

    repo = build(a, down)
    result = repo.materialize(raise_on_error=False)
    assert (handler.outputs, handler.values) == ([], {})
    recorded = event_of(storage, result.run_id, "Materialization", "a")
    assert metadata_of(recorded) == {"rows": {"Int": {"value": 3}}}
    assert recorded.data_version == "v1"
    assert failures_of(result) == {"down": "KeyError: 'a'"}
    with pytest.raises(KeyError):
        repo.load_node("a")


@pytest.mark.rule("assets 4.5")
def test_a_generator_is_the_value_and_is_not_iterated(build: Build) -> None:
    ran: list[int] = []

    @rs.Asset
    def a() -> Iterator[int]:
        ran.append(1)
        yield 1

    repo = build(a)
    repo.materialize()
    assert ran == []
    assert list(repo.load_node("a")) == [1]


@pytest.mark.rule("assets 4.6")
def test_constructors_mirror_their_keywords_and_leave_the_rest_none() -> None:
    metadata = {"a": object()}
    output = rs.Output(1, output_name="o", metadata=metadata, data_version="v", tags={"k": "v"})
    assert (output.value, output.output_name, output.data_version, output.tags) == (1, "o", "v", {"k": "v"})
    assert output.metadata is metadata
    assert rs.Output(value=2).value == 2
    observation = rs.Observation(output_name="o", metadata=metadata, data_version="v")
    assert (observation.output_name, observation.metadata, observation.data_version) == ("o", metadata, "v")
    made = rs.Materialization(output_name="o", metadata=metadata, data_version="v", tags={"k": "v"})
    assert (made.output_name, made.metadata, made.data_version, made.tags) == ("o", metadata, "v", {"k": "v"})
    empty = (rs.Output(), rs.Observation(), rs.Materialization())
    assert [(each.output_name, each.metadata, each.data_version) for each in empty] == [(None, None, None)] * 3
    assert (rs.Output().value, rs.Output().tags, rs.Materialization().tags) == (None, None, None)


@pytest.mark.rule("assets 4.9", "assets 4.10")
def test_metadata_nearer_to_the_data_win_key_by_key(build: Build, storage: rs.Storage) -> None:
    handler = Saying(said={"all": "handler", "own": "handler", "output and handler": "handler"})

    @rs.Asset(io_handler=handler)
    def a(context: rs.AssetExecutionContext) -> rs.Output:
        context.add_output_metadata({"all": "context", "context and output": "context", "context": "context"})
        return rs.Output(1, metadata={"all": "output", "context and output": "output", "output and handler": "output"})

    run_id = build(a).materialize().run_id
    recorded = metadata_of(event_of(storage, run_id, "Materialization", "a"))
    assert {key: value["Text"]["value"] for key, value in recorded.items()} == {
        "all": "handler",
        "context": "context",
        "context and output": "output",
        "output and handler": "handler",
        "own": "handler",
    }
    [seen] = handler.told
    assert seen is not None
    assert set(seen) == {"all", "context", "context and output", "output and handler"}
    assert seen["all"] in ("output", rs.MetadataValue.text("output"))


@pytest.mark.rule("assets 4.9", "assets 4.11")
@pytest.mark.parametrize("kind", [rs.Materialization, rs.Observation])
def test_what_is_returned_wins_over_the_context_where_no_handler_speaks(
    build: Build, storage: rs.Storage, kind: Any
) -> None:
    @rs.Asset
    def a(context: rs.AssetExecutionContext) -> Any:
        context.add_output_metadata({"both": 1, "context": 1})
        context.register_data_version("context")
        return kind(metadata={"both": 2})

    run_id = build(a).materialize().run_id
    recorded = event_of(storage, run_id, kind.__name__, "a")
    assert metadata_of(recorded) == {"both": {"Int": {"value": 2}}, "context": {"Int": {"value": 1}}}
    assert recorded.data_version == "context"


@pytest.mark.rule("assets 4.10")
def test_without_any_metadata_the_handler_sees_none(build: Build) -> None:
    handler = Saying()
    build(rs.Asset(name="a", io_handler=handler)(lambda: 1)).materialize()
    assert handler.told == [None]


@pytest.mark.rule("assets 4.11")
@pytest.mark.parametrize(
    ("context_says", "output_says", "handler_says", "recorded"),
    [
        ("c", None, None, "c"),
        ("c", "o", None, "o"),
        ("c", "o", "h", "h"),
        (None, "o", None, "o"),
        ("c", None, "h", "h"),
        (None, None, "h", "h"),
    ],
)
def test_the_data_version_nearest_to_the_data_wins(
    build: Build,
    storage: rs.Storage,
    context_says: str | None,
    output_says: str | None,
    handler_says: str | None,
    recorded: str,
) -> None:
    @rs.Asset(io_handler=Saying(version=handler_says))
    def a(context: rs.AssetExecutionContext) -> rs.Output:
        if context_says is not None:
            context.register_data_version(context_says)
        return rs.Output(1, data_version=output_says)

    run_id = build(a).materialize().run_id
    assert event_of(storage, run_id, "Materialization", "a").data_version == recorded
