"""Admission: the rules of the queue as tables, and the limits as properties of any queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.queueing.admission import UNLIMITED, Admission, Limits, TagLimit, admit
from rivers.records import RunRecord, priority_of


def run(run_id: str, *tags: str, reason: str | None = None, status: str = "Queued", at: int = 0) -> RunRecord:
    pairs = [(key, value) for key, _, value in (tag.partition("=") for tag in tags)]
    return RunRecord(run_id, "j", status, at, tags=pairs, priority=priority_of(pairs), block_reason=reason)


def busy(count: int, *tags: str) -> list[RunRecord]:
    return [run(f"busy{number}", *tags, status="Started") for number in range(count)]


PROD = TagLimit("env", 1, value="prod")
ANY_ENV = TagLimit("env", 1)
EACH_T = TagLimit("t", 1, per_unique_value=True)


@pytest.mark.rule("queue 1.7")
def test_the_worked_example_of_one_limited_tag() -> None:
    queued = [run("B", "env=prod"), run("A", "env=prod"), run("C", "env=dev"), run("D")]
    admission = admit(queued, [], Limits(10, (PROD,)))
    assert admission.admitted == ("B", "C", "D")
    assert admission.reasons == {"A": "tag limit: env=prod (1/1)"}
    assert admission.everyone is None


@pytest.mark.rule("queue 1.4")
def test_the_worked_example_of_a_limit_for_each_value() -> None:
    admission = admit([run("A", "t=x"), run("B", "t=x"), run("C", "t=y")], [], Limits(10, (EACH_T,)))
    assert (admission.admitted, admission.reasons) == (("A", "C"), {"B": "tag limit: t=x (1/1)"})


@pytest.mark.rule("queue 1.4")
@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (PROD, "tag limit: env=prod (1/1)"),
        (ANY_ENV, "tag limit: env (1/1)"),
        (TagLimit("env", 1, per_unique_value=True), "tag limit: env=prod (1/1)"),
        (TagLimit("env", 1, value="prod", per_unique_value=True), "tag limit: env=prod (1/1)"),
        (TagLimit("env", 0), "tag limit: env (1/0)"),
        (TagLimit("env", 2), None),
        (TagLimit("env", 1, value="dev"), None),
        (TagLimit("region", 0), None),
    ],
)
def test_a_limit_matches_counts_and_says_so(limit: TagLimit, text: str | None) -> None:
    admission = admit([run("A", "env=prod")], busy(1, "env=prod"), Limits(10, (limit,)))
    assert admission.reasons.get("A") == text
    assert admission.admitted == (("A",) if text is None else ())


@pytest.mark.rule("queue 1.4")
@pytest.mark.parametrize(
    ("limit", "text"),
    [(ANY_ENV, "tag limit: env (1/1)"), (PROD, None), (TagLimit("env", 1, per_unique_value=True), None)],
)
def test_only_a_limit_on_the_key_alone_counts_other_values(limit: TagLimit, text: str | None) -> None:
    assert admit([run("A", "env=prod")], busy(1, "env=dev"), Limits(10, (limit,))).reasons.get("A") == text


def test_an_empty_key_is_a_tag_like_any_other() -> None:
    limits = Limits(10, (TagLimit("", 0),))
    assert admit([run("A"), run("B", "=x")], [], limits).admitted == ("A",)


@pytest.mark.rule("queue 1.8")
def test_the_first_exhausted_limit_gives_the_reason() -> None:
    limits = Limits(10, (TagLimit("free", 5), TagLimit("t", 0), PROD))
    (reason,) = admit([run("A", "free=1", "env=prod", "t=x")], busy(1, "env=prod"), limits).reasons.values()
    assert reason == "tag limit: t (0/0)"


@pytest.mark.rule("queue 1.8")
@pytest.mark.parametrize(
    ("limit", "in_flight", "text"),
    [(0, 0, "global run limit (0/0)"), (1, 1, "global run limit (1/1)"), (2, 3, "global run limit (3/2)")],
)
def test_when_nothing_is_free_everyone_waits_for_the_same_reason(limit: int, in_flight: int, text: str) -> None:
    admission = admit([run("A"), run("B")], busy(in_flight), Limits(limit))
    assert admission == Admission(everyone=text)


def test_the_reason_of_everyone_replaces_reasons_of_their_own() -> None:
    queued = [run("A", reason="tag limit: env (1/1)"), run("B"), run("C", reason="global run limit (1/1)")]
    assert admit(queued, busy(1), Limits(1)).reasons == {"A": None}


@pytest.mark.rule("queue 1.2")
def test_a_negative_limit_admits_everything() -> None:
    queued = [run(f"r{number}") for number in range(50)]
    admission = admit(queued, busy(100), UNLIMITED)
    assert len(admission.admitted) == 50
    assert (admission.everyone, admission.wants_more) == (None, True)


def test_when_the_slots_are_gone_the_rest_of_the_page_keeps_its_reasons() -> None:
    queued = [run("A"), run("B", "env=prod"), run("C"), run("D", "env=prod", reason="old text")]
    admission = admit(queued, busy(1), Limits(2, (PROD,)))
    assert admission == Admission(("A",), {})


def test_a_page_that_just_fits_wants_no_more() -> None:
    admission = admit([run("A"), run("B")], [], Limits(2))
    assert admission == Admission(("A", "B"))


def test_runs_skipped_by_a_tag_limit_leave_slots_for_runs_behind_the_page() -> None:
    admission = admit([run("A", "env=prod"), run("B", "env=prod")], [], Limits(2, (PROD,)))
    assert (admission.admitted, admission.wants_more) == (("A",), True)


def test_an_empty_page_wants_nothing() -> None:
    assert admit([], [], Limits(2)) == Admission()


def test_a_reason_that_is_stored_already_is_not_written_again() -> None:
    queued = [run("A", "env=prod", reason="tag limit: env=prod (1/1)"), run("B", "env=prod", reason="other")]
    admission = admit(queued, busy(1, "env=prod"), Limits(10, (PROD,)))
    assert admission.reasons == {"B": "tag limit: env=prod (1/1)"}


def page_by_page(queued: Sequence[RunRecord], in_flight: Sequence[RunRecord], limits: Limits, size: int) -> list[str]:
    """What the daemon does: read the next page while there is one and admission asks for it."""
    admitted: list[str] = []
    flying = list(in_flight)
    for start in range(0, len(queued), size):
        page = queued[start : start + size]
        admission = admit(page, flying, limits)
        admitted += admission.admitted
        flying += [one for one in page if one.run_id in admission.admitted]
        if not admission.wants_more:
            break
    return admitted


tag_sets = st.lists(st.sampled_from(["env=prod", "env=dev", "t=x", "t=y", "t=z"]), max_size=3)
limit_sets = st.builds(
    Limits,
    st.integers(-1, 6),
    st.lists(
        st.sampled_from([PROD, ANY_ENV, EACH_T, TagLimit("t", 2), TagLimit("env", 0, value="dev")]), max_size=3
    ).map(tuple),
)


@given(queue=st.lists(tag_sets, max_size=12), flying=st.lists(tag_sets, max_size=4), limits=limit_sets)
def test_limits_hold_and_nobody_waits_without_a_reason(
    queue: list[list[str]], flying: list[list[str]], limits: Limits
) -> None:
    queued = [run(f"q{number:02}", *tags) for number, tags in enumerate(queue)]
    in_flight = [run(f"f{number}", *tags, status="Started") for number, tags in enumerate(flying)]
    admission = admit(queued, in_flight, limits)
    admitted = [one for one in queued if one.run_id in admission.admitted]
    assert [one.run_id for one in admitted] == list(admission.admitted)

    if limits.max_concurrent_runs >= 0 and admitted:
        assert len(in_flight) + len(admitted) <= limits.max_concurrent_runs
    for limit in limits.tag_limits:
        before, after = (_groups(limit, runs) for runs in (in_flight, in_flight + admitted))
        assert all(count <= max(limit.limit, before[group]) for group, count in after.items())
    is_full = len(in_flight) + len(admitted) == limits.max_concurrent_runs
    if admission.everyone is None and not is_full:
        waiting = [one.run_id for one in queued if one.run_id not in admission.admitted]
        assert sorted(admission.reasons) == sorted(waiting)


@given(
    queue=st.lists(tag_sets, max_size=12),
    flying=st.lists(tag_sets, max_size=4),
    limits=limit_sets,
    size=st.integers(1, 5),
)
def test_reading_page_by_page_admits_what_the_whole_queue_would(
    queue: list[list[str]], flying: list[list[str]], limits: Limits, size: int
) -> None:
    queued = [run(f"q{number:02}", *tags) for number, tags in enumerate(queue)]
    in_flight = [run(f"f{number}", *tags, status="NotStarted") for number, tags in enumerate(flying)]
    assert page_by_page(queued, in_flight, limits, size) == list(admit(queued, in_flight, limits).admitted)


def _groups(limit: TagLimit, runs: list[RunRecord]) -> Counter[str]:
    values = [dict(one.tags).get(limit.key) for one in runs]
    if limit.value is not None:
        return Counter(value for value in values if value == limit.value)
    return Counter(value if limit.per_unique_value else "any" for value in values if value is not None)
