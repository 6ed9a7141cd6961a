"""The upstream partitions that downstream keys need: for each mapping single keys, batches and faults."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import DynamicKeys, PartitionsDefinition
from rivers.partitions.keys import PartitionKey
from rivers.partitions.mapping_keys import Mapped, Nothing, TheseKeys, Whole, upstream_keys
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.ranges import PartitionKeyRange
from tests.partitions.counted_work import calls_in

static_ = PartitionsDefinition.static_
daily = PartitionsDefinition.daily
multi = PartitionsDefinition.multi
dynamic = PartitionsDefinition.dynamic
single = PartitionKey.single
M = PartitionMapping
JAN, FEB = datetime(2024, 1, 1), datetime(2024, 2, 1)
NOW = datetime(2024, 1, 10, 12)
ABC = static_(["a", "b", "c"])
DAYS = daily(JAN, FEB)
OPEN = daily(JAN)
WEEKS = PartitionsDefinition.time_window(JAN, cron_schedule="0 0 * * MON", fmt="%Y-%m-%d")
GRID = multi({"d": static_(["1", "2"]), "r": static_(["y", "x"])})


def mapped(
    mapping: PartitionMapping | None,
    keys: Sequence[str | PartitionKey],
    downstream: PartitionsDefinition | None,
    upstream: PartitionsDefinition | None,
    now: datetime = NOW,
    registered: DynamicKeys | None = None,
) -> Mapped:
    given = [single(key) if isinstance(key, str) else key for key in keys]
    return upstream_keys(mapping, given, downstream, upstream, now, registered, ("down", "up"))


def texts(result: Mapped) -> list[str]:
    assert isinstance(result, TheseKeys)
    return [str(key) for key in result.keys]


def grid_key(d: str | list[str], r: str | list[str]) -> PartitionKey:
    return PartitionKey.multi({"d": d, "r": r})


class TestWithoutPartitionsOnOneSide:
    @pytest.mark.rule("partitions 6.2.2")
    def test_between_two_without_partitions_all_is_loaded(self) -> None:
        assert mapped(None, [], None, None) == Whole()
        assert mapped(M.identity(), [], None, None) == Whole()

    @pytest.mark.rule("partitions 6.2.3")
    @pytest.mark.parametrize("mapping", [None, M.all_partitions()], ids=repr)
    def test_an_upstream_without_partitions_is_loaded_whole(self, mapping: PartitionMapping | None) -> None:
        assert mapped(mapping, ["a", "b"], ABC, None) == Whole()

    @pytest.mark.rule("partitions 6.3.4")
    def test_a_downstream_without_partitions_loads_all_as_one(self) -> None:
        assert mapped(M.all_partitions(), [], None, DAYS) == Whole()

    @pytest.mark.rule("partitions 6.3.5", "partitions 6.3.12")
    def test_specific_partitions_are_one_key_with_all_values(self) -> None:
        result = mapped(M.specific_partitions([single("c"), single(["a", "c"])]), [], None, ABC)
        assert result == TheseKeys((single(["a", "c"]),))

    @pytest.mark.rule("partitions 6.3.5")
    def test_specific_partitions_of_several_dimensions_are_no_more_than_those_listed(self) -> None:
        mapping = M.specific_partitions([grid_key("1", "x"), grid_key("2", ["x", "y"]), grid_key("1", "x")])
        assert texts(mapped(mapping, [], None, GRID)) == ["d=1|r=x", "d=2|r=x", "d=2|r=y"]

    def test_a_downstream_without_partitions_cannot_load_a_partition_by_itself(self) -> None:
        with pytest.raises(PartitionValidationError, match=r"Asset 'down' depends on 'up'.*all_partitions or"):
            mapped(None, [], None, ABC)

    @pytest.mark.rule("partitions 6.2.12")
    def test_specific_partitions_that_will_come_are_refused_until_they_are_there(self) -> None:
        mapping = M.specific_partitions(["2024-01-02", "2024-01-20"])
        with pytest.raises(PartitionValidationError, match=r"^Asset 'down' depends on 'up': .*'2024-01-20' is not a"):
            mapped(mapping, [], None, OPEN)
        assert texts(mapped(mapping, [], None, OPEN, datetime(2024, 1, 20))) == ["2024-01-02,2024-01-20"]

    @pytest.mark.rule("partitions 6.2.12")
    def test_specific_dynamic_keys_outlive_their_registration(self) -> None:
        assert texts(mapped(M.specific_partitions(["gone"]), [], None, dynamic("n"), registered={})) == ["gone"]


class TestForKeys:
    @pytest.mark.rule("partitions 6.3.7")
    def test_a_matching_key_loads_the_whole_upstream_and_another_none_of_it(self) -> None:
        mapping = M.for_keys([single("a"), PartitionKeyRange.single("b", "c")])
        four = static_(["a", "b", "c", "d"])
        assert [mapped(mapping, [key], four, None) for key in "abcd"] == [Whole(), Whole(), Whole(), Nothing()]

    @pytest.mark.rule("partitions 6.3.7")
    def test_any_member_of_a_selector_of_several_values_matches(self) -> None:
        assert mapped(M.for_keys([single(["a", "b"])]), ["b"], ABC, None) == Whole()
        assert mapped(M.for_keys([single(["a", "b"])]), ["c"], ABC, None) == Nothing()

    @pytest.mark.rule("partitions 6.3.11")
    def test_a_batch_loads_only_when_every_key_matches(self) -> None:
        mapping = M.for_keys([single("a"), single("b")])
        assert mapped(mapping, ["a", "b"], ABC, None) == Whole()
        assert mapped(mapping, ["b", "c"], ABC, None) == Nothing()

    def test_ranges_follow_the_order_of_the_definition(self) -> None:
        mapping = M.for_keys([PartitionKeyRange.single("c", "a")])
        turned = static_(["d", "c", "b", "a"])
        assert mapped(mapping, ["b"], turned, None) == Whole()
        assert mapped(mapping, ["d"], turned, None) == Nothing()

    def test_ranges_of_days_are_chronological(self) -> None:
        by_us = daily(JAN, fmt="%m/%d/%Y")
        mapping = M.for_keys([PartitionKeyRange.single("01/02/2024", "02/01/2024")])
        now = datetime(2024, 3, 1)
        assert mapped(mapping, ["01/31/2024"], by_us, None, now) == Whole()
        assert mapped(mapping, ["02/02/2024"], by_us, None, now) == Nothing()


class TestIdentity:
    @pytest.mark.rule("partitions 6.3.1")
    @pytest.mark.parametrize("mapping", [None, M.identity()], ids=repr)
    def test_the_key_stays_the_same(self, mapping: PartitionMapping | None) -> None:
        assert texts(mapped(mapping, ["b"], ABC, ABC)) == ["b"]
        assert texts(mapped(mapping, ["2024-01-05"], OPEN, DAYS)) == ["2024-01-05"]

    def test_dimensions_may_stand_in_another_order(self) -> None:
        turned = multi({"r": static_(["x", "y"]), "d": static_(["1", "2"])})
        assert texts(mapped(None, [grid_key("2", "x")], GRID, turned)) == ["d=2|r=x"]

    @pytest.mark.rule("partitions 6.3.13")
    def test_a_key_before_the_upstream_began_names_key_and_upstream(self) -> None:
        with pytest.raises(
            PartitionValidationError,
            match=r"Asset 'down', partition key '2024-01-01': .* upstream 'up': the time windows \(daily from 2024"
            r".*nearest valid keys: '2024-01-05'",
        ):
            mapped(None, ["2024-01-01"], OPEN, daily(datetime(2024, 1, 5)))

    def test_now_decides_whether_the_upstream_has_the_window_yet(self) -> None:
        assert texts(mapped(None, ["2024-01-11"], DAYS, OPEN, datetime(2024, 1, 11))) == ["2024-01-11"]
        with pytest.raises(PartitionValidationError, match="'2024-01-11'"):
            mapped(None, ["2024-01-11"], DAYS, OPEN)

    def test_dynamic_keys_are_those_registered(self) -> None:
        n = dynamic("n")
        assert texts(mapped(None, ["k"], n, n, registered={"n": ["k"]})) == ["k"]
        with pytest.raises(PartitionValidationError, match=r"'q'.*the dynamic partitions 'n'; nearest valid keys: 'k'"):
            mapped(None, ["q"], n, n, registered={"n": ["k"]})

    @pytest.mark.rule("partitions 6.3.10")
    def test_a_batch_keeps_its_order_and_each_key_once(self) -> None:
        assert texts(mapped(None, ["c", "a", "c"], ABC, ABC)) == ["c", "a"]

    def test_a_key_of_several_values_is_taken_for_each(self) -> None:
        keys = texts(mapped(None, [grid_key(["2", "1"], ["x", "y"])], GRID, GRID))
        assert keys == ["d=1|r=x", "d=1|r=y", "d=2|r=x", "d=2|r=y"]


class TestStatic:
    MAPPING = M.static_({"a": "1", "b": "1", "c": "2"})
    NUMBERS = static_(["1", "2"])

    @pytest.mark.rule("partitions 6.3.2")
    def test_the_key_beside_it_is_loaded(self) -> None:
        assert texts(mapped(self.MAPPING, ["c"], ABC, self.NUMBERS)) == ["2"]

    @pytest.mark.rule("partitions 6.3.10")
    def test_keys_that_meet_are_loaded_once(self) -> None:
        assert texts(mapped(self.MAPPING, ["a", "b"], ABC, self.NUMBERS)) == ["1"]
        assert texts(mapped(self.MAPPING, ["c", "a", "b"], ABC, self.NUMBERS)) == ["2", "1"]

    @pytest.mark.rule("partitions 6.3.2")
    def test_a_key_that_is_not_in_the_mapping_is_named_with_its_asset(self) -> None:
        with pytest.raises(
            PartitionValidationError, match=r"Asset 'down', partition key 'b': 'b' is not in its static_"
        ):
            mapped(M.static_({"a": "1"}), ["a", "b"], ABC, self.NUMBERS)

    @pytest.mark.rule("partitions 6.2.12")
    def test_a_target_may_be_a_window_that_has_begun(self) -> None:
        mapping = M.static_({"a": "2024-01-05", "b": "2024-01-11"})
        assert texts(mapped(mapping, ["a"], ABC, OPEN)) == ["2024-01-05"]
        with pytest.raises(PartitionValidationError, match="'2024-01-11' is not a partition key of its upstream 'up'"):
            mapped(mapping, ["b"], ABC, OPEN)


class TestTimeWindow:
    @pytest.mark.rule("partitions 6.3.3")
    @pytest.mark.parametrize(
        ("offset", "key"), [(-1, "2024-01-04"), (0, "2024-01-05"), (2, "2024-01-07"), (-4, "2024-01-01")]
    )
    def test_windows_are_counted_on_the_grid(self, offset: int, key: str) -> None:
        assert texts(mapped(M.time_window(offset), ["2024-01-05"], DAYS, DAYS)) == [key]

    @pytest.mark.rule("partitions 6.3.13")
    @pytest.mark.parametrize(
        ("offset", "key", "upstream", "span"),
        [
            (-1, "2024-01-01", DAYS, "[2024-01-01T00:00:00, 2024-02-01T00:00:00)"),
            (1, "2024-01-31", DAYS, "[2024-01-01T00:00:00, 2024-02-01T00:00:00)"),
            (10**12, "2024-01-05", DAYS, "[2024-01-01T00:00:00, 2024-02-01T00:00:00)"),
            (-(10**12), "2024-01-05", OPEN, "[2024-01-01T00:00:00, now = 2024-01-10T12:00:00]"),
            (1, "2024-01-10", OPEN, "[2024-01-01T00:00:00, now = 2024-01-10T12:00:00]"),
        ],
    )
    def test_a_window_outside_the_upstream_names_offset_key_and_range(
        self, offset: int, key: str, upstream: PartitionsDefinition, span: str
    ) -> None:
        with pytest.raises(
            PartitionValidationError,
            match=rf"Asset 'down', partition key '{key}': .*offset={offset} .*{re.escape(span)} of its upstream 'up'",
        ):
            mapped(M.time_window(offset), [key], DAYS, upstream)

    def test_a_key_before_the_upstream_began_may_lead_into_it(self) -> None:
        later = daily(datetime(2024, 1, 5))
        assert texts(mapped(M.time_window(2), ["2024-01-03"], DAYS, later)) == ["2024-01-05"]

    @pytest.mark.rule("partitions 6.3.10")
    def test_every_key_of_a_batch_is_mapped(self) -> None:
        assert texts(mapped(M.time_window(-1), ["2024-01-05", "2024-01-06"], DAYS, DAYS)) == [
            "2024-01-04",
            "2024-01-05",
        ]
        with pytest.raises(PartitionValidationError, match=r"partition key '2024-01-01'.*offset=-1"):
            mapped(M.time_window(-1), ["2024-01-05", "2024-01-01"], DAYS, DAYS)

    @pytest.mark.rule("partitions 6.3.3")
    def test_on_a_coarser_grid_steps_begin_at_the_window_around_the_key(self) -> None:
        now = datetime(2024, 1, 31)
        keys = ["2024-01-14", "2024-01-15", "2024-01-16"]
        assert texts(mapped(M.time_window(0), keys, DAYS, WEEKS, now)) == ["2024-01-08", "2024-01-15"]
        assert texts(mapped(M.time_window(-1), ["2024-01-14"], DAYS, WEEKS, now)) == ["2024-01-01"]

    def test_months_are_steps_of_unequal_length(self) -> None:
        months = PartitionsDefinition.time_window(JAN, cron_schedule="@monthly", fmt="%Y-%m")
        now = datetime(2025, 1, 1)
        assert texts(mapped(M.time_window(-2), ["2024-03"], months, months, now)) == ["2024-01"]


class TestAllPartitions:
    @pytest.mark.rule("partitions 6.3.4")
    def test_a_partitioned_downstream_loads_the_upstream_whole(self) -> None:
        assert mapped(M.all_partitions(), ["a"], ABC, DAYS) == Whole()


class TestSubset:
    @pytest.mark.rule("partitions 6.3.6")
    def test_the_same_key_where_the_upstream_has_it_and_nothing_where_not(self) -> None:
        assert texts(mapped(M.subset(), ["b"], ABC, static_(["b"]))) == ["b"]
        assert mapped(M.subset(), ["a"], ABC, static_(["b"])) == Nothing()

    @pytest.mark.rule("partitions 6.3.11")
    def test_a_batch_is_loaded_only_when_the_upstream_has_every_key(self) -> None:
        assert texts(mapped(M.subset(), ["c", "b"], ABC, static_(["b", "c"]))) == ["c", "b"]
        assert mapped(M.subset(), ["a", "b"], ABC, static_(["b"])) == Nothing()

    def test_days_before_the_upstream_began_load_nothing(self) -> None:
        assert mapped(M.subset(), ["2024-01-01"], DAYS, daily(datetime(2024, 1, 5))) == Nothing()


class TestMulti:
    @pytest.mark.rule("partitions 6.3.8")
    def test_each_upstream_dimension_takes_its_paired_value_through_its_mapping(self) -> None:
        downstream = multi({"day": DAYS, "letter": ABC})
        upstream = multi({"number": static_(["1", "2"]), "date": DAYS})
        mapping = M.multi(
            {"date": ("day", M.time_window(-1)), "number": ("letter", M.static_({"a": "1", "b": "1", "c": "2"}))}
        )
        key = PartitionKey.multi({"day": "2024-01-05", "letter": "c"})
        assert texts(mapped(mapping, [key], downstream, upstream)) == ["date=2024-01-04|number=2"]

    @pytest.mark.rule("partitions 6.3.8", "partitions 6.3.12")
    def test_all_partitions_are_all_values_of_that_dimension_in_the_upstream_order(self) -> None:
        mapping = M.multi({"d": M.identity(), "r": M.all_partitions()})
        assert texts(mapped(mapping, [grid_key("1", "x")], GRID, GRID)) == ["d=1|r=y", "d=1|r=x"]

    def test_one_downstream_dimension_may_lead_two_and_another_none(self) -> None:
        upstream = multi({"to": static_(["1", "2"]), "from": static_(["1", "2"])})
        mapping = M.multi({"to": ("d", M.identity()), "from": ("d", M.static_({"1": "2", "2": "1"}))})
        batch = [grid_key("1", ["x", "y"]), grid_key("2", "x")]
        assert texts(mapped(mapping, batch, GRID, upstream)) == ["from=2|to=1", "from=1|to=2"]

    @pytest.mark.rule("partitions 6.2.16", "partitions 6.3.13")
    def test_a_fault_names_the_key_and_the_dimension(self) -> None:
        both = multi({"day": DAYS, "r": static_(["x"])})
        mapping = M.multi({"day": M.time_window(-1), "r": M.identity()})
        key = PartitionKey.multi({"day": "2024-01-01", "r": "x"})
        with pytest.raises(
            PartitionValidationError,
            match=r"Asset 'down', partition key 'day=2024-01-01\|r=x': in dimension 'day': .*offset=-1",
        ):
            mapped(mapping, [key], both, both)


class TestMultiToSingle:
    @pytest.mark.rule("partitions 6.3.9", "partitions 6.3.12")
    def test_of_an_upstream_with_dimensions_all_values_of_the_others_are_loaded(self) -> None:
        assert texts(mapped(M.multi_to_single("d"), ["1"], static_(["1"]), GRID)) == ["d=1|r=y", "d=1|r=x"]

    @pytest.mark.rule("partitions 6.3.9")
    def test_of_a_downstream_with_dimensions_the_value_of_one_is_loaded(self) -> None:
        assert texts(mapped(M.multi_to_single("d"), [grid_key("1", "x")], GRID, static_(["1", "2"]))) == ["1"]

    @pytest.mark.rule("partitions 6.3.10")
    def test_a_batch_loads_the_distinct_values(self) -> None:
        batch = [grid_key("2", ["x", "y"]), grid_key("1", "x")]
        assert texts(mapped(M.multi_to_single("d"), batch, GRID, static_(["1", "2"]))) == ["2", "1"]

    @pytest.mark.rule("partitions 6.3.9")
    def test_values_go_through_the_inner_mapping(self) -> None:
        mapping = M.multi_to_single("r", M.static_({"a": "x"}))
        assert texts(mapped(mapping, ["a"], ABC, GRID)) == ["d=1|r=x", "d=2|r=x"]
        back = M.multi_to_single("r", M.static_({"x": "b"}))
        assert texts(mapped(back, [grid_key("2", "x")], GRID, ABC)) == ["b"]

    def test_inner_all_partitions_are_all_values(self) -> None:
        mapping = M.multi_to_single("d", M.all_partitions())
        assert texts(mapped(mapping, [grid_key("2", "x")], GRID, ABC)) == ["a", "b", "c"]

    def test_dynamic_dimensions_take_the_registered_keys(self) -> None:
        upstream = multi({"d": static_(["1"]), "n": dynamic("names")})
        result = mapped(M.multi_to_single("d"), ["1"], static_(["1"]), upstream, registered={"names": ["q", "p"]})
        assert texts(result) == ["d=1|n=p", "d=1|n=q"]

    @pytest.mark.rule("partitions 6.2.16")
    def test_a_fault_names_the_dimension(self) -> None:
        with pytest.raises(PartitionValidationError, match="partition key 'a': in dimension 'd': 'a' is not"):
            mapped(M.multi_to_single("d"), ["a"], ABC, GRID)


def test_an_upstream_without_any_key_yet_is_a_fault_that_names_it() -> None:
    grid = multi({"d": static_(["1"]), "r": dynamic("n")})
    for mapping, upstream in ((M.multi_to_single("d"), grid), (M.multi_to_single("d", M.all_partitions()), grid)):
        with pytest.raises(
            PartitionValidationError, match=r"^Asset 'down', .*'1': it leads to no .*'up': .*has no keys$"
        ):
            mapped(mapping, ["1"], static_(["1"]), upstream, registered={})
    every = M.multi({"d": M.identity(), "r": ("d", M.all_partitions())})
    with pytest.raises(PartitionValidationError, match=r"'d=1': it leads to no partition of its upstream 'up'"):
        mapped(every, [PartitionKey.multi({"d": "1"})], multi({"d": static_(["1"])}), grid, registered={"n": ()})


def test_a_mapping_that_does_not_fit_is_a_fault_and_no_wrong_key() -> None:
    for mapping in (M.multi_to_single("d"), M.time_window(1), M.for_keys([single("a")]), M.static_({"a": "d=1|r=x"})):
        with pytest.raises(PartitionValidationError, match="Asset 'down', partition key 'a'"):
            mapped(mapping, ["a"], ABC, GRID if not isinstance(mapping, M.MultiToSingle) else DAYS)


@given(st.integers(-40, 40), st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_a_shift_is_a_shift_of_places_in_the_list_of_all_windows(offset: int, places: list[int]) -> None:
    all_days = [str(key) for key in DAYS.iter_keys(NOW)]
    keys = [all_days[place] for place in places]
    expected = [place + offset for place in dict.fromkeys(places)]
    if all(0 <= place < len(all_days) for place in expected):
        assert texts(mapped(M.time_window(offset), keys, DAYS, DAYS)) == [all_days[place] for place in expected]
    else:
        with pytest.raises(PartitionValidationError, match=f"offset={offset}"):
            mapped(M.time_window(offset), keys, DAYS, DAYS)


def test_ten_dimensions_are_mapped_without_their_product() -> None:
    since = daily(datetime(1990, 1, 1))
    wide = multi({f"d{n}": since for n in range(10)})
    key = PartitionKey.multi({f"d{n}": "2024-01-05" for n in range(10)})
    shift = M.multi({f"d{n}": M.time_window(-1) for n in range(10)})

    def work() -> None:
        assert isinstance(mapped(shift, [key], wide, wide), TheseKeys)
        assert isinstance(mapped(None, [key], wide, wide), TheseKeys)

    assert calls_in(work) < 5_000


def test_a_batch_of_thirty_years_takes_the_same_work_for_each_key() -> None:
    since = daily(datetime(1990, 1, 1))
    keys = list(since.iter_keys(NOW))[1:]

    def work() -> None:
        result = upstream_keys(M.time_window(-1), keys, since, since, NOW)
        assert isinstance(result, TheseKeys)
        assert len(result.keys) == len(keys)
        assert str(result.keys[-1]) == str((NOW - timedelta(days=1)).date())

    assert calls_in(work) / len(keys) < 300
