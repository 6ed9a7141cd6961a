"""Where each rule of the specification of repositories, jobs and execution is tested, and that it is."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]


RULES: Final[dict[str, tuple[str, ...] | str]] = {
    # 1. CodeRepository
    "§1 the parameters and their order": (
        "spec/test_repository_construction.py::test_the_parameters_come_in_their_documented_order_and_all_but_the_assets_may_be_left_out",
        "spec/test_repository_construction.py::test_every_argument_of_its_type_is_taken_in_order",
    ),
    "§1 assets may be empty": ("spec/test_repository_construction.py::test_a_repository_without_assets_runs_nothing",),
    "§1 tasks": ("spec/test_repository_construction.py::test_every_argument_of_its_type_is_taken_in_order",),
    "§1 default_executor is parallel": (
        "execution/dispatch/test_loop.py::test_steps_of_one_level_run_in_workers_and_a_single_one_runs_here",
        "spec/test_jobs.py::test_the_executor_is_that_of_the_metadata_then_the_job_then_the_repository",
    ),
    "§1 resources": (
        "spec/test_repository_construction.py::test_resources_handlers_models_and_settings_can_be_registered",
    ),
    "§1 partition_defs": (
        "spec/test_partitions_registered.py::test_a_definition_is_known_by_its_name_wherever_one_is_taken",
        "spec/test_partitions_registered.py::test_what_is_registered_must_be_a_definition",
    ),
    "§1 retries, default_retry_policy": ("spec/test_retries.py::test_every_place_of_a_policy_takes_a_name",),
    "§1 run_queue, run_backend, pool_limits": (
        "spec/test_repository_construction.py::test_every_argument_of_its_type_is_taken_in_order",
        "repository/test_without_effect.py::test_what_does_nothing_is_named",
        "spec/test_pools.py::test_resolving_sets_the_limits_and_registers_the_pools_that_are_only_claimed",
    ),
    "§1 rule 1: the constructor checks types and no graph": (
        "spec/test_repository_construction.py::test_a_graph_that_cannot_be_resolved_constructs",
        "spec/test_repository_construction.py::test_names_that_are_registered_nowhere_construct",
        "repository/test_declarations.py::test_the_constructor_checks_types",
    ),
    "§1 rule 1: unsupported resource": (
        "spec/test_repository_construction.py::test_a_resource_of_another_type_is_a_configuration_error_that_names_it",
    ),
    "§1 rule 1: no asset, no task": (
        "spec/test_repository_construction.py::test_what_is_no_asset_is_an_asset_definition_error_that_names_its_type",
        "spec/test_repository_construction.py::test_what_is_no_task_is_an_asset_definition_error_that_says_what_tasks_must_hold",
    ),
    "§1 rule 2: properties, resolving implicitly": (
        "spec/test_repository_construction.py::test_assets_are_the_objects_that_were_given_by_name_in_order_of_registration",
        "spec/test_repository_construction.py::test_every_operation_resolves_by_itself",
        "spec/test_repository_construction.py::test_every_argument_of_its_type_is_taken_in_order",
    ),
    "§1 rule 3: context manager": (
        "spec/test_repository_construction.py::test_entering_gives_the_repository_unresolved_and_leaving_shuts_it_down",
        "repository/test_code_repository.py::test_a_context_manager_shuts_down_and_swallows_nothing",
    ),
    "§1 rule 4: one object twice, two of one name": (
        "spec/test_repository_construction.py::test_one_asset_given_twice_is_one_asset_and_two_of_one_name_are_refused_by_name",
    ),
    "§1.1 order of resolving": (
        "spec/test_repository_construction.py::test_nothing_is_set_up_or_stored_when_a_check_fails",
        "spec/test_repository_construction.py::test_the_graph_is_composed_before_it_is_checked_and_checked_before_references",
        "spec/test_repository_construction.py::test_setup_comes_after_every_check_and_before_the_topology",
    ),
    "§1.1 default store": (
        "repository/test_code_repository.py::test_an_operation_resolves_by_itself_with_a_store_under_the_current_folder",
    ),
    "§1.1 a second call is a no-op": (
        "spec/test_repository_construction.py::test_resolving_again_is_no_operation_also_without_an_argument",
    ),
    "§1.2 validate": (
        "spec/test_repository_construction.py::test_validate_runs_again_each_time_also_after_resolving",
        "spec/test_repository_construction.py::test_validate_checks_graph_jobs_and_names_but_not_handler_keys",
        "repository/test_declared_repository.py::test_validate_touches_neither_storage_nor_resources_nor_handler_keys",
    ),
    # 1.3 validation faults
    "§1.3 unknown upstream or unmatched parameter": (
        "spec/test_repository_validation.py::test_a_parameter_that_matches_nothing_is_refused_as_either_type",
        "spec/test_repository_validation.py::test_an_unknown_lineage_upstream_names_asset_and_input",
    ),
    "§1.3 cycle": ("spec/test_repository_validation.py::test_a_cycle_is_told_as_a_path_that_repeats_its_first_node",),
    "§1.3 self edge": (
        "spec/test_repository_validation.py::test_an_asset_that_needs_itself_is_pointed_to_self_dependency",
    ),
    "§1.3 duplicate asset name": (
        "spec/test_repository_validation.py::test_two_assets_of_one_name_are_refused_by_name",
    ),
    "§1.3 unknown handler key": (
        "spec/test_repository_validation.py::test_an_unknown_handler_key_is_refused_as_either_type_when_resolving",
        "spec/test_repository_validation.py::test_an_unknown_handler_key_of_a_task_or_a_graph_is_refused",
    ),
    "§1.3 key of a resource that is no handler": (
        "spec/test_repository_validation.py::test_a_key_of_a_resource_that_is_no_handler_is_refused",
        "graph/test_references.py::test_a_resource_that_is_no_handler_is_refused",
    ),
    "§1.3 unknown partitions name": (
        "spec/test_repository_validation.py::test_an_unknown_partitions_name_is_refused_with_the_registered_ones",
        "graph/test_references.py::test_unknown_names_are_listed_beside_the_sorted_registered_ones",
    ),
    "§1.3 unknown retry name": (
        "spec/test_repository_validation.py::test_an_unknown_retry_name_is_refused_with_its_place_and_the_sorted_names",
        "spec/test_repository_validation.py::test_an_unknown_retry_name_of_a_graph_is_refused",
    ),
    "§1.3 unknown retry name in materialize": (
        "spec/test_repository_validation.py::test_an_unknown_retry_name_of_a_call_is_refused_by_the_call_and_makes_no_run",
    ),
    "§1.3 invalid partitions": (
        "spec/test_repository_validation.py::test_partitions_that_cannot_work_are_refused_by_asset",
        "spec/test_partitions_registered.py::test_a_definition_that_was_built_raw_is_checked_when_it_is_used",
        "spec/test_partitions_registered.py::test_a_mapping_that_does_not_fit_is_refused_naming_both_assets",
    ),
    "§1.3 automation on an external asset without an observe function": (
        "graph/test_building.py::test_8_5_an_automation_on_what_nobody_observes_is_refused",
    ),
    "§1.3 job of an unknown node": (
        "spec/test_repository_validation.py::test_a_job_of_a_node_that_the_repository_lacks_names_both",
    ),
    "§1.3 duplicate job name": ("spec/test_repository_validation.py::test_two_jobs_of_one_name_are_refused_by_name",),
    "§1.3 job that misses an upstream": (
        "spec/test_repository_validation.py::test_a_job_that_misses_an_upstream_names_everything_and_the_way_out",
    ),
    # 1.4 materialize
    "§1.4 the parameters and their order": (
        "spec/test_repository_materialize.py::test_everything_but_the_selection_may_be_left_out_and_positions_are_documented",
    ),
    "§1.4 rule 1: selection": (
        "spec/test_repository_materialize.py::test_no_selection_means_everything_with_standalone_tasks_and_without_external_assets",
        "spec/test_repository_materialize.py::test_an_empty_selection_runs_nothing_and_succeeds",
        "spec/test_repository_materialize.py::test_order_and_repetition_in_a_selection_do_not_matter",
        "spec/test_repository_materialize.py::test_an_unknown_name_is_raised_in_any_case_and_makes_no_run",
    ),
    "§1.4 rule 2: unselected upstreams": (
        "spec/test_repository_materialize.py::test_the_default_handler_does_not_count_though_it_holds_the_value",
        "spec/test_repository_materialize.py::test_an_upstream_outside_is_loaded_through_its_explicit_handler_or_that_of_the_input",
        "spec/test_repository_materialize.py::test_an_external_upstream_needs_not_be_selected",
        "spec/test_repository_materialize.py::test_an_upstream_by_lineage_only_needs_nothing",
        "spec/test_repository_materialize.py::test_a_handler_without_the_value_fails_the_step_with_its_own_error",
    ),
    "§1.4 rule 3: include_upstream": (
        "spec/test_repository_materialize.py::test_include_upstream_adds_all_upstreams_of_both_kinds_but_no_external_ones",
    ),
    "§1.4 rule 4: tags": (
        "spec/test_repository_materialize.py::test_tags_are_a_list_of_pairs_that_the_record_keeps",
        "spec/test_repository_materialize.py::test_tags_of_another_shape_are_a_type_error",
    ),
    "§1.4 rule 5: raising": (
        "spec/test_repository_materialize.py::test_a_run_is_carried_to_its_end_before_the_first_failure_is_raised",
        "spec/test_repository_materialize.py::test_a_fault_that_the_framework_finds_has_its_own_type_and_no_wrapping",
        "spec/test_repository_materialize.py::test_an_interrupt_and_an_exit_are_recorded_as_failures_and_raised_again",
    ),
    "§1.4 rule 6: not raising": (
        "spec/test_repository_materialize.py::test_without_raising_a_failed_result_comes_back",
        "spec/test_repository_materialize.py::test_what_is_wrong_with_the_call_is_raised_all_the_same_and_makes_no_run",
    ),
    "§1.4 rule 7: run_id_override": (
        "spec/test_repository_materialize.py::test_a_run_id_is_a_uuid4_unless_one_is_given",
        "spec/test_repository_materialize.py::test_a_run_under_a_used_id_replaces_what_the_record_said",
    ),
    "§1.4 rule 8: resume": (
        "spec/test_resumed_runs.py::test_a_resumed_run_does_what_is_left_and_its_record_tells_the_new_end",
        "spec/test_resumed_runs.py::test_a_resumed_run_that_fails_again_tells_the_newer_failure",
        "spec/test_resumed_runs.py::test_resuming_a_run_that_succeeded_does_nothing_and_lists_everything",
        "spec/test_resumed_runs.py::test_a_step_that_failed_when_it_was_last_executed_is_done_again",
        "spec/test_resumed_runs.py::test_what_was_done_before_a_run_was_begun_anew_is_not_done",
        "spec/test_resumed_runs.py::test_resuming_what_never_was_is_a_fresh_run",
        "spec/test_resumed_runs.py::test_a_cancelled_run_can_be_resumed",
        "spec/test_resumed_runs.py::test_the_run_of_a_process_that_died_can_be_resumed",
        "spec/test_resumed_runs.py::test_a_run_that_is_executed_just_now_cannot_be_executed_a_second_time",
        "spec/test_resumed_runs.py::test_a_run_that_waits_in_the_queue_is_left_to_it",
        "spec/test_resumed_runs.py::test_a_run_of_a_job_stays_one_when_it_is_resumed",
        "spec/test_resumed_runs.py::test_a_resumed_run_says_that_it_used_the_data_of_its_first_half",
        "spec/test_resumed_runs.py::test_a_resumed_run_asks_a_multi_asset_for_its_missing_outputs_only",
        "spec/test_resumed_runs.py::test_a_resumed_run_goes_on_inside_of_a_graph",
        "spec/test_resumed_runs.py::test_a_resumed_run_repeats_only_the_instances_that_failed",
        "storage/test_execution.py::test_a_run_that_has_ended_is_started_again_and_ends_anew",
        "storage/test_execution.py::test_what_waits_or_is_executed_is_not_started_again",
        "repository/test_run_creation.py::test_a_resumed_run_stays_the_run_of_its_job_and_its_launcher",
    ),
    "§1.4 rule 9: retry, the record, no queue": (
        "spec/test_repository_materialize.py::test_retry_is_the_policy_of_this_run_only",
        "spec/test_repository_materialize.py::test_the_record_of_a_run_has_no_job_and_the_queue_has_no_say",
    ),
    "§1.4 rule 10: partition keys": (
        "spec/test_repository_materialize.py::test_a_partition_key_of_unpartitioned_assets_is_refused_by_name",
        "spec/test_partitions_running.py::test_a_key_of_a_plan_with_an_unpartitioned_node_is_refused_by_name",
        "spec/test_partitions_running.py::test_partitioned_assets_without_a_key_are_refused_by_name",
    ),
    # 1.5 other methods
    "§1.5 get_job": (
        "spec/test_repository_other_methods.py::test_a_job_is_found_by_name_and_an_unknown_one_is_refused_as_either_type",
    ),
    "§1.5 get_schedule, get_sensor": (
        "spec/test_repository_other_methods.py::test_schedules_and_sensors_are_found_by_name",
    ),
    "§1.5 load_node": (
        "spec/test_repository_other_methods.py::test_a_value_is_loaded_through_the_handler_of_the_node_with_the_documented_context",
        "spec/test_repository_other_methods.py::test_a_node_that_was_never_materialized_raises_what_its_handler_raises",
        "spec/test_repository_other_methods.py::test_an_unknown_node_is_refused_by_name",
        "spec/test_repository_other_methods.py::test_a_key_of_an_unpartitioned_node_is_refused_by_name",
        "spec/test_repository_other_methods.py::test_external_assets_can_be_loaded",
    ),
    "§1.5 load_node of a partitioned node": (
        "spec/test_partitions_running.py::test_load_node_takes_a_key_of_the_node_and_no_other",
        "spec/test_partitions_running.py::test_load_node_of_a_partitioned_node_without_a_key_asks_for_no_partition",
    ),
    "§1.5 io_handler_for_output": (
        "spec/test_repository_other_methods.py::test_the_handler_that_writes_is_told_and_the_default_is_one_per_repository",
        "spec/test_repository_other_methods.py::test_an_unknown_node_is_refused_by_name",
    ),
    "§1.5 observe": (
        "spec/test_repository_other_methods.py::test_observing_gives_metadata_by_asset_and_a_run_result_in_one",
        "spec/test_repository_other_methods.py::test_only_the_named_assets_are_observed_and_the_others_are_ignored",
        "spec/test_repository_other_methods.py::test_an_error_of_an_observe_function_comes_through",
    ),
    "§1.5 shutdown": (
        "spec/test_repository_other_methods.py::test_every_resource_is_torn_down_in_order_though_one_fails",
        "spec/test_repository_other_methods.py::test_what_was_stored_can_still_be_loaded_after_the_shutdown",
        "spec/test_repository_other_methods.py::test_a_repository_that_was_never_resolved_is_shut_down_without_a_word",
    ),
    # 2. RunResult, RunHandle
    "§2 success, run_id": ("spec/test_run_result.py::test_success_is_true_exactly_when_nothing_failed",),
    "§2 materialized_assets and their order": (
        "spec/test_run_result.py::test_every_node_that_was_attempted_is_listed_in_topological_order",
        "spec/test_run_result.py::test_the_inside_of_a_graph_is_listed_and_its_failure_fails_the_graph",
        "spec/test_run_result.py::test_the_instances_and_the_collect_node_of_a_fan_out_are_listed",
    ),
    "§2 failed_assets": (
        "spec/test_run_result.py::test_a_failure_is_its_type_and_what_it_says_of_itself",
        "spec/test_run_result.py::test_failures_are_listed_in_the_order_in_which_they_happened",
    ),
    "§2 repr": ("spec/test_run_result.py::test_the_repr_shows_success_the_id_and_the_counts",),
    "§2 failure spread": (
        "spec/test_run_result.py::test_data_and_lineage_dependents_fail_and_unrelated_branches_go_on",
        "spec/test_run_result.py::test_of_a_multi_asset_only_the_failed_outputs_are_listed_and_hold_up_their_dependents",
    ),
    "§2 RunHandle": (
        "spec/test_run_result.py::test_a_handle_tells_the_status_and_gives_up_waiting_when_told",
        "spec/test_run_result.py::test_a_handle_of_a_submitted_run_waits_for_its_result",
        "spec/test_run_result.py::test_a_started_run_is_cancelled_through_its_handle",
        "spec/test_run_result.py::test_a_handle_tells_the_newer_end_of_a_run_that_was_resumed",
    ),
    "§2 submitting without a queue": ("spec/test_run_result.py::test_submitting_without_a_queue_says_what_is_missing",),
    # 3. Job
    "§3 the parameters": ("spec/test_jobs.py::test_a_job_is_declared_by_name_or_by_position",),
    "§3 members": (
        "spec/test_jobs.py::test_every_kind_of_node_may_be_a_member_and_some_twice",
        "graph/test_job_members.py::test_a_job_takes_every_kind_of_node_and_brings_what_belongs_to_it",
    ),
    "§3 rule 1": ("spec/test_jobs.py::test_a_job_of_nothing_or_of_something_else_is_refused_by_name_when_it_is_made",),
    "§3 rule 2": (
        "spec/test_jobs.py::test_a_missing_upstream_is_accepted_when_it_has_a_handler_and_the_job_says_so",
        "spec/test_jobs.py::test_a_missing_upstream_without_a_handler_is_refused_in_any_case",
        "spec/test_jobs.py::test_external_and_lineage_upstreams_may_be_missing_and_members_may_be_independent",
    ),
    "§3 rule 3": (
        "spec/test_jobs.py::test_a_job_executes_like_a_selection_of_its_members_under_its_name",
        "spec/test_jobs.py::test_the_failure_of_a_job_is_raised_as_it_is_unless_told_otherwise",
        "spec/test_jobs.py::test_a_job_of_no_repository_is_refused_as_either_type",
        "spec/test_jobs.py::test_the_object_that_was_given_can_itself_be_executed_once_it_is_resolved",
    ),
    "§3 rule 4: a key of an unpartitioned member": (
        "spec/test_jobs.py::test_a_key_of_an_unpartitioned_member_is_refused_by_name",
    ),
    "§3 rule 4: partitioned members": (
        "spec/test_partitions_running.py::test_a_job_runs_its_members_for_a_key",
        "spec/test_partitions_running.py::test_a_partitioned_job_needs_a_key_of_every_member",
    ),
    "§3 rule 5": ("spec/test_jobs.py::test_the_executor_is_that_of_the_metadata_then_the_job_then_the_repository",),
    # 4. Executors
    "§4 the factories": (
        "spec/test_executors.py::test_executors_come_from_factories_and_are_told_apart_by_the_nested_classes",
    ),
    "§4 in_process": (
        "spec/test_executors.py::test_in_process_runs_sync_steps_one_at_a_time_here",
        "spec/test_executors.py::test_async_steps_of_a_level_run_concurrently_in_this_process",
    ),
    "§4 parallel": (
        "spec/test_executors.py::test_the_parallel_executor_tells_its_limits",
        "spec/test_executors.py::test_two_sync_steps_of_a_level_run_beside_each_other_in_worker_processes",
        "spec/test_executors.py::test_async_steps_of_a_level_run_concurrently_in_this_process",
        "spec/test_executors.py::test_async_steps_run_here_while_sync_steps_run_in_workers",
    ),
    "§4 kubernetes": ("spec/test_executors.py::test_the_kubernetes_executor_is_a_value_with_the_documented_defaults",),
    "§4 negative counts": ("spec/test_executors.py::test_a_negative_count_is_refused",),
    "§4 rule 1": (
        "spec/test_executors.py::test_a_level_begins_when_the_one_before_has_ended",
        "spec/test_executors.py::test_a_level_of_two_executors_runs_each_step_where_it_belongs",
    ),
    "§4 rule 2": (
        "spec/test_executors.py::test_a_single_sync_step_of_a_batch_runs_here_and_so_a_chain_works_with_all_defaults",
        "spec/test_executors.py::test_two_sync_steps_of_a_level_run_beside_each_other_in_worker_processes",
    ),
    "§4 rule 3: functions by name or by value": (
        "execution/workers/test_addresses.py::test_a_module_level_function_has_an_address_also_behind_its_decorator",
        "execution/dispatch/test_loop.py::test_a_local_function_crosses_by_value_and_one_that_cannot_is_named",
        "spec/test_executors.py::test_values_do_not_cross_but_go_through_the_handlers_in_the_worker",
    ),
    "§4 rule 3: values through the handlers": (
        "spec/test_executors.py::test_values_do_not_cross_but_go_through_the_handlers_in_the_worker",
    ),
    "§4 rule 3: resources": (
        "spec/test_executors.py::test_a_resource_travels_by_its_fields_and_is_set_up_and_torn_down_in_the_worker",
    ),
    "§4 rule 3: the memory of this process": (
        "spec/test_executors.py::test_two_independent_assets_with_all_defaults_run_in_this_process",
        "execution/dispatch/test_loop.py::test_steps_over_the_memory_of_this_process_run_here",
    ),
    "§4 rule 4": (
        "spec/test_executors.py::test_an_exception_of_a_worker_is_raised_here_with_its_type_and_attributes",
        "spec/test_executors.py::test_what_a_worker_tells_is_recorded_here",
        "execution/dispatch/test_loop.py::test_an_exception_comes_back_with_its_type_and_the_text_of_its_traceback",
    ),
    "§4 rule 4: mark_partition_failed": (
        "spec/test_partitions_in_workers.py::test_marked_keys_metadata_and_version_come_back_from_a_worker",
    ),
    "§4 rule 5": ("spec/test_executors.py::test_max_async_concurrent_1_runs_coroutines_one_after_another",),
    "§4 rule 6": (
        "spec/test_executors.py::test_synchronous_calls_work_on_the_thread_of_a_running_loop",
        "repository/test_bound.py::test_materialize_works_on_the_thread_of_a_running_loop_in_real_time",
    ),
    "§4 rule 7": (
        "spec/test_executors.py::test_coroutines_of_assets_and_tasks_are_awaited",
        "spec/test_executors.py::test_an_async_generator_may_make_the_outputs_of_a_multi_asset",
    ),
    "§4 rule 8": ("spec/test_executors.py::test_compute_is_ignored_with_a_logged_warning",),
    # 5. Retries
    "§5 RetryPolicy": (
        "spec/test_retries.py::test_max_retries_counts_the_attempts_after_the_first",
        "spec/test_retries.py::test_a_malformed_policy_is_refused",
    ),
    "§5 retry_on None, ALL": ("spec/test_retries.py::test_everything_but_a_cancellation_is_tried_again_by_default",),
    "§5 retry_on TRANSIENT": (
        "spec/test_retries.py::test_transient_means_memory_timeout_and_infrastructure",
        "spec/test_retries.py::test_the_death_of_a_worker_is_transient",
    ),
    "§5 retry_on a list": ("spec/test_retries.py::test_a_list_is_matched_by_type_or_by_reason",),
    "§5 retry_on no list": ("spec/test_retries.py::test_a_retry_on_that_is_no_list_is_a_configuration_error",),
    "§5 retry_on a bad element": ("spec/test_retries.py::test_a_bad_element_of_retry_on_is_a_type_error",),
    "§5 classification": (
        "spec/test_retries.py::test_every_failure_is_recorded_with_its_reason",
        "spec/test_executors.py::test_the_death_of_a_worker_is_the_failure_of_its_step_alone",
    ),
    "§5 the texts of the reasons": ("spec/test_retries.py::test_the_reasons_are_spelt_as_documented",),
    "§5 Backoff: constant, linear, exponential, fixed, max_delay, clamping": (
        "spec/test_retries.py::test_each_backoff_waits_by_its_formula_on_the_clock",
    ),
    "§5 Backoff: jitter": ("spec/test_retries.py::test_jitter_spreads_the_wait_after_the_longest_delay",),
    "§5 Backoff: faults": (
        "spec/test_retries.py::test_a_backoff_that_makes_no_sense_is_a_configuration_error",
        "spec/test_retries.py::test_a_backoff_is_made_by_its_factories_only",
    ),
    "§5 ComputeEscalation, Compute": (
        "spec/test_retries.py::test_escalation_and_compute_are_keyword_only_values",
        "spec/test_retries.py::test_the_reasons_of_an_escalation_are_tried_again_though_nothing_else_is",
    ),
    "§5 rule 1": (
        "spec/test_retries.py::test_the_nearest_policy_counts_and_nothing_is_merged",
        "spec/test_retries.py::test_every_kind_of_step_has_its_own_policy",
    ),
    "§5 rule 2": (
        "spec/test_retries.py::test_loading_inputs_is_tried_again",
        "spec/test_retries.py::test_a_value_of_the_wrong_type_is_tried_again",
        "spec/test_retries.py::test_a_failure_to_store_is_not_tried_again",
    ),
    "§5 rule 3": (
        "spec/test_retries.py::test_every_attempt_and_every_retry_is_recorded_with_its_facts",
        "spec/test_retries.py::test_an_escalating_retry_tells_what_would_be_asked_for_next",
    ),
    "§5 rule 4": ("spec/test_retries.py::test_hooks_fire_once_after_the_last_attempt",),
    "§5 rule 5: executor slots, cancelling": (
        "spec/test_retries.py::test_a_step_that_waits_for_its_next_attempt_holds_up_no_other",
        "spec/test_retries.py::test_a_cancel_ends_a_backoff_within_a_second_of_the_clock",
    ),
    "§5 rule 5: pool slots": (
        "spec/test_pools.py::test_slots_are_free_during_a_backoff_and_kept_when_there_is_none",
        "spec/test_pools.py::test_during_a_backoff_another_step_has_the_slot",
    ),
    "§5 rule 6": ("spec/test_retries.py::test_every_place_of_a_policy_takes_a_name",),
    "§5 rule 7": ("spec/test_retries.py::test_the_policy_of_a_graph_is_for_its_own_step_and_its_inside_uses_its_own",),
    # 6. Hooks
    "§6 the factories": ("spec/test_hooks.py::test_hooks_are_made_bare_or_with_a_name",),
    "§6 faults": ("spec/test_hooks.py::test_a_hook_is_made_by_its_factories_once_and_of_a_function",),
    "§6 HookContext": (
        "spec/test_hooks.py::test_a_success_hook_is_told_everything_about_the_step",
        "spec/test_hooks.py::test_a_failure_hook_is_told_the_error_and_no_output",
    ),
    "§6 rule 1": (
        "spec/test_hooks.py::test_every_failure_of_a_step_is_told",
        "spec/test_hooks.py::test_hooks_run_here_though_the_step_ran_in_a_worker",
        "spec/test_hooks.py::test_hooks_run_in_the_order_of_the_list_when_the_outcome_is_stored",
    ),
    "§6 rule 2": (
        "spec/test_hooks.py::test_a_hook_that_raises_harms_neither_the_step_nor_the_hooks_after_it",
        "spec/test_hooks.py::test_a_failure_hook_that_raises_changes_no_failure",
    ),
    "§6 rule 3": ("spec/test_hooks.py::test_a_skipped_step_fires_no_hook",),
    "§6 rule 4": (
        "spec/test_hooks.py::test_the_hooks_of_a_multi_asset_fire_once_per_output",
        "spec/test_hooks.py::test_the_hooks_of_a_graph_fire_once_under_its_name",
        "spec/test_hooks.py::test_a_materialization_is_a_success_without_an_output",
        "spec/test_hooks.py::test_tasks_have_no_hooks",
    ),
    # 7. Resources
    "§7 the fields": (
        "spec/test_resources.py::test_fields_come_from_arguments_then_the_environment_then_defaults",
        "spec/test_resources.py::test_a_resource_is_a_settings_class_whose_setup_and_teardown_do_nothing",
    ),
    "§7 what may be registered": (
        "spec/test_repository_construction.py::test_resources_handlers_models_and_settings_can_be_registered",
    ),
    "§7 rule 1": (
        "spec/test_resources.py::test_setup_is_called_once_in_order_when_resolving_and_never_before",
        "spec/test_resources.py::test_an_exception_in_setup_comes_through_and_nothing_after_it_is_set_up",
    ),
    "§7 rule 2": ("spec/test_resources.py::test_teardown_is_called_at_the_end_and_never_per_run",),
    "§7 rule 3": (
        "spec/test_resources.py::test_assets_tasks_and_observe_functions_get_the_same_instance_by_name",
        "spec/test_resources.py::test_schedules_and_sensors_get_the_same_instance",
    ),
    "§7 rule 4": ("spec/test_resources.py::test_a_class_is_accepted_and_passed_on_as_it_is",),
    "§7 rule 5": (
        "spec/test_resources.py::test_a_resource_that_is_a_handler_serves_everywhere_a_handler_can_be_named",
    ),
    # 8. Config
    "§8 the context's config": (
        "spec/test_config.py::test_the_config_is_an_instance_built_for_each_run",
        "spec/test_config.py::test_a_context_without_a_model_has_no_config",
        "spec/test_config.py::test_a_config_of_another_kind_is_refused_by_name",
        "spec/test_config.py::test_triggers_get_their_config_too",
    ),
    "§8 rule 1": (
        "spec/test_config.py::test_values_are_overrides_then_the_environment_then_defaults",
        "spec/test_config.py::test_values_are_coerced_and_unknown_fields_follow_the_model",
    ),
    "§8 rule 2": ("spec/test_config.py::test_a_validation_error_fails_the_step_as_it_is",),
    "§8 rule 3: both shapes": (
        "spec/test_config.py::test_both_shapes_are_taken_by_materialize_and_by_jobs",
        "spec/test_config.py::test_a_standalone_task_has_its_overrides_under_its_name",
    ),
    "§8 rule 3: backfill(config=)": "Backfills come with a later issue.",
    "§8 which shape it is": (
        "spec/test_config.py::test_an_asset_that_is_called_like_a_section_is_reached_through_the_section",
    ),
    "§8 the faults of a document": (
        "spec/test_config.py::test_a_fault_of_the_document_names_its_place_and_makes_no_run",
        "execution/test_run_config.py::test_a_fault_names_its_path_and_what_would_do",
    ),
    "§8 metadata": ("spec/test_config.py::test_metadata_is_merged_for_this_run_and_seen_by_context_handler_and_loads",),
    "§8 resources": ("spec/test_config.py::test_a_resource_is_rebuilt_with_changed_fields_for_this_run_only",),
    "§8 execution": ("spec/test_config.py::test_the_executor_of_one_run_can_be_chosen",),
    "§8 the keys": (
        "spec/test_config.py::test_the_outputs_of_a_multi_asset_are_keys_and_its_own_name_is_none",
        "spec/test_config.py::test_the_tasks_of_a_graph_are_keys_and_the_graph_itself_reaches_none_of_them",
    ),
    "§8 config that nobody declared, no overrides, the record": (
        "spec/test_config.py::test_config_of_an_asset_that_declares_none_is_ignored",
        "spec/test_config.py::test_no_document_means_no_overrides",
        "spec/test_config.py::test_both_shapes_are_taken_by_materialize_and_by_jobs",
    ),
    # 9. IO handlers
    "§9 BaseIOHandler": (
        "spec/test_io_handlers.py::test_a_handler_must_be_written_whole_to_be_made",
        "spec/test_io_handlers.py::test_a_handler_is_a_settings_model",
        "spec/test_io_handlers.py::test_what_only_looks_like_a_handler_is_refused_everywhere",
    ),
    "§9 OutputContext": ("spec/test_io_handlers.py::test_an_output_context_has_the_documented_members",),
    "§9 InputContext": ("spec/test_io_handlers.py::test_an_input_context_has_the_documented_members",),
    "§9 which handler writes": (
        "spec/test_io_handlers.py::test_the_handler_that_writes_is_that_of_the_node_then_of_the_whole_then_the_default",
    ),
    "§9 which handler loads": (
        "spec/test_io_handlers.py::test_a_load_goes_to_the_handler_of_the_input_then_of_the_upstream_then_the_default",
    ),
    "§9 flow": (
        "spec/test_io_handlers.py::test_a_value_is_checked_before_it_is_stored_and_stored_before_it_is_recorded",
        "spec/test_io_handlers.py::test_each_consumer_loads_once_and_gets_what_the_handler_gives",
        "spec/test_io_handlers.py::test_what_stores_nothing_is_not_loaded_by_lineage",
    ),
    "§9 InMemoryIOHandler": (
        "spec/test_io_handlers.py::test_the_memory_handler_gives_the_very_object_back_and_has_no_fields",
        "spec/test_io_handlers.py::test_the_memory_handler_says_which_key_it_does_not_hold",
    ),
    "§9 PickleIOHandler": (
        "spec/test_io_handlers.py::test_the_pickle_handler_stores_under_prefix_and_name_and_tells_so",
        "spec/test_io_handlers.py::test_the_pickle_handler_needs_a_store_and_says_what_it_does_not_hold",
        "spec/test_io_handlers.py::test_a_value_that_cannot_be_pickled_fails_with_the_error_of_pickle",
    ),
    "§9 PickleIOHandler on S3, GCS, Azure, HTTP": "The store is obstore's; a test of those needs their servers.",
    "§9 the keys of partitions": (
        "spec/test_partitions_handlers.py::test_the_memory_handler_names_what_it_does_not_hold_by_its_key",
        "spec/test_partitions_handlers.py::test_the_memory_handler_joins_the_values_of_one_key_by_a_bar",
        "spec/test_partitions_handlers.py::test_the_pickle_handler_has_a_file_for_every_partition",
        "spec/test_partitions_handlers.py::test_the_value_of_a_batch_is_loaded_by_each_of_its_keys",
    ),
    "§9 data versions": (
        "spec/test_io_handlers.py::test_every_materialization_has_a_fresh_uuid_as_its_version_unless_one_is_registered",
    ),
    "§9 rivers.testing": (
        "spec/test_io_handlers.py::test_the_storages_for_tests_are_ordinary_ones_that_close_when_they_are_dropped",
        "test_testing.py::test_an_embedded_storage_can_be_opened_again_as_soon_as_it_is_dropped",
    ),
    # 10. Run and step events
    "§10 get_run": (
        "spec/test_run_and_step_events.py::test_a_run_is_stored_with_everything_that_is_known_of_it",
        "spec/test_run_and_step_events.py::test_the_status_tells_how_a_run_is_doing",
        "spec/test_run_and_step_events.py::test_a_queued_run_has_the_status_of_the_queue",
        "spec/test_run_and_step_events.py::test_records_have_the_documented_attributes",
    ),
    "§10 get_events_for_run": (
        "spec/test_run_and_step_events.py::test_a_step_that_succeeds_tells_three_things_in_order",
        "spec/test_run_and_step_events.py::test_a_step_that_fails_or_is_tried_again_tells_so",
        "spec/test_run_and_step_events.py::test_an_observation_stands_where_the_materialization_would",
        "spec/test_run_and_step_events.py::test_every_node_of_a_run_has_events_of_its_own",
        "spec/test_run_and_step_events.py::test_records_have_the_documented_attributes",
    ),
    "§10 graph collect nodes and map templates": (
        "spec/test_run_and_step_events.py::test_what_a_fan_out_adds_to_a_graph_has_no_materialization",
    ),
    # 11. Exceptions
    "§11": (
        "spec/test_exceptions_module.py::test_every_exception_is_there_and_derives_directly_from_exception",
        "spec/test_exceptions_module.py::test_two_types_for_one_fault_are_joined_by_private_classes_only",
        "test_exceptions.py::test_a_private_exception_only_joins_two_public_ones",
    ),
}
"""Each rule with its tests, ``<module below tests>::<function>``, or the reason why there is none."""


@cache
def functions_of(module: Path) -> frozenset[str]:
    """The names of the functions that a module defines; none of a module that is missing."""
    if not module.is_file():
        return frozenset()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.parse(module.read_text()).body if isinstance(node, functions))


def missing_tests(named: tuple[str, ...], root: Path = ROOT / "tests") -> list[str]:
    """Those of ``named`` that are no test functions below ``root``."""
    parted = [(name, *name.split("::")) for name in named]
    return [name for name, module, function in parted if function not in functions_of(root / module)]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_tests_that_exist_or_a_reason(rule: str) -> None:
    tests = RULES[rule]
    if isinstance(tests, str):
        assert tests.endswith(".")
    else:
        assert tests
        assert missing_tests(tests) == []


def test_a_test_that_does_not_exist_is_seen(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("def test_it(): ...\nasync def test_other(): ...\n")
    names = ("test_a.py::test_it", "test_a.py::test_other", "test_a.py::test_gone", "test_b.py::test_it")
    assert missing_tests(names, tmp_path) == ["test_a.py::test_gone", "test_b.py::test_it"]
