"""Which tests hold which rule of the specification of partitions.

A rule is named by its section, then its number, row or sentence. Every rule has at least one test, and every test that
is named exists: whoever renames one is told here.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

KEYS = {
    "1 not constructible, nested variants": [
        "test_keys::test_a_key_cannot_be_constructed_itself",
        "test_keys::test_variants_are_nested_and_are_keys",
    ],
    "1 single of a text": ["test_keys::test_a_single_key_lists_its_value"],
    "1 single of a list is sorted": ["test_keys::test_values_are_held_sorted_with_their_duplicates"],
    "1 single of an empty list": ["test_keys::test_no_values_are_refused"],
    "1 single of another type": ["test_keys::test_other_types_are_refused"],
    "1 single of any text": ["test_keys::test_any_text_is_accepted_at_construction"],
    "1 multi": ["test_keys::test_a_multi_key_holds_a_list_for_every_dimension"],
    "1 multi of an empty dict": ["test_keys::test_no_values_are_refused"],
    "1 multi of an empty dimension": ["test_keys::test_no_values_are_refused"],
    "1 multi of another type": [
        "test_keys::test_other_types_are_refused",
        "test_keys::test_a_multi_key_is_made_of_a_dict_with_names",
    ],
    "1.1 equality and hash": [
        "test_keys::test_keys_are_equal_and_hash_alike_by_content",
        "test_keys::test_a_key_is_never_equal_to_its_text",
        "test_keys::test_copies_and_pickles_are_equal",
    ],
    "1.2 canonical text": [
        "test_keys::test_the_canonical_text",
        "test_static::test_the_canonical_text_leads_back_to_the_key",
        "test_products::test_the_canonical_text_leads_back_to_the_key",
    ],
    "1.3 repr": ["test_keys::test_the_repr"],
    "1.4 JSON": [
        "test_keys::test_json_is_compact",
        "test_keys::test_json_leads_back_to_the_key",
        "test_keys::test_other_json_is_refused",
        "test_keys::test_json_must_be_text",
    ],
    "1.5 product of the values": [
        "test_keys::test_several_values_denote_their_product",
        "test_keys::test_concrete_keys_are_distinct_and_stand_for_themselves",
    ],
}

RANGES = {
    "2 single": ["test_ranges::test_a_range_of_one_dimension_has_two_ends"],
    "2 multi, pairs and lists": ["test_ranges::test_a_pair_is_a_range_and_anything_longer_or_shorter_a_list"],
    "2 equality and hash": ["test_ranges::test_ranges_are_equal_and_hash_alike_by_content"],
    "2 empty dict": ["test_ranges::test_a_range_without_dimensions_is_refused"],
    "2 other types": ["test_ranges::test_other_types_are_refused_naming_the_dimension"],
    "2 no order check": ["test_ranges::test_a_range_of_one_dimension_has_two_ends"],
    "2 both ends, static in declared order": [
        "test_static::test_a_range_follows_the_declared_order",
        "test_static::test_a_range_holds_its_ends_and_what_lies_between",
    ],
    "2 both ends, time in order": ["test_time_windows::test_a_range_holds_its_ends_and_what_lies_between"],
    "2 unknown endpoint": [
        "test_static::test_an_unknown_end_of_a_range_is_named",
        "test_time_windows::test_an_unknown_end_of_a_range_is_named_with_its_neighbours",
        "test_dynamic::test_a_range_lies_between_registered_keys",
    ],
    "2 inverted": [
        "test_static::test_an_inverted_range_names_both_ends",
        "test_time_windows::test_an_inverted_range_names_both_ends",
    ],
    "2 product of dimensions": [
        "test_products::test_a_multi_range_is_the_product_of_its_dimensions",
        "test_products::test_a_range_that_does_not_fit_says_where",
    ],
}

DEFINITIONS = {
    "3 variants nested": ["test_definitions::test_variants_are_nested_and_are_definitions"],
    "3 equality, unhashable": [
        "test_definitions::test_definitions_are_equal_by_content_and_unhashable",
        "test_static::test_definitions_are_equal_by_content_and_unhashable",
        "test_time_windows::test_definitions_are_equal_by_content_and_unhashable",
        "test_products::test_the_order_of_dimensions_matters_for_equality",
    ],
    "3 raw constructors skip checks, check() makes up": [
        "test_static::test_the_raw_constructor_checks_nothing_until_it_is_asked",
        "test_time_windows::test_the_raw_constructor_checks_nothing_until_it_is_asked",
        "test_products::test_what_cannot_be_dimensions_is_refused",
        "test_dynamic::test_an_empty_name_is_refused",
    ],
    "3 reserved characters": [
        "test_static::test_what_cannot_be_a_key_is_refused",
        "test_products::test_what_cannot_be_dimensions_is_refused",
    ],
    "3.1 static_": [
        "test_static::test_keys_keep_their_order_and_drop_duplicates",
        "test_static::test_what_cannot_be_a_key_is_refused",
        "test_static::test_only_a_list_of_text_is_taken",
    ],
    "3.1 daily": ["test_time_windows::test_daily_windows_have_a_cron_expression_and_a_format"],
    "3.1 hourly": ["test_time_windows::test_hourly_windows_have_a_cron_expression_and_a_format"],
    "3.1 time_window": [
        "test_time_windows::test_other_windows_have_one_format_unless_another_is_given",
        "test_time_windows::test_either_a_cron_expression_or_an_interval_is_given",
        "test_time_windows::test_a_bad_cron_expression_is_named",
        "test_time_windows::test_a_bad_interval_is_named",
        "test_time_windows::test_an_interval_may_be_as_short_as_a_nanosecond",
        "test_time_windows::test_a_cron_start_with_a_fraction_of_a_second_is_named",
    ],
    "3.1 multi": [
        "test_products::test_dimensions_are_listed_in_declared_order",
        "test_products::test_what_cannot_be_dimensions_is_refused",
        "test_products::test_a_dimension_is_a_definition_and_not_the_name_of_one",
    ],
    "3.1 dynamic": [
        "test_dynamic::test_a_dynamic_definition_has_a_name",
        "test_dynamic::test_an_empty_name_is_refused",
    ],
    "3.1 naive start and end": ["test_time_windows::test_start_and_end_are_naive_datetimes"],
    "3.1 end before start": ["test_time_windows::test_an_end_that_is_not_after_the_start_gives_no_keys"],
    "3.2.1 grid": [
        "test_time_windows::test_windows_start_with_the_first_tick_at_or_after_the_start",
        "test_time_windows::test_intervals_are_counted_from_the_start",
        "test_grids::test_a_cron_grid_has_the_starts_that_croniter_finds",
        "test_grids::test_an_interval_grid_has_the_starts_that_stepping_finds",
    ],
    "3.2.2 half-open windows, formatted starts": [
        "test_time_windows::test_a_window_is_half_open_until_the_next_tick",
        "test_key_formats::test_a_directive_writes_what_strftime_writes",
    ],
    "3.2.3 upper bound": [
        "test_time_windows::test_an_end_is_exclusive_even_in_the_future",
        "test_time_windows::test_without_an_end_the_window_that_has_not_ended_is_included",
        "test_time_windows::test_a_start_in_the_future_has_no_keys",
        "test_time_windows::test_one_new_key_when_now_passes_a_boundary",
        "test_time_windows::test_keys_appear_one_by_one_as_now_passes_starts",
    ],
    "3.2.3 local wall clock": ["test_time_windows::test_the_hosts_wall_clock_is_taken_when_no_moment_is_given"],
    "3.2.4 naive timeline": ["test_time_windows::test_days_on_which_clocks_change_are_days_like_others"],
    "3.2.5 cron": [
        "test_time_windows::test_every_kind_of_cron_expression_makes_windows",
        "test_time_windows::test_a_bad_cron_expression_is_named",
    ],
    "3.2.6 format check": [
        "test_time_windows::test_a_format_that_does_not_tell_windows_apart_is_refused",
        "test_time_windows::test_a_format_that_tells_windows_apart_is_taken",
        "test_time_windows::test_the_format_is_tried_on_four_years_only",
        "test_key_formats::test_missing_fields_count_as_the_earliest",
        "test_key_formats::test_what_is_seen_to_tell_moments_apart_does",
    ],
    "3.2 example": ["test_time_windows::test_the_example_of_the_specification"],
    "3.3 get_partition_keys, static": ["test_static::test_keys_keep_their_order_and_drop_duplicates"],
    "3.3 get_partition_keys, time": ["test_time_windows::test_answers_agree_with_the_list_of_keys"],
    "3.3 get_partition_keys, multi": ["test_products::test_the_last_dimension_varies_fastest"],
    "3.3 get_partition_keys, dynamic": [
        "test_dynamic::test_enumerating_without_the_registered_keys_is_not_implemented",
        "test_products::test_a_dynamic_dimension_cannot_be_enumerated_without_its_keys",
    ],
    "3.3 validate_partition_key, static": ["test_static::test_a_member_is_a_single_key_whose_every_value_is_listed"],
    "3.3 validate_partition_key, windows": [
        "test_time_windows::test_a_member_is_written_exactly_on_the_grid_and_in_range"
    ],
    "3.3 validate_partition_key, multi": ["test_products::test_a_member_has_exactly_the_dimensions_with_valid_values"],
    "3.3 validate_partition_key, dynamic": ["test_dynamic::test_any_single_key_is_valid_until_the_store_is_asked"],
    "3.3 validate_partition_key, other types": ["test_static::test_only_a_key_is_validated"],
    "3.4 registered keys are given as data": [
        "test_dynamic::test_with_the_registered_keys_only_those_are_members",
        "test_dynamic::test_registered_keys_come_in_the_order_of_their_text",
    ],
}

CONTEXT = {
    "4 keys, key, definition": ["test_context::test_a_context_has_its_keys_the_first_of_them_and_the_definition"],
    "4 empty": ["test_context::test_a_context_without_keys_is_refused"],
    "4 time_window": [
        "test_context::test_the_window_of_the_only_key_is_half_open",
        "test_context::test_there_is_no_window_otherwise",
    ],
    "4 unparsable key": ["test_context::test_a_key_that_cannot_be_parsed_is_named_with_the_format"],
}

MAPPINGS = {
    "6 nested variants, content equality, unhashable": [
        "test_mappings::test_a_mapping_has_its_variant_and_attributes",
        "test_mappings::test_mappings_are_equal_by_content_and_by_nothing_else",
        "test_mappings::test_mappings_are_unhashable",
    ],
    "6 construction faults": [
        "test_mappings::test_empty_mappings_are_refused",
        "test_mappings::test_a_mapping_of_several_dimensions_holds_only_mappings_of_one",
        "test_mappings::test_the_wrong_type_is_named",
    ],
    "6.1 neither side partitioned": [
        "test_mapping_checks::TestWhichMappingsAreValid.test_between_two_without_partitions_only_none_and_identity",
        "test_mapping_keys::TestWithoutPartitionsOnOneSide.test_between_two_without_partitions_all_is_loaded",
    ],
    "6.1 downstream partitioned": [
        "test_mapping_checks::TestWhichMappingsAreValid.test_from_a_partitioned_downstream_to_one_without",
        "test_mapping_keys::TestWithoutPartitionsOnOneSide.test_an_upstream_without_partitions_is_loaded_whole",
    ],
    "6.1 upstream partitioned": [
        "test_mapping_checks::TestWhichMappingsAreValid.test_from_a_downstream_without_partitions_a_mapping_is_required",
    ],
    "6.1 both partitioned": [
        "test_mapping_checks::TestWhichMappingsAreValid.test_between_two_with_partitions",
        "test_mapping_checks::TestWhichMappingsAreValid.test_between_two_with_partitions_not_every_mapping_fits",
        "test_mapping_checks::TestWhichMappingsAreValid.test_without_a_mapping_the_conditions_are_those_of_identity",
    ],
    "6.2 identity, variants": ["test_mapping_checks::TestIdentity.test_both_variants_are_named"],
    "6.2 identity, static": ["test_mapping_checks::TestIdentity.test_every_static_downstream_key_exists_upstream"],
    "6.2 identity, dynamic": ["test_mapping_checks::TestIdentity.test_dynamic_definitions_share_their_namespace"],
    "6.2 identity, multi": [
        "test_mapping_checks::TestIdentity.test_dimensions_have_the_same_names_in_any_order",
        "test_mapping_checks::TestIdentity.test_each_dimension_is_checked_as_identity",
    ],
    "6.2 identity, time": [
        "test_mapping_checks::TestIdentity.test_time_windows_have_the_same_format",
        "test_mapping_checks::TestIdentity.test_starts_ends_and_kinds_of_grid_may_differ",
        "test_mapping_checks::TestIdentity.test_downstream_windows_start_on_the_upstream_grid",
        "test_grid_alignment::test_within_an_end_the_answer_is_what_walking_every_window_finds",
        "test_grid_alignment::test_without_an_end_the_windows_of_a_generation_agree",
    ],
    "6.2 identity, run time": [
        "test_mapping_keys::TestIdentity.test_the_key_stays_the_same",
        "test_mapping_keys::TestIdentity.test_a_key_before_the_upstream_began_names_key_and_upstream",
    ],
    "6.2 static_, conditions": [
        "test_mapping_checks::TestStatic.test_every_key_is_one_of_the_downstream",
        "test_mapping_checks::TestStatic.test_every_target_is_one_of_the_upstream",
        "test_mapping_checks::TestStatic.test_targets_may_be_windows",
        "test_mapping_checks::TestStatic.test_an_upstream_whose_keys_cannot_be_listed_is_refused",
    ],
    "6.2 static_, run time": [
        "test_mapping_keys::TestStatic.test_the_key_beside_it_is_loaded",
        "test_mapping_keys::TestStatic.test_a_key_that_is_not_in_the_mapping_is_named_with_its_asset",
    ],
    "6.2 time_window, conditions": [
        "test_mapping_checks::TestTimeWindow.test_the_side_that_is_no_time_window_is_named",
        "test_mapping_checks::TestTimeWindow.test_the_formats_are_equal",
    ],
    "6.2 time_window, run time": [
        "test_mapping_keys::TestTimeWindow.test_windows_are_counted_on_the_grid",
        "test_mapping_keys::TestTimeWindow.test_a_window_outside_the_upstream_names_offset_key_and_range",
        "test_mapping_keys::TestTimeWindow.test_every_key_of_a_batch_is_mapped",
    ],
    "6.2 all_partitions": [
        "test_mapping_keys::TestAllPartitions.test_a_partitioned_downstream_loads_the_upstream_whole",
        "test_mapping_keys::TestWithoutPartitionsOnOneSide.test_a_downstream_without_partitions_loads_all_as_one",
    ],
    "6.2 specific_partitions": [
        "test_mapping_checks::TestSpecificPartitions.test_every_key_is_valid_upstream",
        "test_mapping_keys::TestWithoutPartitionsOnOneSide.test_specific_partitions_are_one_key_with_all_values",
    ],
    "6.2 subset": [
        "test_mapping_checks::TestSubset.test_both_are_of_one_variant",
        "test_mapping_checks::TestSubset.test_static_upstream_keys_are_downstream_keys",
        "test_mapping_keys::TestSubset.test_the_same_key_where_the_upstream_has_it_and_nothing_where_not",
    ],
    "6.2 for_keys": [
        "test_mapping_checks::TestForKeys.test_key_selectors_are_downstream_keys",
        "test_mapping_checks::TestForKeys.test_ranges_resolve",
        "test_mapping_keys::TestForKeys.test_a_matching_key_loads_the_whole_upstream_and_another_none_of_it",
        "test_mapping_keys::TestForKeys.test_any_member_of_a_selector_of_several_values_matches",
        "test_key_selection::test_a_key_is_selected_when_the_selectors_resolve_to_it",
    ],
    "6.2 multi, conditions": [
        "test_mapping_checks::TestMulti.test_both_sides_have_dimensions",
        "test_mapping_checks::TestMulti.test_every_upstream_dimension_is_mapped",
        "test_mapping_checks::TestMulti.test_an_unknown_dimension_is_named",
        "test_mapping_checks::TestMulti.test_inner_mappings_are_checked_in_their_dimension",
    ],
    "6.2 multi, run time": [
        "test_mapping_keys::TestMulti.test_each_upstream_dimension_takes_its_paired_value_through_its_mapping",
        "test_mapping_keys::TestMulti.test_all_partitions_are_all_values_of_that_dimension_in_the_upstream_order",
    ],
    "6.2 multi_to_single, conditions": [
        "test_mapping_checks::TestMultiToSingle.test_exactly_one_side_has_dimensions",
        "test_mapping_checks::TestMultiToSingle.test_the_dimension_exists",
        "test_mapping_checks::TestMultiToSingle.test_the_inner_mapping_is_checked_on_that_dimension",
    ],
    "6.2 multi_to_single, run time": [
        "test_mapping_keys::TestMultiToSingle.test_of_an_upstream_with_dimensions_all_values_of_the_others_are_loaded",
        "test_mapping_keys::TestMultiToSingle.test_of_a_downstream_with_dimensions_the_value_of_one_is_loaded",
        "test_mapping_keys::TestMultiToSingle.test_values_go_through_the_inner_mapping",
        "test_mapping_keys::TestMultiToSingle.test_a_batch_loads_the_distinct_values",
    ],
    "6.2 batches are mapped and de-duplicated": [
        "test_mapping_keys::TestStatic.test_keys_that_meet_are_loaded_once",
        "test_mapping_keys::TestIdentity.test_a_batch_keeps_its_order_and_each_key_once",
    ],
    "6.2 one rule for a whole batch": [
        "test_mapping_keys::TestSubset.test_a_batch_is_loaded_only_when_the_upstream_has_every_key",
        "test_mapping_keys::TestForKeys.test_a_batch_loads_only_when_every_key_matches",
    ],
    "6.2 faults of a dimension say which": [
        "test_mapping_keys::TestMulti.test_a_fault_names_the_key_and_the_dimension",
        "test_mapping_keys::TestMultiToSingle.test_a_fault_names_the_dimension",
    ],
    "issue: forward then backward covers": [
        "test_mapping_effects::test_going_forward_and_then_backward_covers_the_keys_one_began_with",
        "test_mapping_effects::test_a_key_is_reached_exactly_by_the_keys_it_loads",
    ],
}

ERRORS = {
    "8 invalid definition, key or range construction": [
        "test_static::test_what_cannot_be_a_key_is_refused",
        "test_keys::test_no_values_are_refused",
        "test_ranges::test_a_range_without_dimensions_is_refused",
        "test_time_windows::test_other_types_are_refused",
    ],
    "8 enumerating dynamic": ["test_dynamic::test_enumerating_without_the_registered_keys_is_not_implemented"],
    "8 empty PartitionContext": ["test_context::test_a_context_without_keys_is_refused"],
    "8 messages name the definition and the nearest keys": [
        "test_static::test_an_absence_is_explained_with_the_definition_and_the_nearest_keys",
        "test_time_windows::test_the_nearest_keys_are_neighbours_in_time",
        "test_products::test_the_nearest_keys_keep_what_is_right",
        "test_products::test_an_absence_names_each_dimension",
        "test_dynamic::test_the_nearest_keys_are_registered_ones",
    ],
}

BUDGETS = {
    "issue: arithmetic instead of enumeration": [
        "test_time_windows::test_a_grid_of_billions_of_windows_answers_without_enumerating_them",
        "test_grids::test_a_grid_of_thousands_of_years_is_not_walked",
        "test_products::test_a_product_of_ten_dimensions_is_never_built_to_answer",
    ],
}

RULES: dict[str, list[str]] = {**KEYS, **RANGES, **DEFINITIONS, **CONTEXT, **MAPPINGS, **ERRORS, **BUDGETS}


@cache
def names_in(module: str) -> frozenset[str]:
    """The names of the test functions of a module of this folder; those in a class after its name."""
    tree = ast.parse((HERE / f"{module}.py").read_text(encoding="utf-8"))
    scopes: list[tuple[str, list[ast.stmt]]] = [("", tree.body)]
    scopes += [(f"{node.name}.", node.body) for node in tree.body if isinstance(node, ast.ClassDef)]
    return frozenset(
        f"{prefix}{node.name}" for prefix, body in scopes for node in body if isinstance(node, ast.FunctionDef)
    )


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_test(rule: str) -> None:
    assert RULES[rule]
    for test in RULES[rule]:
        module, _, name = test.partition("::")
        assert name in names_in(module), f"{rule}: there is no {test}"


def test_no_rule_is_listed_twice() -> None:
    assert len(RULES) == sum(map(len, (KEYS, RANGES, DEFINITIONS, CONTEXT, MAPPINGS, ERRORS, BUDGETS)))
