"""The tests that hold each rule of the specification of partitions.

A rule is named by its section, then its number, row or sentence. Every rule has at least one test, and every test that
is named exists, so that renaming one fails here.
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
        "test_overlap::test_within_an_end_the_answer_is_what_walking_every_window_finds",
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
    "8 invalid mapping construction": [
        "test_mappings::test_empty_mappings_are_refused",
        "test_mappings::test_the_wrong_type_is_named",
    ],
    "8 invalid definition at resolve": [
        "spec/test_partitions_registered::test_a_definition_that_was_built_raw_is_checked_when_it_is_used",
    ],
    "8 mapping not valid between two definitions": [
        "spec/test_partitions_registered::test_a_mapping_that_does_not_fit_is_refused_naming_both_assets",
    ],
    "8 outputs of a multi-asset": [
        "spec/test_partitions_kinds::test_outputs_of_another_variant_or_without_a_common_key_are_a_value_error_that_names_both",
    ],
    "8 key invalid for an asset": [
        "spec/test_partitions_running::test_a_key_that_an_asset_does_not_have_is_refused_by_name_with_the_nearest",
        "spec/test_partitions_running::test_the_partition_that_is_wrong_in_a_batch_is_named",
        "spec/test_partitions_running::test_anything_but_a_key_is_a_type_error",
    ],
    "8 missing key": [
        "spec/test_partitions_running::test_partitioned_assets_without_a_key_are_refused_by_name",
    ],
    "8 key given for an unpartitioned node": [
        "spec/test_partitions_running::test_a_key_of_a_plan_with_an_unpartitioned_node_is_refused_by_name",
    ],
    "8 load_node with a key outside of the definition": [
        "spec/test_partitions_running::test_load_node_takes_a_key_of_the_node_and_no_other",
    ],
    "8 shift out of range": [
        "spec/test_partitions_mappings::test_a_key_that_leads_nowhere_fails_the_step_and_names_what_it_is",
    ],
    "8 unknown named definition": [
        "spec/test_partitions_registered::test_an_unknown_name_is_refused_with_the_registered_ones",
    ],
    "8 messages name the definition and the nearest keys": [
        "test_static::test_an_absence_is_explained_with_the_definition_and_the_nearest_keys",
        "test_time_windows::test_the_nearest_keys_are_neighbours_in_time",
        "test_products::test_the_nearest_keys_keep_what_is_right",
        "test_products::test_an_absence_names_each_dimension",
        "test_dynamic::test_the_nearest_keys_are_registered_ones",
    ],
}

REGISTERED = {
    "3.4 keys are managed on the storage": [
        "spec/test_partitions_registered::test_a_dynamic_key_runs_as_soon_as_it_is_registered_and_no_longer_than_that",
        "spec/test_partitions_registered::test_namespaces_are_apart",
    ],
    "3.4 a bad key": [
        "spec/test_partitions_registered::test_a_dynamic_key_that_cannot_be_one_is_refused",
    ],
    "3.4 a key that is not registered": [
        "spec/test_partitions_registered::test_a_dynamic_key_runs_as_soon_as_it_is_registered_and_no_longer_than_that",
        "spec/test_partitions_registered::test_the_key_of_a_batch_that_is_not_registered_is_named",
        "spec/test_partitions_registered::test_a_dynamic_dimension_is_checked_against_the_store",
    ],
    "3.5 named definitions": [
        "spec/test_partitions_registered::test_a_definition_is_known_by_its_name_wherever_one_is_taken",
    ],
    "3.5 what is registered": [
        "spec/test_partitions_registered::test_what_is_registered_must_be_a_definition",
    ],
    "3.5 an unknown name": [
        "spec/test_partitions_registered::test_an_unknown_name_is_refused_with_the_registered_ones",
    ],
    "3.2.3 the injected clock when something runs": [
        "spec/test_partitions_over_time::test_a_key_is_valid_from_the_moment_its_window_begins",
        "spec/test_partitions_over_time::test_hours_are_counted_on_the_wall_of_the_scenario",
        "spec/test_partitions_over_time::test_load_node_knows_the_windows_of_the_moment",
        "spec/test_partitions_over_time::test_what_is_launched_at_midnight_runs_for_the_day_that_begins",
    ],
}

RUNNING = {
    "5.1 a key of every planned node": [
        "spec/test_partitions_running::test_the_function_is_told_the_key_and_the_value_is_loaded_by_it",
        "spec/test_partitions_running::test_a_key_must_be_one_of_every_planned_asset",
        "spec/test_partitions_running::test_a_key_that_an_asset_does_not_have_is_refused_by_name_with_the_nearest",
        "spec/test_partitions_running::test_every_step_of_a_chain_runs_for_the_key",
    ],
    "5.1 the context": [
        "spec/test_partitions_running::test_the_context_of_a_step_tells_key_keys_definition_and_window",
    ],
    "5.1 several dimensions": [
        "spec/test_partitions_running::test_the_key_of_several_dimensions_is_told_as_it_is_and_is_no_single_text",
    ],
    "5.1 jobs": [
        "spec/test_partitions_running::test_a_job_runs_its_members_for_a_key",
        "spec/test_partitions_running::test_a_partitioned_job_needs_a_key_of_every_member",
    ],
    "5.2 no key": [
        "spec/test_partitions_running::test_partitioned_assets_without_a_key_are_refused_by_name",
        "spec/test_partitions_in_graphs::test_a_graph_without_a_key_is_refused_by_its_own_name",
    ],
    "5.3 an unpartitioned node in the plan": [
        "spec/test_partitions_running::test_a_key_of_a_plan_with_an_unpartitioned_node_is_refused_by_name",
        "spec/test_partitions_running::test_what_is_partitioned_and_what_is_not_run_apart",
        "spec/test_partitions_running::test_the_unpartitioned_upstream_may_not_be_pulled_into_a_run_with_a_key",
        "spec/test_partitions_in_graphs::test_a_graph_without_partitions_is_refused_by_its_own_name_and_its_inside_by_its_own",
        "spec/test_partitions_kinds::test_a_command_on_its_own_has_no_partitions",
    ],
    "5.3 an unpartitioned upstream outside of the plan": [
        "spec/test_partitions_running::test_an_unpartitioned_upstream_outside_of_the_plan_is_loaded_whole",
    ],
    "5.4 one batched step": [
        "spec/test_partitions_batches::test_a_key_of_several_values_is_one_step_for_all_of_them",
        "spec/test_partitions_batches::test_a_batch_of_a_multi_asset_is_told_for_every_output",
        "spec/test_partitions_in_graphs::test_a_batch_of_a_graph_runs_each_task_once_for_all_keys",
    ],
    "5.4 keys that are no product": ["spec/test_partitions_batches::test_a_set_of_keys_is_one_batch"],
    "5.4 partition_key, has_partition_key, window": [
        "spec/test_partitions_batches::test_a_batch_has_keys_but_no_single_key_and_no_window",
    ],
    "5.4 one Materialization event per key": [
        "spec/test_partitions_batches::test_the_keys_of_a_batch_share_value_version_moment_and_metadata",
        "spec/test_partitions_batches::test_a_registered_version_is_that_of_every_key",
    ],
    "5.5 marked keys": [
        "spec/test_partitions_batches::test_marked_keys_fail_alone_and_the_step_succeeds",
        "spec/test_partitions_batches::test_a_key_of_several_dimensions_can_be_marked",
        "spec/test_partitions_batches::test_the_only_key_of_a_step_can_be_marked",
        "spec/test_partitions_in_workers::test_marked_keys_metadata_and_version_come_back_from_a_worker",
        "spec/test_partitions_again::test_a_step_with_marked_keys_succeeded_and_is_not_done_again",
        "spec/test_partitions_again::test_a_step_with_marked_keys_is_a_success_to_hooks",
    ],
    "5.5 every key marked": [
        "spec/test_partitions_batches::test_marking_every_key_leaves_the_step_successful",
    ],
    "5.5 another key": [
        "spec/test_partitions_batches::test_a_key_that_is_not_of_the_step_cannot_be_marked",
    ],
    "5.5 marks of a failed attempt": [
        "spec/test_partitions_batches::test_what_was_marked_before_a_step_failed_as_a_whole_makes_no_difference",
        "spec/test_partitions_batches::test_what_was_marked_in_a_failed_attempt_is_forgotten_in_the_next",
    ],
    "5.6 write contexts": [
        "spec/test_partitions_handlers::test_a_handler_is_told_keys_and_definition_of_the_side_it_serves",
        "spec/test_partitions_batches::test_the_handler_is_called_once_for_a_batch_and_told_all_keys",
        "spec/test_partitions_kinds::test_each_output_is_stored_with_its_own_definition",
    ],
    "5.6 read contexts": [
        "spec/test_partitions_handlers::test_a_handler_is_told_keys_and_definition_of_the_side_it_serves",
        "spec/test_partitions_handlers::test_the_handler_of_an_input_is_told_the_mapped_keys",
        "spec/test_partitions_mappings::test_the_handler_that_loads_is_told_the_definition_of_the_upstream",
    ],
    "5.6 the unpartitioned side": [
        "spec/test_partitions_handlers::test_the_unpartitioned_side_is_told_of_no_partition",
    ],
    "5.7 load_node": [
        "spec/test_partitions_running::test_load_node_takes_a_key_of_the_node_and_no_other",
        "spec/test_partitions_running::test_load_node_of_a_partitioned_node_without_a_key_asks_for_no_partition",
    ],
    "5.7 get_materialized_partitions": [
        "spec/test_partitions_running::test_the_partitions_that_there_are_and_the_newest_of_each_can_be_asked_for",
    ],
    "5.8 multi-assets": [
        "spec/test_partitions_kinds::test_a_key_must_be_one_of_every_selected_output",
        "spec/test_partitions_kinds::test_outputs_without_partitions_run_apart_from_those_with",
        "spec/test_partitions_kinds::test_what_a_generator_yields_is_stored_under_the_key_at_once",
        "spec/test_partitions_kinds::test_an_output_that_fails_fails_for_its_key_alone",
    ],
    "5.9 graph assets": [
        "spec/test_partitions_in_graphs::test_the_inside_of_a_graph_runs_with_its_key_and_is_loaded_by_it",
        "spec/test_partitions_in_graphs::test_the_mapping_of_a_graph_is_that_of_the_task_which_consumes_the_upstream",
        "spec/test_partitions_in_graphs::test_a_command_runs_for_the_key_of_its_graph",
    ],
    "5.9 fan-out": [
        "spec/test_partitions_in_graphs::test_every_instance_of_a_fan_out_runs_for_the_key_and_is_collected_by_it",
        "spec/test_partitions_in_graphs::test_the_names_of_the_instances_are_those_of_the_elements_of_the_key",
        "spec/test_partitions_in_graphs::test_elements_of_partitions_whose_keys_differ_are_named_by_position",
        "spec/test_partitions_in_graphs::test_instances_are_named_after_what_is_loaded_though_the_source_runs_too",
        "spec/test_partitions_in_graphs::test_an_instance_that_fails_fails_for_the_key",
        "spec/test_partitions_in_workers::test_instances_of_a_fan_out_have_the_key_in_workers",
    ],
    "5.10 self-dependency": [
        "spec/test_partitions_kinds::test_the_previous_value_is_that_of_the_same_key",
        "spec/test_partitions_kinds::test_the_previous_value_of_a_batch_is_asked_for_all_its_keys",
    ],
    "5.10 tasks": [
        "spec/test_partitions_kinds::test_a_standalone_task_runs_for_a_key_and_is_told_its_window",
        "spec/test_partitions_kinds::test_a_partitioned_task_in_a_job_needs_a_key",
    ],
    "issue: external assets": [
        "spec/test_partitions_kinds::test_an_external_asset_is_loaded_by_the_key_and_observed_for_it",
        "spec/test_partitions_kinds::test_a_batch_is_observed_for_every_key",
        "spec/test_partitions_kinds::test_observe_has_no_key_and_looks_at_the_whole",
    ],
    "issue: workers and coroutines": [
        "spec/test_partitions_in_workers::test_the_keys_reach_the_worker_and_the_value_is_stored_there",
        "spec/test_partitions_in_workers::test_the_window_of_the_key_is_told_in_a_worker",
        "spec/test_partitions_in_workers::test_a_step_that_fails_in_a_worker_fails_for_its_keys",
        "spec/test_partitions_in_workers::test_a_multi_asset_and_a_previous_value_have_their_key_in_workers",
        "spec/test_partitions_in_workers::test_coroutines_run_here_for_the_key_while_others_run_in_workers",
        "spec/test_partitions_kinds::test_a_coroutine_runs_for_a_key",
    ],
    "issue: retries, resumed runs, config, hooks": [
        "spec/test_partitions_again::test_every_attempt_is_for_the_same_keys_and_only_the_last_makes_partitions",
        "spec/test_partitions_again::test_a_retry_of_the_call_is_for_partitioned_steps_too",
        "spec/test_partitions_again::test_a_resumed_run_does_what_is_left_for_its_key",
        "spec/test_partitions_again::test_a_run_that_is_resumed_for_another_key_does_everything",
        "spec/test_partitions_again::test_the_instances_that_are_left_are_those_of_the_key_of_the_run",
        "spec/test_partitions_again::test_config_and_metadata_of_a_run_reach_a_partitioned_step",
        "spec/test_partitions_again::test_bad_config_fails_the_step_for_its_keys",
        "spec/test_partitions_again::test_hooks_fire_once_for_a_step_however_many_keys_it_has",
    ],
    "storage 7.4 a whole step that failed": [
        "spec/test_partitions_batches::test_the_failure_of_a_whole_step_is_told_for_every_key_and_for_the_step",
        "spec/test_partitions_batches::test_a_failed_step_of_one_key_skips_what_depends_on_it",
    ],
    "storage 9.5 staleness": [
        "spec/test_partitions_mappings::test_what_was_consumed_is_judged_for_the_asset_as_a_whole",
    ],
}

LOADING = {
    "6 on every kind of node": [
        "spec/test_partitions_mappings::test_a_task_maps_by_its_own_argument",
        "spec/test_partitions_mappings::test_a_mapping_of_what_only_orders_loads_nothing_and_refuses_no_key",
        "spec/test_partitions_in_graphs::test_the_mapping_of_a_graph_is_that_of_the_task_which_consumes_the_upstream",
        "spec/test_partitions_in_workers::test_mappings_decide_what_is_loaded_in_workers",
    ],
    "6.1 at resolve and validate": [
        "spec/test_partitions_registered::test_a_mapping_that_does_not_fit_is_refused_naming_both_assets",
    ],
    "6.2 every mapping when a step runs": [
        "spec/test_partitions_mappings::test_a_mapping_decides_what_the_handler_is_told_and_the_function_gets",
        "spec/test_partitions_mappings::test_in_one_run_each_step_loads_by_its_own_mapping",
        "spec/test_partitions_in_workers::test_what_is_absent_is_none_in_workers_and_what_leads_nowhere_fails",
        "spec/test_partitions_registered::test_registered_keys_decide_what_a_mapping_loads",
    ],
    "6.2 a key that leads nowhere when a step runs": [
        "spec/test_partitions_mappings::test_a_key_that_leads_nowhere_fails_the_step_and_names_what_it_is",
        "spec/test_partitions_mappings::test_a_step_that_cannot_be_mapped_fails_alone",
        "spec/test_partitions_again::test_what_leads_nowhere_is_told_on_each_attempt",
        "spec/test_partitions_over_time::test_a_window_that_a_mapping_leads_to_is_there_when_its_time_has_come",
    ],
    "6.2 example": [
        "spec/test_partitions_mappings::test_the_example_of_the_specification",
    ],
}

HANDLERS = {
    "7 path segments": [
        "spec/test_partitions_handlers::test_the_pickle_handler_has_a_file_for_every_partition",
        "spec/test_partitions_handlers::test_the_memory_handler_names_what_it_does_not_hold_by_its_key",
    ],
    "7 several values in one key": [
        "spec/test_partitions_handlers::test_the_memory_handler_joins_the_values_of_one_key_by_a_bar",
    ],
    "7 the first of several keys is loaded": [
        "spec/test_partitions_handlers::test_the_handlers_of_the_library_load_the_first_of_several_keys",
        "spec/test_partitions_handlers::test_a_batch_that_reads_what_a_batch_made_is_not_warned",
        "spec/test_partitions_handlers::test_a_partition_that_the_run_is_not_for_has_to_be_made_before",
        "spec/test_partitions_handlers::test_the_handlers_of_the_library_keep_no_key_of_several_values_and_say_so",
        "spec/test_partitions_handlers::test_the_handlers_of_the_library_keep_no_whole_and_say_so",
    ],
    "7 every key of a batch": [
        "spec/test_partitions_handlers::test_the_value_of_a_batch_is_loaded_by_each_of_its_keys",
    ],
}

BUDGETS = {
    "issue: arithmetic instead of enumeration": [
        "test_time_windows::test_a_grid_of_billions_of_windows_answers_without_enumerating_them",
        "test_grids::test_a_grid_of_thousands_of_years_is_not_walked",
        "test_products::test_a_product_of_ten_dimensions_is_never_built_to_answer",
    ],
}

TABLES = (
    *(KEYS, RANGES, DEFINITIONS, CONTEXT, MAPPINGS, ERRORS),
    *(REGISTERED, RUNNING, LOADING, HANDLERS, BUDGETS),
)
RULES: dict[str, list[str]] = {rule: tests for table in TABLES for rule, tests in table.items()}
NUMBERED = {"1": 5, "3.2": 6, "5": 10}
"""The number of numbered rules in each section."""


@cache
def names_in(module: str) -> frozenset[str]:
    """Return the names of the test functions of a module of this folder; those in a class after its name.

    The acceptance tests are in a folder of their own, ``spec``.
    """
    path = HERE.parent / module if "/" in module else HERE / module
    tree = ast.parse(path.with_suffix(".py").read_text(encoding="utf-8"))
    scopes: list[tuple[str, list[ast.stmt]]] = [("", tree.body)]
    scopes += [(f"{node.name}.", node.body) for node in tree.body if isinstance(node, ast.ClassDef)]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(f"{prefix}{node.name}" for prefix, body in scopes for node in body if isinstance(node, functions))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_test(rule: str) -> None:
    assert RULES[rule]
    for test in RULES[rule]:
        module, _, name = test.partition("::")
        assert name in names_in(module), f"{rule}: there is no {test}"


def test_no_rule_is_listed_twice() -> None:
    assert len(RULES) == sum(map(len, TABLES))


@pytest.mark.parametrize("section", NUMBERED)
def test_every_numbered_rule_of_a_section_is_in_the_table(section: str) -> None:
    begun = [rule.removeprefix(f"{section}.") for rule in RULES if rule.startswith(f"{section}.")]
    found = {int(rest.split(maxsplit=1)[0]) for rest in begun}
    assert found == set(range(1, NUMBERED[section] + 1))


def test_every_acceptance_test_of_partitions_is_named_by_a_rule() -> None:
    named = {test for tests in RULES.values() for test in tests}
    modules = [f"spec/{path.stem}" for path in sorted((HERE.parent / "spec").glob("test_partitions_*.py"))]
    unnamed = [
        f"{module}::{name}"
        for module in modules
        for name in sorted(names_in(module))
        if name.startswith("test_") and f"{module}::{name}" not in named
    ]
    assert unnamed == []
