"""What handlers get of partitions, and where they keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from obstore.store import LocalStore

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.partitioned import DAYS, GRID, LETTERS, Shelves, keys_given, many, one

M = rs.PartitionMapping


def made(definition: Any, handler: Any) -> rs.SingleAsset:
    """Return an asset that ``handler`` stores."""
    return rs.Asset(lambda: "value", name="made", partitions_def=definition, io_handler=handler)


@pytest.mark.rule("partitions 5.4.1", "partitions 5.4.2")
def test_a_handler_gets_keys_and_definition_of_the_side_that_it_serves(build: Build) -> None:
    shelves = Shelves()
    numbers = rs.PartitionsDefinition.static_(["1", "2"])
    edge = rs.AssetDef.input("made", partition_mapping=M.static_({"1": "b", "2": "c"}))
    after = rs.Asset(lambda made: made, name="after", partitions_def=numbers, io_handler=shelves, deps=[edge])
    repo = build(made(LETTERS, shelves), after)
    repo.materialize(["made"], one("b"))
    repo.materialize(["after"], one("1"))
    written = [(keys_given(context), context.partition.definition) for context in shelves.outputs]
    assert written == [(["b"], LETTERS), (["1"], numbers)]
    assert [(keys_given(context), context.partition.definition) for context in shelves.inputs] == [(["b"], LETTERS)]


@pytest.mark.rule("partitions 5.1.5", "partitions 5.4.3")
def test_the_unpartitioned_side_gets_no_partition(build: Build) -> None:
    shelves = Shelves()
    after = rs.Asset(lambda made: made, name="after", partitions_def=LETTERS, io_handler=shelves)
    back = rs.AssetDef.input("after", partition_mapping=M.specific_partitions([one("a")]))
    last = rs.Asset(lambda after: after, name="last", io_handler=shelves, deps=[back])
    repo = build(made(None, shelves), after, last)
    repo.materialize(["made"])
    repo.materialize(["after"], one("a"))
    repo.materialize(["last"])
    assert [keys_given(context) for context in shelves.outputs] == [None, ["a"], None]
    assert [keys_given(context) for context in shelves.inputs] == [None, ["a"]]


@pytest.mark.rule("resources 3.2.3")
@pytest.mark.parametrize(
    ("definition", "key", "path"),
    [
        (LETTERS, one("a"), "made/a"),
        (GRID, many({"r": "x", "d": "1"}), "made/d=1/r=x"),
    ],
    ids=str,
)
def test_the_memory_handler_names_what_it_does_not_hold_by_its_key(
    build: Build, definition: Any, key: Any, path: str
) -> None:
    repo = build(made(definition, rs.InMemoryIOHandler()))
    with pytest.raises(KeyError) as caught:
        repo.load_node("made", partition_key=key)
    assert str(caught.value.args[0]) == path
    repo.materialize(partition_key=key)
    assert repo.load_node("made", partition_key=key) == "value"


@pytest.mark.rule("resources 3.3.2")
@pytest.mark.parametrize(
    ("definition", "key", "path"),
    [
        (LETTERS, one("a"), "store/made/a/data.pkl"),
        (GRID, many({"r": "x", "d": "1"}), "store/made/d=1/r=x/data.pkl"),
    ],
    ids=str,
)
def test_the_pickle_handler_has_a_file_for_every_partition(
    build: Build, tmp_path: Path, definition: Any, key: Any, path: str
) -> None:
    repo = build(made(definition, rs.PickleIOHandler(store=LocalStore(tmp_path), prefix="store")))
    with pytest.raises(FileNotFoundError, match="made"):
        repo.load_node("made", partition_key=key)
    repo.materialize(partition_key=key)
    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.pkl")] == [path]
    assert repo.load_node("made", partition_key=key) == "value"


@pytest.mark.rule("partitions 5.4.4")
@pytest.mark.parametrize("kind", ["memory", "pickle"])
def test_the_handlers_of_the_library_load_the_first_of_several_keys(build: Build, tmp_path: Path, kind: str) -> None:
    handler = rs.InMemoryIOHandler() if kind == "memory" else rs.PickleIOHandler(store=LocalStore(tmp_path))

    @rs.Asset(partitions_def=GRID, io_handler=handler)
    def cell(context: rs.AssetExecutionContext) -> str:
        return str(context.partition.key)

    edge = rs.AssetDef.input("cell", partition_mapping=M.multi_to_single("d"))
    row = rs.Asset(lambda cell: cell, name="row", partitions_def=rs.PartitionsDefinition.static_(["1"]), deps=[edge])
    repo = build(cell, row)
    for r in "xy":
        repo.materialize(["cell"], many({"d": "1", "r": r}))
    run_id = repo.materialize(["row"], one("1")).run_id
    assert repo.load_node("row", partition_key=one("1")) == "d=1|r=x"
    [log] = repo.storage.get_run_logs(run_id)
    assert log.logs == (
        f"WARNING the input 'cell' is 2 partitions, and {type(handler).__name__} loads the first alone, 'd=1|r=x': "
        "give the input an io_handler that makes one value of context.partition.keys\n"
    )


@pytest.mark.rule("partitions 5.4.5")
@pytest.mark.parametrize("kind", ["memory", "pickle"])
def test_the_handlers_of_the_library_keep_no_key_of_several_values_and_say_so(
    build: Build, tmp_path: Path, kind: str
) -> None:
    handler = rs.InMemoryIOHandler() if kind == "memory" else rs.PickleIOHandler(store=LocalStore(tmp_path))
    edge = rs.AssetDef.input("made", partition_mapping=M.specific_partitions(["a", "b"]))
    repo = build(made(LETTERS, handler), rs.Asset(lambda made: made, name="after", deps=[edge]))
    for letter in "ab":
        repo.materialize(["made"], one(letter))
    with pytest.raises((KeyError, FileNotFoundError)) as raised:
        repo.materialize(["after"])
    [note] = raised.value.__notes__
    assert note.startswith(
        "while step 'after' loads its input 'made', partition PartitionKey([\"a\", \"b\"]), through "
    )
    assert note.endswith("give the input an io_handler that makes one value of them")


@pytest.mark.rule("partitions 5.4.6")
@pytest.mark.parametrize("kind", ["memory", "pickle"])
def test_a_partition_that_the_run_is_not_for_has_to_be_made_before(build: Build, tmp_path: Path, kind: str) -> None:
    handler = rs.InMemoryIOHandler() if kind == "memory" else rs.PickleIOHandler(store=LocalStore(tmp_path))
    edge = rs.AssetDef.input("made", partition_mapping=M.time_window(-1))
    repo = build(made(DAYS, handler), rs.Asset(lambda made: made, name="after", partitions_def=DAYS, deps=[edge]))
    with pytest.raises((KeyError, FileNotFoundError)) as raised:
        repo.materialize(["after"], one("2024-01-02"), include_upstream=True)
    here = ", in this process" if kind == "memory" else ""
    assert raised.value.__notes__ == [
        "while step 'after' loads its input 'made', partition PartitionKey(\"2024-01-01\"), through "
        f"{type(handler).__name__}; this run is not for that partition: materialize 'made' for it first{here}"
    ]


@pytest.mark.rule("partitions 5.4.4")
def test_a_batch_that_reads_what_a_batch_made_is_not_warned(build: Build) -> None:
    after = rs.Asset(lambda made: made, name="after", partitions_def=GRID)
    repo = build(made(GRID, rs.InMemoryIOHandler()), after)
    run_id = repo.materialize(partition_key=many({"d": ["1", "2"], "r": "x"})).run_id
    assert repo.storage.get_run_logs(run_id) == []


@pytest.mark.rule("partitions 5.4.5")
@pytest.mark.parametrize("kind", ["memory", "pickle"])
def test_the_handlers_of_the_library_keep_no_whole_and_say_so(build: Build, tmp_path: Path, kind: str) -> None:
    handler = rs.InMemoryIOHandler() if kind == "memory" else rs.PickleIOHandler(store=LocalStore(tmp_path))
    edge = rs.AssetDef.input("made", partition_mapping=M.all_partitions())
    repo = build(made(LETTERS, handler), rs.Asset(lambda made: made, name="after", deps=[edge]))
    repo.materialize(["made"], one("a"))
    for load, who in [(lambda: repo.materialize(["after"]), "step 'after'"), (lambda: repo.load_node("made"), "load_")]:
        with pytest.raises((KeyError, FileNotFoundError)) as raised:
            load()
        assert who in raised.value.__notes__[0]
        assert "'made' as a whole through" in raised.value.__notes__[0]


@pytest.mark.rule("partitions 5.4.2")
def test_the_handler_of_an_input_gets_the_mapped_keys(build: Build) -> None:
    own, other = Shelves(), Shelves()
    edge = rs.AssetDef.input("made", partition_mapping=M.time_window(-1), io_handler=other, metadata={"of": "input"})
    after = rs.Asset(lambda made: made, name="after", partitions_def=DAYS, deps=[edge])
    repo = build(made(DAYS, own), after)
    other.handle_output(rs.OutputContext("made", None, rs.PartitionContext([one("2024-01-01")], DAYS)), "other")
    repo.materialize(["after"], one("2024-01-02"))
    assert repo.load_node("after", partition_key=one("2024-01-02")) == "other"
    assert [(keys_given(context), context.asset_metadata) for context in other.inputs] == [
        (["2024-01-01"], {"of": "input"})
    ]
    assert own.inputs == []
