"""The mappings that fit definitions: the table of what is valid, and each mapping's own conditions."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from rivers.exceptions import PartitionValidationError
from rivers.partitions.definitions import PartitionsDefinition
from rivers.partitions.keys import PartitionKey
from rivers.partitions.mapping_checks import check_mapping
from rivers.partitions.mappings import PartitionMapping
from rivers.partitions.ranges import PartitionKeyRange

static_ = PartitionsDefinition.static_
daily = PartitionsDefinition.daily
multi = PartitionsDefinition.multi
dynamic = PartitionsDefinition.dynamic
M = PartitionMapping
JAN, FEB = datetime(2024, 1, 1), datetime(2024, 2, 1)
ABC = static_(["a", "b", "c"])
DAYS = daily(JAN, FEB)
GRID = multi({"d": static_(["1", "2"]), "r": static_(["x", "y"])})

EACH = {
    "none": None,
    "identity": M.identity(),
    "all_partitions": M.all_partitions(),
    "static_": M.static_({"a": "a"}),
    "time_window": M.time_window(-1),
    "specific_partitions": M.specific_partitions([PartitionKey.single("a")]),
    "for_keys": M.for_keys([PartitionKey.single("a")]),
    "subset": M.subset(),
    "multi": M.multi({"d": M.identity(), "r": M.identity()}),
    "multi_to_single": M.multi_to_single("d"),
}


def reason(
    mapping: PartitionMapping | None,
    downstream: PartitionsDefinition | None,
    upstream: PartitionsDefinition | None,
) -> str | None:
    """Return the reason without the names of the assets, which every message must begin with."""
    try:
        check_mapping("down", downstream, "up", upstream, mapping)
    except PartitionValidationError as error:
        before, begin, text = str(error).partition("Asset 'down' depends on 'up': ")
        return text if begin and not before else f"no begin: {error}"
    return None


def refuses(text: str, *arguments: object) -> None:
    found = reason(*arguments)
    assert found is not None
    assert re.search(text, found), found


class TestWhichMappingsAreValid:
    @pytest.mark.rule("partitions 6.2.2")
    @pytest.mark.parametrize("name", EACH)
    def test_between_two_without_partitions_only_none_and_identity(self, name: str) -> None:
        if name in {"none", "identity"}:
            assert reason(EACH[name], None, None) is None
        else:
            refuses(f"{name} has nothing to map: neither asset has partitions", EACH[name], None, None)

    @pytest.mark.rule("partitions 6.2.3")
    @pytest.mark.parametrize("name", EACH)
    def test_from_a_partitioned_downstream_to_one_without(self, name: str) -> None:
        if name in {"none", "all_partitions", "for_keys"}:
            assert reason(EACH[name], ABC, None) is None
        else:
            refuses(f"{name} needs a partitioned upstream, and 'up' has no partitions", EACH[name], ABC, None)

    @pytest.mark.rule("partitions 6.2.4")
    @pytest.mark.parametrize("name", EACH)
    def test_from_a_downstream_without_partitions_a_mapping_is_required(self, name: str) -> None:
        if name in {"all_partitions", "specific_partitions"}:
            assert reason(EACH[name], None, ABC) is None
        elif name == "none":
            refuses("'up' is partitioned and 'down' is not, so a mapping is required", None, None, ABC)
        else:
            refuses(f"'up' is partitioned and 'down' is not, so {name} cannot map it", EACH[name], None, ABC)

    @pytest.mark.rule("partitions 6.2.5")
    @pytest.mark.parametrize(
        ("name", "downstream", "upstream"),
        [
            ("none", ABC, ABC),
            ("identity", ABC, ABC),
            ("all_partitions", ABC, DAYS),
            ("static_", ABC, ABC),
            ("time_window", DAYS, DAYS),
            ("subset", ABC, ABC),
            ("multi", GRID, GRID),
            ("multi_to_single", static_(["1"]), GRID),
        ],
    )
    def test_between_two_with_partitions(
        self, name: str, downstream: PartitionsDefinition, upstream: PartitionsDefinition
    ) -> None:
        assert reason(EACH[name], downstream, upstream) is None

    @pytest.mark.rule("partitions 6.2.5")
    def test_between_two_with_partitions_not_every_mapping_fits(self) -> None:
        refuses("for_keys is for an upstream without partitions, and 'up' is partitioned", EACH["for_keys"], ABC, ABC)
        refuses(
            "specific_partitions is for a downstream without partitions, and 'down' is partitioned",
            *(EACH["specific_partitions"], ABC, ABC),
        )

    @pytest.mark.rule("partitions 6.2.5")
    def test_without_a_mapping_the_conditions_are_those_of_identity(self) -> None:
        refuses("identity needs .* same variant.*downstream is Static, upstream is TimeWindow", None, ABC, DAYS)


class TestIdentity:
    @pytest.mark.rule("partitions 6.2.6")
    def test_both_variants_are_named(self) -> None:
        refuses("downstream is TimeWindow, upstream is Dynamic", M.identity(), DAYS, dynamic("n"))
        refuses("downstream is Multi, upstream is Static", M.identity(), GRID, ABC)

    @pytest.mark.rule("partitions 6.2.6")
    def test_every_static_downstream_key_exists_upstream(self) -> None:
        assert reason(M.identity(), static_(["c", "a"]), ABC) is None
        refuses("the upstream has not: 'x', 'y'$", M.identity(), static_(["x", "a", "y"]), ABC)

    def test_a_long_list_of_missing_keys_is_cut(self) -> None:
        many = static_([f"k{n}" for n in range(25)])
        refuses("'k0', .* 'k9' and 15 more$", M.identity(), many, ABC)

    @pytest.mark.rule("partitions 6.2.6")
    def test_dynamic_definitions_share_their_namespace(self) -> None:
        assert reason(M.identity(), dynamic("n"), dynamic("n")) is None
        refuses("namespaces differ, downstream 'n', upstream 'm'", M.identity(), dynamic("n"), dynamic("m"))

    @pytest.mark.rule("partitions 6.2.6")
    def test_dimensions_have_the_same_names_in_any_order(self) -> None:
        turned = multi({"r": static_(["x", "y", "z"]), "d": static_(["1", "2"])})
        assert reason(M.identity(), GRID, turned) is None
        refuses(
            "dimensions differ, downstream 'd', 'r', upstream 'd', 'q'",
            *(M.identity(), GRID, multi({"d": static_(["1"]), "q": static_(["x"])})),
        )

    @pytest.mark.rule("partitions 6.2.6", "partitions 6.2.16")
    def test_each_dimension_is_checked_as_identity(self) -> None:
        refuses(
            "^in dimension 'r': identity: .* has not: 'y'$",
            *(M.identity(), GRID, multi({"d": static_(["1", "2"]), "r": static_(["x"])})),
        )

    @pytest.mark.rule("partitions 6.2.7")
    def test_time_windows_have_the_same_format(self) -> None:
        refuses(
            "same fmt, and downstream has '%Y-%m-%d', upstream '%Y%m%d'", M.identity(), DAYS, daily(JAN, fmt="%Y%m%d")
        )

    @pytest.mark.rule("partitions 6.2.7")
    def test_starts_ends_and_kinds_of_grid_may_differ(self) -> None:
        by_interval = PartitionsDefinition.time_window(
            datetime(2020, 5, 5), interval_seconds=86_400, fmt="%Y-%m-%d", end=datetime(2021, 1, 1)
        )
        assert reason(M.identity(), daily(JAN), by_interval) is None
        assert reason(M.identity(), by_interval, daily(JAN)) is None

    @pytest.mark.rule("partitions 6.2.7")
    def test_downstream_windows_start_on_the_upstream_grid(self) -> None:
        weekly = PartitionsDefinition.time_window(JAN, cron_schedule="@weekly", fmt="%Y-%m-%d")
        assert reason(M.identity(), weekly, daily(JAN)) is None
        refuses(
            r"starts at 2024-01-01 00:00:00 is not on the upstream grid, the time windows \(cron '@weekly'",
            *(M.identity(), daily(JAN), weekly),
        )


class TestStatic:
    @pytest.mark.rule("partitions 6.2.8")
    def test_every_key_is_one_of_the_downstream(self) -> None:
        refuses("'x' is not a partition key of the downstream: the static partitions", M.static_({"x": "a"}), ABC, ABC)
        refuses("'a' is not a partition key of the downstream", M.static_({"a": "a"}), GRID, ABC)

    @pytest.mark.rule("partitions 6.2.8")
    def test_every_target_is_one_of_the_upstream(self) -> None:
        refuses("'x', the target of 'a', is not a partition key of the upstream", M.static_({"a": "x"}), ABC, ABC)
        refuses("'2024-02-01', the target of 'a'.*nearest.*2024-01-31", M.static_({"a": "2024-02-01"}), ABC, DAYS)

    @pytest.mark.rule("partitions 6.2.8")
    def test_targets_may_be_windows(self) -> None:
        assert reason(M.static_({"a": "2024-01-31"}), ABC, DAYS) is None

    @pytest.mark.rule("partitions 6.2.12")
    def test_windows_that_are_still_to_come_are_accepted(self) -> None:
        assert reason(M.static_({"a": "8999-03-01"}), ABC, daily(JAN)) is None

    @pytest.mark.rule("partitions 6.2.8")
    def test_an_upstream_whose_keys_cannot_be_listed_is_refused(self) -> None:
        refuses("Static or TimeWindow, and 'up' is Dynamic", M.static_({"a": "a"}), ABC, dynamic("n"))
        refuses("Static or TimeWindow, and 'up' is Multi", M.static_({}), ABC, GRID)

    def test_a_downstream_may_be_dynamic(self) -> None:
        assert reason(M.static_({"anything": "a"}), dynamic("n"), ABC) is None

    def test_no_key_at_all_fits(self) -> None:
        assert reason(M.static_({}), ABC, ABC) is None


@pytest.mark.rule("partitions 6.2.9")
class TestTimeWindow:
    def test_the_side_that_is_no_time_window_is_named(self) -> None:
        refuses("the downstream 'down' is Static$", M.time_window(1), ABC, DAYS)
        refuses("the upstream 'up' is Dynamic$", M.time_window(1), DAYS, dynamic("n"))
        refuses("'down' is Static and the upstream 'up' is Multi$", M.time_window(1), ABC, GRID)

    def test_the_formats_are_equal(self) -> None:
        refuses("same fmt, and downstream has '%Y%m%d'", M.time_window(0), daily(JAN, fmt="%Y%m%d"), DAYS)

    def test_the_grids_may_differ(self) -> None:
        weekly = PartitionsDefinition.time_window(JAN, cron_schedule="@weekly", fmt="%Y-%m-%d")
        assert reason(M.time_window(-1), DAYS, weekly) is None


@pytest.mark.rule("partitions 6.2.10")
class TestSpecificPartitions:
    def test_every_key_is_valid_upstream(self) -> None:
        keys = [PartitionKey.single("a"), PartitionKey.single(["b", "x"])]
        refuses("specific_partitions: 'b,x' is not a partition key of", M.specific_partitions(keys), None, ABC)
        assert reason(M.specific_partitions([PartitionKey.multi({"d": "1", "r": ["x", "y"]})]), None, GRID) is None

    @pytest.mark.rule("partitions 6.2.12")
    def test_windows_that_are_still_to_come_are_accepted(self) -> None:
        assert reason(M.specific_partitions(["8999-03-01"]), None, daily(JAN)) is None

    def test_a_key_of_the_wrong_shape_is_refused(self) -> None:
        mapping = M.specific_partitions([PartitionKey.multi({"d": "1"})])
        refuses("'d=1' is not a partition key", mapping, None, ABC)
        refuses("'d=1' is not a partition key of .*'n', whose keys the store knows$", mapping, None, dynamic("n"))

    @pytest.mark.rule("partitions 6.2.12")
    def test_dynamic_keys_are_unknown_and_accepted(self) -> None:
        assert reason(EACH["specific_partitions"], None, dynamic("n")) is None


@pytest.mark.rule("partitions 6.2.11")
class TestForKeys:
    def test_key_selectors_are_downstream_keys(self) -> None:
        refuses("for_keys: 'x' is not a partition key of", M.for_keys([PartitionKey.single("x")]), ABC, None)

    def test_ranges_resolve(self) -> None:
        assert reason(M.for_keys([PartitionKeyRange.single("a", "c")]), ABC, None) is None
        refuses("for_keys: .*'x' is not a partition key", M.for_keys([PartitionKeyRange.single("a", "x")]), ABC, None)
        refuses("'c' is after to_key 'a'", M.for_keys([PartitionKeyRange.single("c", "a")]), ABC, None)

    def test_a_range_of_dynamic_keys_is_accepted_since_they_are_unknown(self) -> None:
        assert reason(M.for_keys([PartitionKeyRange.single("a", "c")]), dynamic("n"), None) is None
        grid = multi({"d": static_(["1", "2"]), "r": dynamic("n")})
        assert reason(M.for_keys([PartitionKeyRange.multi({"d": ["1"], "r": ("a", "c")})]), grid, None) is None
        refuses("'c' is after to_key 'a' in", M.for_keys([PartitionKeyRange.single("c", "a")]), dynamic("n"), None)


@pytest.mark.rule("partitions 6.2.13")
class TestSubset:
    def test_both_are_of_one_variant(self) -> None:
        refuses("subset needs .*downstream is Static, upstream is TimeWindow", M.subset(), ABC, DAYS)

    def test_static_upstream_keys_are_downstream_keys(self) -> None:
        assert reason(M.subset(), ABC, static_(["b"])) is None
        refuses("upstream keys that the downstream has not: 'x', 'y'$", M.subset(), ABC, static_(["x", "a", "y"]))

    def test_windows_and_dynamic_keys_need_nothing_more(self) -> None:
        assert reason(M.subset(), DAYS, daily(datetime(2024, 1, 20))) is None
        assert reason(M.subset(), dynamic("n"), dynamic("m")) is None

    def test_each_dimension_is_checked_as_a_subset(self) -> None:
        assert reason(M.subset(), GRID, multi({"r": static_(["x"]), "d": static_(["2"])})) is None
        refuses(
            "^in dimension 'r': subset: .*'z'$",
            *(M.subset(), GRID, multi({"d": static_(["1"]), "r": static_(["z"])})),
        )
        refuses("subset: the dimensions differ", M.subset(), GRID, multi({"d": static_(["1"])}))


@pytest.mark.rule("partitions 6.2.14")
class TestMulti:
    def test_both_sides_have_dimensions(self) -> None:
        refuses("downstream is Static, upstream is Multi", EACH["multi"], ABC, GRID)
        refuses("downstream is Multi, upstream is TimeWindow", EACH["multi"], GRID, DAYS)

    def test_every_upstream_dimension_is_mapped(self) -> None:
        refuses("missing upstream dimension 'r'", M.multi({"d": M.identity()}), GRID, GRID)

    def test_an_unknown_dimension_is_named(self) -> None:
        refuses(
            "unknown upstream dimension 'q'; there are 'd', 'r'",
            *(M.multi({"d": M.identity(), "r": M.identity(), "q": ("d", M.identity())}), GRID, GRID),
        )
        refuses(
            "unknown downstream dimension 'q'; there are 'd', 'r'",
            *(M.multi({"d": ("q", M.identity()), "r": M.identity()}), GRID, GRID),
        )
        refuses(
            "unknown downstream dimension 'z'",
            *(M.multi({"z": M.identity()}), GRID, multi({"z": static_(["1"])})),
        )

    @pytest.mark.rule("partitions 6.2.16")
    def test_inner_mappings_are_checked_in_their_dimension(self) -> None:
        refuses(
            "^in dimension 'r': static_: 'q', the target of 'x'",
            *(M.multi({"d": M.identity(), "r": M.static_({"x": "q"})}), GRID, GRID),
        )
        refuses(
            "^in dimension 'd': time_window needs",
            *(M.multi({"d": M.time_window(1), "r": M.identity()}), GRID, GRID),
        )
        refuses(
            "^in dimension 'd': specific_partitions is for a downstream without partitions",
            *(M.multi({"d": EACH["specific_partitions"] or M.identity(), "r": M.identity()}), GRID, GRID),
        )

    def test_dimensions_may_be_paired_under_other_names_and_left_out(self) -> None:
        upstream = multi({"day": static_(["1", "2"])})
        assert reason(M.multi({"day": ("d", M.identity())}), GRID, upstream) is None


@pytest.mark.rule("partitions 6.2.15")
class TestMultiToSingle:
    @pytest.mark.parametrize(("downstream", "upstream"), [(GRID, GRID), (ABC, DAYS)])
    def test_exactly_one_side_has_dimensions(
        self, downstream: PartitionsDefinition, upstream: PartitionsDefinition
    ) -> None:
        refuses(
            f"exactly one side, and downstream is {downstream.variant}, upstream is {upstream.variant}",
            *(M.multi_to_single("d"), downstream, upstream),
        )

    def test_the_dimension_exists(self) -> None:
        refuses("no dimension 'q'; available dimensions: 'd', 'r'", M.multi_to_single("q"), GRID, static_(["1"]))
        refuses("no dimension 'q'; available dimensions: 'd', 'r'", M.multi_to_single("q"), static_(["1"]), GRID)

    def test_the_inner_mapping_is_checked_on_that_dimension(self) -> None:
        assert reason(M.multi_to_single("r", M.static_({"a": "x"})), ABC, GRID) is None
        assert reason(M.multi_to_single("r", M.static_({"x": "a"})), GRID, ABC) is None
        refuses("^in dimension 'd': identity: .* has not: 'a', 'b', 'c'$", M.multi_to_single("d"), ABC, GRID)
        refuses("^in dimension 'd': identity: .* has not: '1', '2'$", M.multi_to_single("d"), GRID, ABC)
        refuses(
            "^in dimension 'd': specific_partitions",
            *(M.multi_to_single("d", EACH["specific_partitions"]), ABC, GRID),
        )
