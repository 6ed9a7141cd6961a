"""Looking things up, loading, observing, shutting down."""

from __future__ import annotations

import pytest

import rivers as rs
from rivers.exceptions import NodeNotFoundError
from tests.spec.conftest import Build
from tests.spec.handlers import Remembering


@rs.Asset
def raw() -> int:
    return 1


@pytest.mark.rule("repository 4.2")
def test_schedules_and_sensors_are_found_by_name(build: Build) -> None:
    schedule = rs.Schedule(cron_schedule="@daily", job_name="nightly", name="midnight")
    sensor = rs.Sensor(name="watch", job_name="nightly")
    repo = build(raw, jobs=[rs.Job("nightly", [raw])], schedules=[schedule], sensors=[sensor])
    assert repo.get_schedule("midnight") is schedule
    assert repo.get_sensor("watch") is sensor
    for lookup in (repo.get_schedule, repo.get_sensor):
        with pytest.raises(NodeNotFoundError, match="'nowhere'"):
            lookup("nowhere")


@pytest.mark.rule("repository 4.6")
def test_the_handler_that_writes_is_told_and_the_default_is_one_per_repository(build: Build) -> None:
    lake = Remembering()
    kept = rs.Asset(name="kept", io_handler="lake")(lambda: 1)
    repo, other = build(raw, rs.Asset(name="too")(lambda: 1), kept, resources={"lake": lake}), build(raw)
    assert repo.io_handler_for_output("kept") is lake
    default = repo.io_handler_for_output("raw")
    assert isinstance(default, rs.InMemoryIOHandler)
    assert default is repo.io_handler_for_output("too")
    assert default is not other.io_handler_for_output("raw")
    repo.materialize(["raw"])
    with pytest.raises(KeyError):
        other.load_node("raw")


events: list[str] = []


class Noting(rs.Resource):
    """A resource that notes its setup and its teardown."""

    label: str
    broken: bool = False

    def setup(self) -> None:
        events.append(f"setup {self.label}")

    def teardown(self) -> None:
        events.append(f"teardown {self.label}")
        if self.broken:
            raise OSError("cannot be closed")


@pytest.mark.rule("repository 4.9")
def test_every_resource_is_torn_down_in_order_though_one_fails(storage: rs.Storage) -> None:
    events.clear()
    resources = {name: Noting(label=name, broken=name == "b") for name in ("c", "b", "a")}
    repo = rs.CodeRepository([raw], resources=resources)
    repo.resolve(storage)
    repo.materialize()
    assert events == ["setup c", "setup b", "setup a"]
    del events[:]
    repo.shutdown()
    assert events == ["teardown c", "teardown b", "teardown a"]
    repo.shutdown()
    assert events == ["teardown c", "teardown b", "teardown a"]


@pytest.mark.rule("repository 4.10")
def test_what_was_stored_can_still_be_loaded_after_the_shutdown(storage: rs.Storage) -> None:
    repo = rs.CodeRepository([raw], default_executor=rs.Executor.in_process())
    repo.resolve(storage)
    repo.materialize()
    repo.shutdown()
    assert repo.load_node("raw") == 1
    assert repo.materialize().success
    repo.shutdown()


@pytest.mark.rule("repository 4.9")
def test_a_repository_that_was_never_resolved_is_shut_down_without_a_word() -> None:
    events.clear()
    rs.CodeRepository([raw], resources={"db": Noting(label="db")}).shutdown()
    assert events == []
