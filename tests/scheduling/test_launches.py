"""What requests become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.definitions.triggers.requests import BackfillRequest, RunRequest
from rivers.exceptions import ExecutionError, PartitionValidationError
from rivers.ids import run_id_for_key, run_id_for_position
from rivers.partitions.keys import PartitionKey
from rivers.records import LaunchedBy
from rivers.scheduling.launches import Launches, TriggerFacts, plan_launches

TARGETS = {"j": ("a", "b"), "other": ("c",), "by_letter": ("l",)}
SENSOR = TriggerFacts("sensor", "s", "j")


class Letters:
    """The job ``by_letter`` is partitioned by the letters a and b, everything else is not."""

    def key_for(self, nodes: Sequence[str], text: str | None) -> PartitionKey | None:
        if nodes != TARGETS["by_letter"]:
            if text is not None:
                raise PartitionValidationError(f"'{nodes[0]}' is not partitioned, got '{text}'")
            return None
        if text is None:
            raise ExecutionError("it needs a key")
        if text not in ("a", "b"):
            raise ExecutionError(f"'{text}' is no letter; nearest: 'a', 'b'")
        return PartitionKey.single(text)


KEYS = Letters()


def plan(
    requests: Sequence[RunRequest | BackfillRequest],
    trigger: TriggerFacts = SENSOR,
    used: Mapping[str, str] | None = None,
    queued: bool = False,
    tick_id: str = "tick",
) -> Launches:
    return plan_launches(
        trigger, requests, tick_id=tick_id, targets=TARGETS, used_keys=used or {}, keys=KEYS, now=7, queued=queued
    )


def test_a_plain_request_runs_the_triggers_job() -> None:
    (run,) = plan([RunRequest()]).runs
    assert (run.job_name, run.node_names, run.status, run.start_time) == ("j", ("a", "b"), "NotStarted", 7)
    assert (run.run_id, run.run_key) == (run_id_for_position("tick", 0), None)
    assert (run.tags, run.priority, run.launched_by) == ((), 0, LaunchedBy.sensor("s"))


def test_with_a_queue_runs_are_created_queued() -> None:
    assert plan([RunRequest()], queued=True).runs[0].status == "Queued"


def test_a_request_may_name_another_job() -> None:
    (run,) = plan([RunRequest(job_name="other")]).runs
    assert (run.job_name, run.node_names) == ("other", ("c",))


def test_a_schedule_is_named_as_the_launcher() -> None:
    (run,) = plan([RunRequest()], TriggerFacts("schedule", "nightly", "j")).runs
    assert run.launched_by == LaunchedBy.schedule("nightly")


def test_a_sensor_with_only_assets_launches_a_run_without_a_job() -> None:
    (run,) = plan([RunRequest()], TriggerFacts("sensor", "s", asset_selection=("x", "y"))).runs
    assert (run.job_name, run.node_names) == (None, ("x", "y"))


def test_a_job_wins_over_the_assets_of_the_trigger() -> None:
    (run,) = plan([RunRequest()], TriggerFacts("sensor", "s", "j", asset_selection=("x",))).runs
    assert run.job_name == "j"


def test_request_tags_are_laid_over_trigger_tags_in_place() -> None:
    trigger = TriggerFacts("sensor", "s", "j", tags={"team": "core", "env": "dev", "rivers/priority": "1"})
    (run,) = plan([RunRequest(tags={"env": "prod", "new": "x", "rivers/priority": "-5"})], trigger).runs
    assert run.tags == (("team", "core"), ("env", "prod"), ("rivers/priority", "-5"), ("new", "x"))
    assert run.priority == -5


def test_a_priority_that_is_no_number_is_zero() -> None:
    assert plan([RunRequest(tags={"rivers/priority": "high"})]).runs[0].priority == 0


def test_equal_keys_in_one_tick_launch_one_run() -> None:
    launches = plan([RunRequest(run_key="k"), RunRequest(), RunRequest(run_key="k")])
    assert [run.run_id for run in launches.runs] == [
        run_id_for_key("sensor", "s", "k"),
        run_id_for_position("tick", 1),
    ]
    assert launches.runs[0].run_key == "k"
    assert launches.failure is None


def test_a_used_key_launches_nothing_and_is_no_failure() -> None:
    assert plan([RunRequest(run_key="k")], used={"k": "an older run"}) == Launches((), None)


def test_an_empty_key_is_a_key() -> None:
    assert len(plan([RunRequest(run_key=""), RunRequest(run_key="")]).runs) == 1


def test_a_key_belongs_to_its_trigger_not_to_the_tick() -> None:
    one = plan([RunRequest(run_key="k")], tick_id="t1").runs[0].run_id
    two = plan([RunRequest(), RunRequest(run_key="k")], tick_id="t2").runs[1].run_id
    elsewhere = plan([RunRequest(run_key="k")], TriggerFacts("schedule", "s", "j")).runs[0].run_id
    assert one == two != elsewhere


def test_an_unknown_job_fails_alone() -> None:
    launches = plan([RunRequest(), RunRequest(job_name="nope"), RunRequest(), RunRequest(job_name="nada")])
    assert [run.run_id for run in launches.runs] == [run_id_for_position("tick", at) for at in (0, 2)]
    assert launches.failure == "Job 'nope' not found (request 2 of 4)"


def test_a_request_that_fails_leaves_its_key_free() -> None:
    launches = plan([RunRequest(run_key="k", job_name="nope"), RunRequest(run_key="k")])
    assert [run.run_key for run in launches.runs] == ["k"]
    assert launches.failure == "Job 'nope' not found (request 1 of 2)"


def test_an_unknown_job_with_a_used_key_is_still_a_failure() -> None:
    assert plan([RunRequest(run_key="k", job_name="nope")], used={"k": "r"}).failure == "Job 'nope' not found"


@pytest.mark.parametrize(
    ("request_", "trigger", "words"),
    [
        (RunRequest(partition_key="2026-01-01"), SENSOR, ["Job 'j'", "'2026-01-01'", "partitioned"]),
        (
            RunRequest(partition_key="p"),
            TriggerFacts("sensor", "s", asset_selection=("x", "y")),
            ["assets [x, y]", "'p'", "partitioned"],
        ),
        (
            BackfillRequest(["raw", "clean"], [PartitionKey.single("2026-01-01")]),
            SENSOR,
            ["[raw, clean]", "no backfills", "RunRequest with a partition_key"],
        ),
        (RunRequest(job_name="by_letter"), SENSOR, ["Job 'by_letter'", "needs a key"]),
        (RunRequest(job_name="by_letter", partition_key="z"), SENSOR, ["Job 'by_letter'", "'z' is no letter"]),
        (RunRequest(), TriggerFacts("sensor", "s"), ["sensor 's'", "job_name"]),
    ],
)
def test_a_request_that_cannot_run_says_what_and_why(
    request_: RunRequest | BackfillRequest, trigger: TriggerFacts, words: list[str]
) -> None:
    launches = plan([request_], trigger)
    assert launches.runs == ()
    assert launches.failure is not None
    for word in words:
        assert word in launches.failure


def test_a_bad_key_fails_alone() -> None:
    launches = plan([RunRequest(job_name="by_letter", partition_key=text) for text in ("a", "z", "b", "y")])
    assert [run.partition_key for run in launches.runs] == [PartitionKey.single("a"), PartitionKey.single("b")]
    assert launches.failure == "Job 'by_letter' cannot run: 'z' is no letter; nearest: 'a', 'b' (request 2 of 4)"


def test_the_partition_of_a_run_that_was_launched_before_may_be_gone() -> None:
    asked = RunRequest(run_key="k", job_name="by_letter", partition_key="z")
    assert plan([asked], used={"k": "r"}) == Launches((), None)
    assert [run.run_key for run in plan([asked, RunRequest("k", None, "a", "by_letter")]).runs] == ["k"]


requests = st.lists(
    st.builds(
        RunRequest,
        run_key=st.none() | st.sampled_from(["k1", "k2", "k3"]),
        job_name=st.sampled_from([None, "j", "other", "nope"]),
        partition_key=st.sampled_from([None, None, None, "p"]),
    ),
    max_size=10,
)


@given(requests=requests, used=st.sets(st.sampled_from(["k1", "k2"])))
def test_every_request_is_a_run_or_a_duplicate_or_a_failure(requests: list[RunRequest], used: set[str]) -> None:
    launches = plan(requests, used=dict.fromkeys(used, "older"))
    taken = set(used)
    faulty: list[RunRequest] = []
    for one in requests:
        if one.job_name == "nope" or (one.partition_key is not None and one.run_key not in taken):
            faulty.append(one)
        elif one.run_key is not None:
            taken.add(one.run_key)
    good = [one for one in requests if one not in faulty]
    keyless = [one for one in good if one.run_key is None]
    new_keys = {one.run_key for one in good if one.run_key is not None and one.run_key not in used}
    assert len(launches.runs) == len(keyless) + len(new_keys)
    assert len({run.run_id for run in launches.runs}) == len(launches.runs)
    assert (launches.failure is not None) == bool(faulty)
