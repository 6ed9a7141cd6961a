"""Resources, their fields, their life, and who gets them."""

from __future__ import annotations

from typing import Any

import pytest

import rivers as rs
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering

events: list[str] = []


@pytest.fixture(autouse=True)
def nothing_happened_yet() -> None:
    events.clear()


class Db(rs.Resource):
    """A resource that notes its setup and its teardown."""

    url: str = "default"
    size: int = 1

    def setup(self) -> None:
        events.append(f"setup {self.url}")
        if self.size < 0:
            raise OSError("no database")

    def teardown(self) -> None:
        events.append(f"teardown {self.url}")


@rs.Asset
def raw() -> int:
    return 1


@pytest.mark.rule("resources 1.3")
def test_setup_is_called_once_in_order_when_resolving_and_never_before(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([raw], resources={"b": Db(url="b"), "a": Db(url="a")})
    repo.validate()
    assert events == []
    repo.resolve(storage)
    repo.resolve(storage)
    repo.materialize()
    assert events == ["setup b", "setup a"]
    repo.shutdown()


@pytest.mark.rule("resources 1.4")
def test_an_exception_in_setup_comes_through_and_nothing_after_it_is_set_up(storage: rs.Storage) -> None:
    resources = {"a": Db(url="a"), "bad": Db(url="bad", size=-1), "c": Db(url="c")}
    repo = rs.CodeRepository([raw], resources=resources)
    with pytest.raises(OSError, match="no database"):
        repo.resolve(storage)
    assert [event for event in events if event.startswith("setup")] == ["setup a", "setup bad"]
    assert "teardown c" not in events


@pytest.mark.rule("resources 1.5")
def test_teardown_is_called_at_the_end_and_never_per_run(storage: rs.Storage) -> None:
    with rs.CodeRepository([raw], resources={"db": Db()}, default_executor=rs.Executor.in_process()) as repo:
        repo.resolve(storage)
        repo.materialize()
        repo.materialize()
        assert events == ["setup default"]
    assert events == ["setup default", "teardown default"]


@pytest.mark.rule("resources 1.6")
def test_assets_tasks_and_observe_functions_get_the_same_instance_by_name(build: Build) -> None:
    seen: list[Any] = []

    def plain(db) -> None:
        seen.append(db)

    def annotated(context: rs.AssetExecutionContext, db: Db) -> None:
        seen.append(db)

    def observing(db: Db) -> None:
        seen.append(db)

    external = rs.Asset.external(observing, name="ext", io_handler=Remembering())
    db = Db()
    repo = build(
        rs.Asset(plain), rs.Asset(annotated), external, tasks=[rs.Task(plain, name="task")], resources={"db": db}
    )
    repo.materialize()
    repo.materialize()
    repo.materialize(["ext"])
    assert len(seen) == 7
    assert all(one is db for one in seen)


@pytest.mark.rule("resources 1.6")
def test_schedules_and_sensors_get_the_same_instance(build: Build) -> None:
    seen: list[Any] = []

    @rs.Schedule(cron_schedule="@daily", job_name="j")
    def midnight(db: Db) -> rs.SkipReason:
        seen.append(db)
        return rs.SkipReason("no")

    @rs.Sensor(job_name="j")
    def watch(context: rs.SensorEvaluationContext, db: Any) -> rs.SkipReason:
        seen.append(db)
        return rs.SkipReason("no")

    db = Db()
    repo = build(raw, jobs=[rs.Job("j", [raw])], schedules=[midnight], sensors=[watch], resources={"db": db})
    repo.evaluate_schedule("midnight")
    repo.evaluate_sensor("watch")
    assert [one is db for one in seen] == [True, True]


@pytest.mark.rule("resources 1.7")
def test_a_class_is_accepted_and_passed_on_as_it_is(build: Build) -> None:
    repo = build(rs.Asset(lambda db: db.__name__, name="told"), resources={"db": Db})
    repo.materialize()
    assert repo.load_node("told") == "Db"
    assert events == []


@pytest.mark.rule("assets 7.2", "resources 1.8")
def test_a_resource_that_is_a_handler_serves_everywhere_a_handler_can_be_named(build: Build) -> None:
    lake = Remembering()
    lake.values["ext"] = 9
    step = rs.Task(lambda: 2, name="step")
    inner = rs.Task(lambda: 3, name="inner")
    repo = build(
        rs.Asset(lambda: 1, name="asset", io_handler="lake"),
        rs.Asset.from_multi(
            lambda: {"one": 1, "two": 2}, [rs.AssetDef("one", io_handler="lake"), rs.AssetDef("two")], name="m"
        ),
        rs.Asset.from_multi(lambda: {"three": 3}, [rs.AssetDef("three")], name="n", io_handler="lake"),
        rs.Asset.external(name="ext", io_handler="lake"),
        rs.Asset.from_graph(lambda: inner(), name="g", io_handler="lake", node_io_handler="other"),
        rs.Asset(lambda asset: asset, name="reads", deps=[rs.AssetDef.input("asset", io_handler="other")]),
        tasks=[rs.Task(lambda: 2, name="task", io_handler="lake"), step, inner],
        resources={"lake": lake, "other": (other := Remembering())},
    )
    other.values["asset"] = "from the other"
    repo.materialize()
    assert set(lake.values) == {"ext", "asset", "one", "three", "g", "task"}
    assert set(other.values) == {"asset", "g/inner"}
    assert repo.load_node("reads") == "from the other"
    assert repo.load_node("ext") == 9
