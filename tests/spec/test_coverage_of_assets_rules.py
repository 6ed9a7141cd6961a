"""Which test shows which rule of the specification of assets, tasks, contexts and metadata (sections 1 to 16).

Rules are numbered as there: ``6.5`` is rule 5 of section 6, ``7.1`` rule 1 of section 7, ``7.1.4`` rule 4 of section
7.1 (fan-out). Rows of tables and rules without a number go by a word. A rule that no test can show has a reason.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


Shown = dict[str, str]
"""Modules below ``tests/``, each with tests in it, separated by blanks: all without ``test_`` and ``.py``."""

RULES: dict[str, Shown | str] = {
    # -- 1 and 2: names, the decorator ---------------------------------------------------------------------------------
    "1 names": {
        "spec/assets_decorator": "every_name_of_the_specification_is_exported what_map_returns_is_a_type_but_no_export"
    },
    "2 forms": {
        "definitions/assets/assets": "the_bare_and_the_keyword_form_give_a_single_asset what_is_not_given_is_none_or_empty"  # noqa: E501
    },
    "2 name": {"spec/assets_decorator": "any_name_runs_is_stored_and_is_loaded"},
    "2 tags": {
        "spec/assets_decorator": "the_settings_of_an_asset_reach_its_record_and_its_event",
        "spec/assets_faults": "an_argument_of_the_wrong_type_is_a_type_error",
    },
    "2 kinds": {
        "definitions/assets/assets": "what_is_given_is_told",
        "spec/assets_decorator": "the_settings_of_an_asset_reach_its_record_and_its_event",
    },
    "2 group, code_version": {"spec/assets_decorator": "the_settings_of_an_asset_reach_its_record_and_its_event"},
    "2 io_handler": {
        "definitions/assets/assets": "a_bad_pool_or_handler_is_an_asset_definition_error",
        "spec/assets_decorator": """
            a_handler_may_be_an_instance_or_the_key_of_a_resource
            an_unknown_handler_key_is_refused_when_resolving_as_either_documented_type
        """,
    },
    "2 metadata": {
        "definitions/assets/assets": """
            a_mistyped_or_unknown_keyword_is_a_type_error
            a_schema_like_object_may_stand_in_the_metadata_under_its_key
        """,
        "spec/assets_reserved_metadata": "only_a_schema_may_be_other_than_text_there",
    },
    "2 partitions_def": {"spec/assets_faults": "partitions_of_another_kind_are_a_value_error_that_names_both_ways"},
    "2 deps": {"definitions/assets/assets": "a_mistyped_or_unknown_keyword_is_a_type_error"},
    "2 hooks": {
        "spec/assets_decorator": "hooks_of_an_asset_are_called a_hook_that_is_none_is_a_type_error",
        "definitions/policies/hooks": "assets_take_bound_hooks_only",
    },
    "2 automation_condition": {"definitions/assets/assets": "what_is_given_is_told"},
    "2 backfill_strategy": {"definitions/assets/assets": "what_is_given_is_told"},
    "2 pool, pool_slots": {
        "definitions/assets/assets": "pools_and_slots_are_told_together a_bad_pool_or_handler_is_an_asset_definition_error"  # noqa: E501
    },
    "2 retry": {"spec/assets_decorator": "a_policy_may_be_named"},
    "2 compute": {"spec/assets_decorator": "compute_is_advice_that_changes_nothing_here"},
    "2 unknown keyword": {"definitions/assets/assets": "a_mistyped_or_unknown_keyword_is_a_type_error"},
    "2 bare form with something that cannot be called": {
        "definitions/assets/assets": "the_bare_form_takes_exactly_one_function"
    },
    "2.1": {
        "definitions/assets/assets": """
            a_decorator_can_be_used_again an_asset_without_a_function_has_no_name
            a_decorator_takes_exactly_one_function
        """,
        "spec/assets_decorator": "one_decorator_makes_several_assets_that_run",
    },
    "2.2": {
        "definitions/assets/assets": "a_bound_asset_calls_its_function_directly",
        "spec/assets_decorator": "called_inside_of_a_graph_body_an_asset_is_recorded_and_not_run",
    },
    "2.3": {
        "definitions/assets/assets": "attributes_are_read_only",
        "spec/assets_decorator": "every_kind_of_asset_has_every_property_and_none_can_be_set",
    },
    "2.4": {
        "definitions/assets/assets": "coroutine_functions_are_async",
        "spec/assets_decorator": "functions_of_every_kind_run",
        "spec/assets_multi": "a_generator_yields_results_by_name",
    },
    "2 properties of every kind": {
        "spec/assets_decorator": "every_kind_of_asset_has_every_property_and_none_can_be_set"
    },
    "2 partition_mapping": {
        "definitions/assets/assets": "the_partition_mappings_are_those_of_the_declared_dependencies",
    },
    # -- 3: parameters -------------------------------------------------------------------------------------------------
    "3.1": {
        "spec/assets_parameters": """
            an_annotated_first_parameter_of_any_name_is_the_context
            the_annotation_wins_over_an_asset_of_that_name
            an_asset_may_ask_for_the_context_of_a_task
        """
    },
    "3.2": {
        "spec/assets_parameters": """
            an_unannotated_first_parameter_called_context_is_the_context_of_an_asset
            an_unannotated_context_of_a_task_is_that_of_an_asset
            beside_an_asset_called_context_the_parameter_is_that_asset
        """
    },
    "3.3": {"spec/assets_parameters": "an_annotated_self_is_the_previous_value"},
    "3.4": {"spec/assets_parameters": "a_default_stays_even_where_an_asset_or_resource_has_that_name"},
    "3.5": {"spec/assets_parameters": "a_parameter_with_the_name_of_an_asset_a_task_or_an_output_gets_its_value"},
    "3.6": {"spec/assets_parameters": "a_parameter_with_the_name_of_a_resource_gets_the_resource"},
    "3.7": {
        "spec/assets_parameters": "a_parameter_that_nothing_fills_is_refused_with_node_parameter_and_resources",
        "graph/building": "a_parameter_that_matches_nothing_is_refused_as_either_documented_type",
    },
    "3 assets win over resources, with a warning": {
        "spec/assets_parameters": "an_asset_wins_over_a_resource_of_its_name_and_the_key_is_warned_of"
    },
    "3 positional parameters": {
        "spec/assets_parameters": "positional_only_parameters_take_part_annotated_or_not",
        "definitions/functions/parameters": "every_kind_of_parameter_is_reached",
    },
    "3 string annotations": {
        "spec/assets_parameters": "annotations_that_are_text_are_evaluated",
        "definitions/signatures": "text_within_text_and_text_within_brackets_is_evaluated_too",
    },
    "3 *args and **kwargs": {"spec/assets_parameters": "variadic_parameters_get_nothing"},
    "3 keyword-only parameters": {"spec/assets_parameters": "keyword_only_parameters_are_passed_by_keyword"},
    "3 context not first": {
        "spec/assets_parameters": """
            an_annotated_context_that_is_not_first_fails_the_step_and_nothing_before_it
            an_unannotated_context_that_is_not_first_is_a_parameter_that_nothing_fills
        """
    },
    # -- 4: dependencies -----------------------------------------------------------------------------------------------
    "4 AssetDef.input": {"spec/assets_dependencies": "an_input_is_loaded_and_a_dep_only_orders"},
    "4 AssetDef.dep": {
        "spec/assets_dependencies": """
            an_input_is_loaded_and_a_dep_only_orders
            an_upstream_that_only_orders_need_not_be_selected_nor_loadable
        """
    },
    "4 DepDef": {"spec/assets_dependencies": "a_dependency_tells_its_attributes"},
    "4.1": {
        "spec/assets_dependencies": """
            an_input_that_is_no_parameter_is_refused_at_decoration_with_those_that_are
            an_input_may_be_a_parameter_without_annotation
        """
    },
    "4.2": {
        "spec/assets_dependencies": """
            the_handler_of_an_input_replaces_that_of_the_upstream_for_this_consumer_only
            the_unknown_handler_key_of_an_input_is_refused_with_consumer_and_key
        """
    },
    "4.3": {
        "spec/assets_dependencies": """
            metadata_of_an_input_replace_those_of_the_upstream_for_this_load_only
            beside_a_handler_override_the_metadata_are_the_upstreams_own
        """
    },
    "4.4": {"spec/assets_dependencies": "a_dependency_that_does_not_exist_is_refused"},
    "4.5": {"spec/assets_dependencies": "a_dependency_on_itself_points_to_self_dependency"},
    "4.6": {"spec/assets_dependencies": "duplicate_entries_are_tolerated"},
    "4.7": {"spec/assets_dependencies": "what_is_not_listed_is_still_inferred"},
    "4.8": {"spec/assets_dependencies": "the_type_hint_of_a_load_is_the_evaluated_annotation_of_the_consumer"},
    # -- 5: return values ----------------------------------------------------------------------------------------------
    "5 plain value": {"spec/assets_return_values": "a_plain_value_is_stored_and_recorded"},
    "5 Output": {
        "spec/assets_return_values": """
            an_output_is_unwrapped_and_what_it_says_is_recorded the_unwrapped_value_is_what_the_annotation_is_about
        """
    },
    "5 Materialization": {"spec/assets_return_values": "a_materialization_is_recorded_and_never_stored"},
    "5 Observation": {"spec/assets_return_values": "an_observation_is_recorded_as_one_and_stores_nothing"},
    "5 generator object": {"spec/assets_return_values": "a_generator_is_the_value_and_is_not_iterated"},
    "5 constructors": {
        "spec/assets_return_values": """
            constructors_mirror_their_keywords_and_leave_the_rest_none
            a_surplus_positional_or_unknown_keyword_is_a_type_error
        """
    },
    "5 coercion when recorded": {
        "spec/assets_return_values": "metadata_that_cannot_be_coerced_fail_the_step",
        "definitions/values/results": "metadata_is_kept_as_given",
    },
    "5 malformed results": {"spec/assets_return_values": "a_malformed_result_is_refused"},
    "5 metadata precedence": {
        "spec/assets_return_values": """
            metadata_nearer_to_the_data_win_key_by_key
            what_is_returned_wins_over_the_context_where_no_handler_speaks
            without_any_metadata_the_handler_sees_none
        """
    },
    "5 data version precedence": {
        "spec/assets_return_values": """
            the_data_version_nearest_to_the_data_wins without_one_a_fresh_uuid_is_the_data_version
        """
    },
    # -- 6: multi-assets -----------------------------------------------------------------------------------------------
    "6 from_multi": {
        "spec/assets_multi": """
            what_belongs_to_an_output_is_a_type_error_at_the_top the_direct_form_and_the_decorator_are_alike
        """,
        "definitions/assets/multi_assets": "the_decorator_and_the_direct_form_give_a_multi_asset",
    },
    "6 AssetDef": {
        "spec/assets_multi": """
            an_output_definition_tells_its_attributes_normalised
            an_output_definition_takes_no_policy_and_no_text_for_a_type
        """,
        "definitions/assets/asset_def": "an_output_tells_what_it_was_given outputs_are_equal_by_name attributes_are_read_only",  # noqa: E501
    },
    "6.1": {
        "spec/assets_multi": """
            each_output_is_an_asset_with_its_own_name_handler_and_metadata its_own_name_cannot_be_selected
            config_is_keyed_by_any_selected_output_and_not_by_its_own_name its_name_may_be_that_of_another_asset
        """
    },
    "6.2": {"spec/assets_multi": "settings_at_the_top_are_defaults_of_the_outputs"},
    "6.3": {"definitions/assets/multi_assets": "partitions_of_the_whole_override_those_of_the_outputs"},
    "6.3 variants and keys of several outputs": {
        "spec/partitions_kinds": """
            outputs_of_another_variant_or_without_a_common_key_are_a_value_error_that_names_both
            outputs_without_partitions_run_apart_from_those_with
        """
    },
    "6.4": {
        "spec/assets_multi": """
            duplicate_output_names_are_refused_when_resolving no_outputs_are_no_assets
            a_definition_without_a_name_is_refused
        """
    },
    "6.5 mapping": {
        "spec/assets_multi": """
            a_mapping_is_indexed_by_name_and_other_keys_are_ignored a_missing_key_fails_only_that_output
            a_missing_key_that_nobody_asked_for_is_no_failure values_of_a_mapping_may_be_result_objects
        """,
        "spec/assets_in_workers": "a_mapping_comes_back_from_a_worker_with_all_that_was_said",
    },
    "6.5 Output of a mapping": {"spec/assets_multi": "a_mapping_in_an_output_is_unwrapped"},
    "6.5 generator": {
        "spec/assets_multi": """
            a_generator_yields_results_by_name each_value_is_persisted_when_it_is_yielded
            an_unknown_output_name_is_ignored of_a_name_that_is_yielded_twice_the_last_value_wins
            of_a_name_that_is_yielded_twice_the_last_outcome_counts
            an_exception_midway_leaves_what_was_yielded_and_fails_the_rest
        """,
        "spec/assets_in_workers": "a_generator_that_fails_midway_keeps_what_it_yielded_and_is_not_tried_again",
    },
    "6.5 anything else": {
        "spec/assets_multi": """
            anything_else_fails_every_requested_output a_function_that_fails_fails_every_requested_output
        """
    },
    "6.5 generator faults": {
        "spec/assets_multi": """
            yielding_something_else_names_the_three_allowed_types yielding_without_an_output_name_is_a_fault
            finishing_without_a_requested_output_fails_that_one_only
        """
    },
    "6.6": {
        "spec/assets_multi": """
            a_subset_runs_the_function_once_and_persists_only_what_was_asked_for
            a_generator_may_yield_more_than_was_asked_for
        """
    },
    "6.7": {"spec/assets_multi": "what_a_consumer_needs_is_all_that_is_included"},
    "6.8": {
        "spec/assets_multi": """
            dependencies_at_the_top_are_those_of_every_output an_input_of_one_output_joins_those_of_the_function
            an_input_of_one_output_must_be_a_parameter
            what_orders_one_output_is_an_edge_to_it_only_and_the_step_still_waits
        """
    },
    "6.9": {
        "spec/assets_multi": """
            the_return_annotation_is_about_what_the_function_returns
            another_annotation_fails_every_requested_output
            outputs_are_checked_where_their_definition_has_a_type_and_one_bad_one_fails_all
            what_is_yielded_is_checked_before_it_is_stored
        """
    },
    "6.10": {
        "spec/assets_multi": """
            one_that_returns_a_mapping_is_tried_again_as_a_whole a_generator_that_has_yielded_is_not_tried_again
            a_generator_that_has_not_yielded_may_be_tried_again compute_of_the_step_is_advice
        """
    },
    "6.11": {
        "spec/assets_multi": """
            hooks_fire_once_for_each_output_with_its_value hooks_of_a_generator_fire_once_for_each_output
        """
    },
    # -- 7: graph assets -----------------------------------------------------------------------------------------------
    "7 from_graph": {
        "definitions/assets/multi_assets": """
            the_decorator_and_the_direct_form_give_a_graph_asset
            it_tells_what_it_was_given_and_its_decorator_can_be_used_again a_bad_keyword_is_refused
        """
    },
    "7 retry": {"spec/assets_graph": "the_policy_of_a_graph_is_not_that_of_its_tasks"},
    "7.1": {
        "spec/assets_graph": """
            the_body_is_called_once_for_each_check_and_not_when_it_runs
            validating_calls_the_body_too_and_needs_no_storage what_the_body_raises_comes_out_of_resolve_unchanged
        """
    },
    "7.2": {"spec/assets_graph": "internal_tasks_are_steps_of_their_own_between_start_and_end_of_the_graph"},
    "7.3": {
        "spec/assets_graph": """
            tasks_may_be_registered_and_are_no_standalone_nodes_then only_tasks_that_no_graph_uses_are_standalone
        """
    },
    "7.4": {
        "spec/assets_graph": """
            a_task_called_twice_is_one_node_whose_value_feeds_all_uses a_task_piped_into_itself_is_refused
            two_graphs_that_share_a_task_have_nodes_of_their_own
        """
    },
    "7.5": {
        "spec/assets_graph": """
            arguments_are_wired_by_position_and_name_and_literals_are_constants a_literal_may_be_any_value
            what_is_not_wired_is_resolved_by_name_from_outside
            a_parameter_that_nothing_fills_is_refused_with_node_and_parameter
        """
    },
    "7.5 surplus arguments": {"graph/inside": "7_5_a_result_that_no_parameter_takes_orders_and_a_literal_is_refused"},
    "7.6": {
        "spec/assets_graph": """
            the_value_of_the_returned_node_is_that_of_the_graph a_returned_parameter_is_passed_through
            a_graph_that_returns_nothing_runs_and_has_no_value anything_else_is_refused
            a_map_that_is_not_collected_is_refused
        """
    },
    "7.7": {
        "spec/assets_graph": """
            assets_called_in_the_body_keep_their_name_and_run_once graph_assets_may_be_called_in_graphs
            an_asset_that_is_called_must_be_in_the_repository
        """
    },
    "7.8": {
        "spec/assets_graph": """
            internal_values_go_to_the_nearest_handler_and_the_final_one_to_both an_unknown_handler_key_is_refused
        """
    },
    "7.9": {
        "spec/assets_in_workers": "the_tasks_of_a_graph_run_where_its_metadata_say",
        "graph/inside": "7_9_reserved_metadata_choose_the_executor",
    },
    "7.10": {
        "spec/assets_graph": """
            overrides_of_the_graph_reach_the_tasks_that_consume_the_upstream
            what_only_orders_the_graph_comes_before_its_tasks
        """
    },
    "7.10 partition keys of internals": {
        "spec/partitions_in_graphs": """
            the_inside_of_a_graph_runs_with_its_key_and_is_loaded_by_it
            the_mapping_of_a_graph_is_that_of_the_task_which_consumes_the_upstream
        """
    },
    "7.11": {
        "spec/assets_graph": """
            the_failure_of_a_task_skips_what_depends_on_it_and_the_graph hooks_of_a_graph_fire_once_for_the_graph
        """
    },
    "7.12": {"spec/assets_graph": "the_annotation_of_the_body_is_no_check_and_those_of_tasks_are"},
    "7.13": {
        "spec/assets_graph": """
            graph_and_internals_are_loaded_by_name selecting_the_graph_runs_all_inside_of_it
            an_internal_may_be_selected_alone_when_its_inputs_can_be_loaded
            an_internal_whose_inputs_cannot_be_loaded_is_refused a_job_with_the_graph_has_its_internals
        """
    },
    # -- 7.1: fan-out --------------------------------------------------------------------------------------------------
    "7.1 InvokedNodeOutput, MappedOutput": {
        "spec/assets_fan_out": "what_the_body_is_given_tells_nodes_and_outputs only_a_task_can_be_mapped"
    },
    "7.1 example": {
        "spec/assets_fan_out": """
            the_example_of_the_specification_runs a_fan_out_runs_under_the_default_executor_too
        """
    },
    "7.1.1": {
        "spec/assets_fan_out": """
            whatever_can_be_iterated_is_a_source what_cannot_be_iterated_fails_the_map_step
            an_asset_may_be_the_source
        """
    },
    "7.1.2": {"spec/assets_fan_out": "the_element_is_the_first_free_parameter_and_the_others_go_by_name"},
    "7.1.3": {
        "spec/assets_fan_out": """
            dynamic_outputs_name_the_instances_and_are_passed_as_values dynamic_outputs_may_be_generated
            mixing_them_with_plain_values_fails_the_producer duplicate_keys_are_refused_by_name
        """
    },
    "7.1.4": {"spec/assets_fan_out": "instances_have_names_and_events_of_their_own"},
    "7.1.5": {
        "spec/assets_fan_out": """
            nothing_to_map_gives_an_empty_list collecting_gives_a_list_in_the_order_of_the_source
            a_stream_is_an_iterator_that_can_be_read_once
            a_stream_comes_in_the_order_of_completion_or_of_the_source
        """
    },
    "7.1.6": {
        "spec/assets_fan_out": """
            the_limit_caps_what_runs_at_the_same_time a_limit_of_nothing_is_refused
        """
    },
    "7.1.7": {
        "spec/assets_fan_out": """
            a_failed_instance_fails_alone_and_what_collects_is_skipped a_failed_instance_is_named_by_its_key
            instances_run_in_workers_with_their_own_failures
        """
    },
    "7.1.8": {
        "spec/assets_fan_out": """
            instances_are_tried_again_by_the_policy_of_their_task what_was_collected_can_be_mapped_again
            one_task_cannot_be_mapped_twice_in_one_graph
        """
    },
    # -- 8: external assets --------------------------------------------------------------------------------------------
    "8 external": {
        "definitions/assets/external_assets": """
            a_direct_call_gives_an_asset_that_nobody_observes what_it_has_no_use_for_is_a_type_error
        """
    },
    "8.1": {"spec/assets_external": "it_needs_a_handler"},
    "8.2": {
        "spec/assets_external": "a_function_makes_a_new_observed_asset_and_a_second_one_is_refused",
        "definitions/assets/external_assets": """
            a_decorator_and_a_call_with_a_function_give_a_new_asset_that_it_observes a_second_function_is_refused
        """,
    },
    "8.3": {
        "spec/assets_external": """
            it_is_never_materialized_and_consumers_load_through_its_handler
            its_handler_may_be_the_key_of_a_resource
            selecting_one_that_nobody_observes_is_an_error_that_names_it
            selecting_one_that_is_observed_runs_the_observation_and_materializing_everything_does_not
        """
    },
    "8.4": {
        "spec/assets_external": """
            the_observe_function_is_told_a_context_and_its_observation_wins
            an_observe_function_without_parameters_or_result_is_enough the_context_alone_may_tell_everything
            other_return_values_are_ignored an_observe_function_may_be_a_coroutine_function
            observing_gives_the_metadata_by_asset_and_is_a_run what_an_observe_function_raises_comes_out
        """
    },
    "8.5": {
        "spec/assets_external": "an_automation_on_what_nobody_observes_is_refused_with_the_way_to_do_it",
        "graph/building": "8_5_an_automation_on_what_nobody_observes_is_refused",
    },
    # -- 9: the previous value -----------------------------------------------------------------------------------------
    "9.1": {
        "spec/assets_self_dependency": """
            the_previous_value_is_loaded_before_the_call_and_is_none_the_first_time
            a_previous_value_of_none_or_nothing_look_alike it_stands_beside_a_context_and_other_inputs
        """
    },
    "9.2": {
        "spec/assets_self_dependency": """
            a_self_of_another_kind_fails_the_step_with_the_way_to_do_it
            the_annotation_on_another_name_is_an_input_that_nothing_fills
        """
    },
    "9.3": {
        "spec/assets_self_dependency": """
            it_is_loaded_through_the_handler_of_the_asset_as_its_own_consumer
            whatever_the_handler_raises_means_no_previous_value
        """
    },
    "9.3 the same partition key": {
        "spec/partitions_kinds": """
            the_previous_value_is_that_of_the_same_key the_previous_value_of_a_batch_is_asked_for_all_its_keys
        """
    },
    "9.4": {"spec/assets_self_dependency": "there_is_no_edge_and_downstreams_see_the_new_value"},
    "9.4 no handler at all": "cannot happen: without a handler of its own an asset has the repository's default one",
    "9.5": {"spec/assets_self_dependency": "it_can_be_made_by_hand"},
    # -- 10: tasks -----------------------------------------------------------------------------------------------------
    "10 forms and properties": {
        "spec/assets_tasks": "a_task_is_made_bare_by_a_factory_or_directly a_task_has_no_hooks",
        "definitions/assets/tasks": "it_tells_what_it_was_given attributes_are_read_only",
    },
    "10 calling": {"spec/assets_tasks": "outside_of_a_graph_a_task_is_its_function an_unbound_task_takes_a_function"},
    "10 partition_mapping": {"definitions/assets/tasks": "it_tells_what_it_was_given"},
    "10 io_handler": {
        "spec/assets_tasks": "a_handler_of_another_kind_is_refused the_value_of_a_command_goes_to_its_handler"
    },
    "10 standalone tasks": {
        "spec/assets_tasks": """
            a_registered_task_runs_with_everything_and_its_value_can_be_loaded
            a_task_may_be_selected_and_be_in_a_job an_asset_may_depend_on_a_task_and_fails_with_it
            a_task_is_tried_again_by_its_own_policy
        """,
        "spec/assets_in_workers": "standalone_tasks_and_commands_run_beside_each_other",
    },
    "10 a name that is taken": {"spec/assets_tasks": "a_task_with_the_name_of_an_asset_is_refused"},
    "10 BashTask": {"spec/assets_tasks": "name_and_command_are_required it_tells_what_it_was_given"},
    "10 command, text": {"spec/assets_tasks": "a_text_is_run_by_the_shell"},
    "10 command, list": {"spec/assets_tasks": "a_list_is_run_without_a_shell another_command_is_refused"},
    "10 env": {"spec/assets_tasks": "the_environment_is_merged_over_the_inherited_one"},
    "10 cwd": {"spec/assets_tasks": "it_runs_in_its_folder"},
    "10 result": {"spec/assets_tasks": "the_value_is_what_it_prints_without_the_newlines_at_the_end"},
    "10 failure": {
        "spec/assets_tasks": """
            a_status_other_than_0_is_an_error_with_the_status_and_what_was_complained
            a_missing_program_or_folder_is_an_error a_failed_command_may_be_tried_again
        """
    },
    "10 arguments": {"spec/assets_tasks": "upstreams_only_order_a_command_and_nothing_is_on_its_stdin"},
    "10 commands in graphs": {
        "spec/assets_tasks": "a_command_may_be_the_value_of_a_graph",
        "definitions/assets/composition": "only_a_task_can_be_mapped",
    },
    # -- 11: contexts --------------------------------------------------------------------------------------------------
    "11 constructible by hand": {"spec/assets_contexts": "contexts_can_be_made_by_hand_for_tests"},
    "11 from the definition": {"spec/assets_contexts": "the_context_tells_what_the_definition_says"},
    "11 is_multi_asset, output_selection": {
        "spec/assets_contexts": "a_single_asset_is_no_multi_asset_and_selects_no_outputs",
        "spec/assets_multi": "a_subset_runs_the_function_once_and_persists_only_what_was_asked_for",
    },
    "11 partition, partition_key, partition_time_window": {
        "spec/assets_contexts": "an_unpartitioned_step_has_no_partition_and_no_key",
        "spec/partitions_running": "the_context_of_a_step_tells_key_keys_definition_and_window",
        "spec/partitions_batches": "a_batch_has_keys_but_no_single_key_and_no_window",
        "definitions/functions/asset_contexts": """
            a_single_key_is_told anything_but_one_key_of_one_dimension_has_no_partition_key
        """,
    },
    "11 config": {"spec/assets_contexts": "config_is_an_instance_of_the_model_or_none"},
    "11 log": {"spec/assets_contexts": "the_logger_is_named_after_the_asset"},
    "11 run_id": {"spec/assets_contexts": "the_context_knows_its_run"},
    "11 output_metadata, add_output_metadata": {
        "spec/assets_contexts": """
            output_metadata_are_merged_and_the_later_call_wins bad_output_metadata_are_a_type_error_and_add_nothing
            what_one_step_says_is_not_said_of_another
        """
    },
    "11 register_data_version, drain_data_version": {
        "spec/assets_contexts": "the_last_data_version_wins_and_is_drained_once"
    },
    "11 mark_partition_failed": {
        "spec/assets_contexts": "a_partition_of_an_unpartitioned_step_cannot_fail",
        "spec/partitions_batches": "marked_keys_fail_alone_and_the_step_succeeds",
        "definitions/functions/asset_contexts": """
            a_partition_of_the_step_can_be_marked_as_failed a_partition_that_is_not_of_the_step_is_refused_by_name
        """,
    },
    "11 TaskExecutionContext": {
        "spec/assets_contexts": """
            a_task_context_has_only_what_is_documented a_task_is_told_its_namespaced_name_inside_of_a_graph
            a_standalone_task_is_told_its_own_name config_of_a_task_is_keyed_by_its_node
        """,
        "spec/assets_fan_out": "a_mapped_instance_is_told_the_name_of_its_template",
    },
    "11 a task with the context of an asset": {
        "spec/assets_contexts": "a_task_that_asks_for_the_context_of_an_asset_is_told_its_node"
    },
    "11 subscription": {"spec/assets_contexts": "both_classes_can_be_subscripted_at_run_time"},
    # -- 12: metadata --------------------------------------------------------------------------------------------------
    "12 constructors": {
        "spec/assets_metadata": "a_constructor_makes_its_variant_with_its_attributes_and_raw_value",
        "definitions/values/metadata": "every_variant_is_nested_in_the_class every_constructor_makes_its_variant",
    },
    "12 schema": {"spec/assets_metadata": "a_schema_keeps_its_message_and_gives_a_schema_back"},
    "12 sizes": {"spec/assets_metadata": "a_number_of_the_wrong_size_is_an_overflow"},
    "12 wrong types": {"spec/assets_metadata": "an_argument_of_the_wrong_type_is_a_type_error"},
    "12 url": {
        "spec/assets_metadata": """
            a_url_without_a_scheme_is_invalid_and_says_so an_absolute_url_of_any_scheme_is_taken
        """
    },
    "12 comparing, hashing, pickling": {
        "spec/assets_metadata": "values_compare_by_variant_and_content_have_no_hash_and_can_be_pickled"
    },
    "12 repr": {"spec/assets_metadata": "the_repr_is_the_call_that_makes_it"},
    "12 coercion": {
        "spec/assets_metadata": """
            plain_values_are_coerced_wherever_they_are_said_and_stored_as_tagged_json a_schema_is_coerced_too
            anything_else_is_a_type_error_that_names_the_type
            an_integer_beyond_64_bits_is_accepted_as_another_variant
        """
    },
    "12 stored form": {
        "spec/assets_metadata": "the_stored_form_is_compact",
        "definitions/values/metadata_encoding": "the_stored_form_is_externally_tagged_json_and_reads_back",
    },
    "12 Schema": {"spec/assets_metadata": "a_schema_compares_travels_and_reads_back"},
    # -- 13: type checks -----------------------------------------------------------------------------------------------
    "13 when": {
        "spec/assets_type_checks": """
            a_value_that_does_not_fit_fails_the_step_before_it_is_stored an_output_is_checked_by_its_value
            a_mismatch_is_a_failure_that_may_be_tried_again a_mismatch_skips_what_depends_on_it
            the_value_of_a_task_is_checked_too
        """
    },
    "13 rows of the table": {
        "spec/assets_type_checks": """
            a_value_that_fits_is_stored a_value_that_does_not_fit_fails_the_step_before_it_is_stored
        """,
        "definitions/functions/type_checks": "a_value_that_fits_passes",
    },
    "13 string annotation": {
        "spec/assets_type_checks": "an_annotation_that_cannot_be_evaluated_fails_the_step_with_its_name_error"
    },
    "13 results without a value": {
        "spec/assets_type_checks": "a_result_without_a_value_is_not_checked_whatever_the_annotation"
    },
    "13 inputs": {"spec/assets_type_checks": "inputs_are_not_checked_against_the_annotations_of_parameters"},
    "13 type_hint": {"spec/assets_type_checks": "the_handler_is_told_the_evaluated_return_annotation"},
    # -- 14: reserved keys ---------------------------------------------------------------------------------------------
    "14 rivers/executor": {
        "spec/assets_reserved_metadata": """
            an_asset_may_choose_its_executor
            another_executor_is_refused_when_run_with_the_value_and_the_valid_ones
        """,
        "spec/assets_in_workers": "the_executor_of_an_asset_wins_over_that_of_the_repository",
    },
    "14 rivers/node/executor": {
        "spec/assets_reserved_metadata": """
            a_graph_may_choose_the_executor_of_its_tasks
            another_executor_for_the_tasks_of_a_graph_is_refused_when_run
        """,
        "spec/assets_in_workers": "the_tasks_of_a_graph_run_where_its_metadata_say",
    },
    "14 rivers/schema": {
        "spec/assets_reserved_metadata": """
            a_schema_may_stand_in_the_metadata_of_an_asset_and_of_an_output
            only_a_schema_may_be_other_than_text_there
        """
    },
    "14 rivers/priority": {"spec/assets_reserved_metadata": "a_tag_tells_the_priority_of_a_run"},
    "14 StepRetry": {"spec/assets_reserved_metadata": "a_retry_says_which_attempt_why_and_how_long_it_waits"},
    "14 StepFailure": {"spec/assets_reserved_metadata": "a_failure_says_what_why_and_of_which_classes"},
    "14 delta/*": "read by a handler for Delta tables, which is not part of this section",
    # -- 15: captured output -------------------------------------------------------------------------------------------
    "15 records": {
        "spec/assets_captured_output": """
            stdout_stderr_and_log_lines_are_kept_and_still_forwarded
            a_silent_step_leaves_no_record_and_what_is_missing_is_none every_execution_has_a_record_of_its_own
            asynchronous_steps_of_one_level_keep_their_text_apart
            outputs_tasks_and_commands_have_records_under_the_names_of_their_steps
        """
    },
    "15 traceback": {"spec/assets_captured_output": "a_failed_attempt_leaves_a_traceback_with_its_causes_oldest_first"},
    "15 in this process and in workers": {"spec/assets_captured_output": "it_works_in_this_process_and_in_workers"},
    "15 log level": {"spec/assets_captured_output": "lines_below_the_level_are_not_kept"},
    # -- 16: faults ----------------------------------------------------------------------------------------------------
    "16 AssetDefinitionError": {"spec/assets_faults": "what_is_declared_wrong_is_an_asset_definition_error"},
    "16 two definitions of one name": {
        "spec/assets_faults": "what_is_declared_wrong_is_an_asset_definition_error",
        "graph/building": "the_same_asset_twice_is_one_node_and_two_of_one_name_are_refused",
    },
    "16 input without parameter": {"spec/assets_faults": "an_input_without_a_parameter_is_a_value_error"},
    "16 partitions of several outputs": {
        "spec/partitions_kinds": """
            outputs_of_another_variant_or_without_a_common_key_are_a_value_error_that_names_both
        """
    },
    "16 unknown upstream, cycle, self edge": {
        "spec/assets_faults": "a_graph_that_cannot_run_is_a_graph_validation_error"
    },
    "16 unknown handler key": {"spec/assets_faults": "an_unknown_handler_key_is_of_either_documented_type"},
    "16 misuse of tasks": {"spec/assets_faults": "the_misuse_of_a_task_is_a_task_definition_error"},
    "16 output type mismatch": {"spec/assets_faults": "a_value_of_the_wrong_type_names_node_actual_and_expected"},
    "16 bad URL": {"spec/assets_faults": "a_bad_url_is_an_invalid_metadata_error"},
    "16 ExecutionError": {"spec/assets_faults": "what_the_framework_finds_in_a_step_is_an_execution_error"},
}

COUNTS = {2: 4, 3: 7, 4: 8, 6: 11, 7: 13, 8: 5, 9: 5}
"""How many numbered rules each section has."""


@cache
def functions_in(module: str) -> frozenset[str]:
    """The names of the functions in a test module below ``tests/``."""
    folder, _, name = module.rpartition("/")
    tree = ast.parse((TESTS / folder / f"test_{name}.py").read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("rule", RULES)
def test_the_tests_that_a_rule_names_exist(rule: str) -> None:
    shown = RULES[rule]
    if isinstance(shown, str):
        assert len(shown) > 20
        return
    missing = [
        f"{module}: {name}"
        for module, names in shown.items()
        for name in names.split()
        if f"test_{name}" not in functions_in(module)
    ]
    assert missing == []
    assert all(names.split() for names in shown.values())


@pytest.mark.parametrize("section", COUNTS)
def test_every_numbered_rule_of_a_section_is_in_the_table(section: int) -> None:
    found = {int(match[1]) for rule in RULES if (match := re.match(rf"{section}\.(\d+)(?![.\d])", rule))}
    assert found == set(range(1, COUNTS[section] + 1))


def test_every_rule_of_fan_outs_is_in_the_table() -> None:
    assert [number for number in range(1, 9) if f"7.1.{number}" not in RULES] == []


def test_every_section_is_in_the_table() -> None:
    assert {int(re.match(r"\d+", rule)[0]) for rule in RULES} == set(range(1, 17))


def test_every_test_of_assets_in_this_folder_is_named_by_a_rule() -> None:
    named = {
        (module, f"test_{name}")
        for shown in RULES.values()
        if isinstance(shown, dict)
        for module, names in shown.items()
        for name in names.split()
    }
    modules = [f"spec/{path.stem.removeprefix('test_')}" for path in sorted((TESTS / "spec").glob("test_assets_*.py"))]
    unnamed = [
        f"{module}: {name}"
        for module in modules
        for name in sorted(functions_in(module))
        if name.startswith("test_") and (module, name) not in named
    ]
    assert unnamed == []
