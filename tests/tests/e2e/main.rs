//! The main job on a real engine and a real registry, start to finish, by the program that users run. One sandbox of
//! its own serves all tests; where none can be had, every test is reported as ignored, with the reason.
#![allow(clippy::unwrap_used)]

mod aws;
mod checkout;
mod proxy;
mod quick;
mod truth;
mod world;

mod answers;
mod assembled;
mod by_hand;
mod cache;
mod clock;
mod dev;
mod ecr;
mod edits;
mod engine;
mod full;
mod gate;
mod invoke;
mod judges;
mod kills;
mod locked;
mod lost;
mod patterns;
mod power;
mod registry;
mod secrets;
mod stable;
mod surroundings;
mod team;
mod together;
mod trouble;

use std::process::ExitCode;
use std::sync::OnceLock;

use layerwise_sandbox::Sandbox;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use world::World;

type Test = (&'static str, fn(&World) -> Result<(), Failed>);

/// One that may have to be ignored.
type Perhaps = (&'static str, fn(&World) -> Completed);

type Completed = Result<Completion, Failed>;

const TESTS: &[Test] = &[
    ("everything_is_built_and_then_nothing", gate::everything_is_built_and_then_nothing),
    ("a_handler_edit_rebuilds_one_image", gate::a_handler_edit_rebuilds_one_image),
    ("a_package_edit_rebuilds_its_dependants", gate::a_package_edit_rebuilds_its_dependants),
    ("a_readme_edit_rebuilds_nothing", gate::a_readme_edit_rebuilds_nothing),
    ("an_edit_that_keeps_size_and_time_is_built", gate::an_edit_that_keeps_size_and_time_is_built),
    ("the_readable_tag_follows_the_sources", gate::the_readable_tag_follows_the_sources),
    ("a_checkout_with_another_umask_is_a_hit", gate::a_checkout_with_another_umask_is_a_hit),
    ("each_lambda_answers_its_sample_event", answers::each_lambda_answers_its_sample_event),
    ("invoking_answers_what_the_sources_say", invoke::invoking_answers_what_the_sources_say),
    ("an_invoked_functions_error_is_exit_code_1", invoke::an_invoked_functions_error_is_exit_code_1),
    (
        "invoked_samples_are_held_against_their_answers",
        invoke::invoked_samples_are_held_against_their_answers,
    ),
    (
        "what_is_declared_for_this_machine_holds_in_an_invocation",
        invoke::what_is_declared_for_this_machine_holds_in_an_invocation,
    ),
    ("many_invocations_run_in_several_containers", invoke::many_invocations_run_in_several_containers),
    ("an_interrupted_invocation_leaves_no_container", invoke::an_interrupted_invocation_leaves_no_container),
    (
        "what_a_killed_invocation_left_is_removed_by_the_next",
        invoke::what_a_killed_invocation_left_is_removed_by_the_next,
    ),
    (
        "what_cannot_be_invoked_is_said_before_an_engine_is_needed",
        invoke::what_cannot_be_invoked_is_said_before_an_engine_is_needed,
    ),
    (
        "dev_puts_saved_files_into_the_container_without_a_build",
        dev::saves::dev_puts_saved_files_into_the_container_without_a_build,
    ),
    (
        "dev_builds_what_cannot_be_put_and_swaps_the_container",
        dev::saves::dev_builds_what_cannot_be_put_and_swaps_the_container,
    ),
    (
        "dev_shows_a_broken_handler_and_the_next_save_heals_it",
        dev::trouble::dev_shows_a_broken_handler_and_the_next_save_heals_it,
    ),
    (
        "dev_takes_a_switch_of_branches_as_few_changes",
        dev::saves::dev_takes_a_switch_of_branches_as_few_changes,
    ),
    (
        "dev_replaces_what_was_killed_and_what_hangs",
        dev::trouble::dev_replaces_what_was_killed_and_what_hangs,
    ),
    ("dev_waits_for_an_engine_that_is_gone", dev::trouble::dev_waits_for_an_engine_that_is_gone),
    (
        "dev_is_alone_and_leaves_nothing_however_it_ends",
        dev::trouble::dev_is_alone_and_leaves_nothing_however_it_ends,
    ),
    (
        "dev_starts_again_with_declarations_that_have_changed",
        dev::declarations::dev_starts_again_with_declarations_that_have_changed,
    ),
    ("dev_answers_as_lambdas_own_api_does", dev::endpoint::dev_answers_as_lambdas_own_api_does),
    (
        "images_on_a_stable_base_stay_as_it_drifts_and_never_leave_this_machine",
        stable::images_on_a_stable_base_stay_as_it_drifts_and_never_leave_this_machine,
    ),
    (
        "a_missing_stable_base_is_taken_from_the_registry",
        stable::a_missing_stable_base_is_taken_from_the_registry,
    ),
    (
        "without_a_stable_base_and_no_way_to_build_one_nothing_stands_on_it",
        stable::without_a_stable_base_and_no_way_to_build_one_nothing_stands_on_it,
    ),
    (
        "dev_puts_files_of_packages_where_pip_has_installed_them",
        dev::packages::dev_puts_files_of_packages_where_pip_has_installed_them,
    ),
    (
        "dev_runs_a_function_under_a_debugger_that_finds_its_files",
        dev::debug::dev_runs_a_function_under_a_debugger_that_finds_its_files,
    ),
    ("an_image_deleted_from_the_registry_is_rebuilt", registry::an_image_deleted_is_rebuilt),
    ("a_locked_parent_moves_only_when_it_is_told_to", locked::a_locked_parent_moves_only_when_it_is_told_to),
    (
        "layers_that_another_engine_made_are_not_made_again",
        cache::layers_that_another_engine_made_are_not_made_again,
    ),
    ("what_is_pushed_is_what_lambda_takes", registry::what_is_pushed_is_what_lambda_takes),
    (
        "changed_handlers_are_pushed_without_an_engine",
        assembled::changed_handlers_are_pushed_without_an_engine,
    ),
    (
        "the_samples_are_the_same_with_and_without_a_builder",
        assembled::the_samples_are_the_same_with_and_without_a_builder,
    ),
    ("a_changed_handler_sends_its_own_layer_only", assembled::a_changed_handler_sends_its_own_layer_only),
    ("a_push_that_breaks_off_leaves_no_half_image", assembled::a_push_that_breaks_off_leaves_no_half_image),
    ("what_cannot_be_assembled_says_why", assembled::what_cannot_be_assembled_says_why),
    ("a_parent_in_another_registry_is_copied", assembled::a_parent_in_another_registry_is_copied),
    ("a_failing_image_leaves_the_others_built", trouble::a_failing_image_leaves_the_others_built),
    ("an_unreadable_input_leaves_the_others_built", trouble::an_unreadable_input_leaves_the_others_built),
    ("an_edit_during_a_build_leaves_no_record", trouble::an_edit_during_a_build_leaves_no_record),
    ("an_interrupt_leaves_nothing_behind", trouble::an_interrupt_leaves_nothing_behind),
    ("no_engine_is_said_in_one_line", trouble::no_engine_is_said_in_one_line),
    ("secrets_are_nowhere", secrets::secrets_are_nowhere),
    ("a_killed_run_is_finished_by_the_next", kills::a_killed_run_is_finished_by_the_next),
    (
        "what_a_killed_runs_builder_still_does_is_waited_for",
        kills::what_a_killed_runs_builder_still_does_is_waited_for,
    ),
    ("many_runs_build_each_image_once", together::many_runs_build_each_image_once),
    ("edits_while_building_leave_no_false_record", edits::edits_while_building_leave_no_false_record),
    (
        "a_full_folder_of_records_is_an_error_and_a_larger_one_is_not",
        surroundings::a_full_folder_of_records_is_an_error_and_a_larger_one_is_not,
    ),
    (
        "a_read_only_folder_of_records_is_said_before_anything_is_built",
        surroundings::a_read_only_folder_of_records_is_said_before_anything_is_built,
    ),
    (
        "records_deleted_meanwhile_are_written_again",
        surroundings::records_deleted_meanwhile_are_written_again,
    ),
    (
        "sixty_four_descriptors_are_enough_to_ask_the_engine",
        surroundings::sixty_four_descriptors_are_enough_to_ask_the_engine,
    ),
    (
        "an_engine_lost_in_mid_build_leaves_no_false_record",
        lost::an_engine_lost_in_mid_build_leaves_no_false_record,
    ),
    (
        "a_full_disk_of_the_engine_is_said_and_stops_nothing_else",
        full::a_full_disk_of_the_engine_is_said_and_stops_nothing_else,
    ),
    ("the_clock_may_be_wrong_by_a_year", clock::the_clock_may_be_wrong_by_a_year),
    ("a_team_finds_what_one_of_it_builds", team::a_team_finds_what_one_of_it_builds),
    ("a_team_builds_on_without_its_records", team::a_team_builds_on_without_its_records),
    ("a_team_takes_no_records_from_a_pull_request", team::a_team_takes_no_records_from_a_pull_request),
    ("a_team_reaches_its_records_through_a_proxy", team::a_team_reaches_its_records_through_a_proxy),
    ("a_team_is_told_what_is_wrong_with_its_records", team::a_team_is_told_what_is_wrong_with_its_records),
    (
        "ecr_gets_the_repositories_that_images_need_and_a_login_of_its_own",
        ecr::ecr_gets_the_repositories_that_images_need_and_a_login_of_its_own,
    ),
    ("functions_run_what_is_deployed_and_go_back", ecr::functions_run_what_is_deployed_and_go_back),
    ("every_pattern_builds", patterns::every_pattern_builds),
    ("plain_docker_and_bake_build_the_same", by_hand::plain_docker_and_bake_build_the_same),
    ("hadolint_has_nothing_to_say", by_hand::hadolint_has_nothing_to_say),
    ("the_ignore_table_is_what_the_engine_does", by_hand::the_ignore_table_is_what_the_engine_does),
    ("no_verdict_of_the_gate_is_wrong", judges::no_verdict_of_the_gate_is_wrong),
    ("assembled_images_are_what_buildkit_builds", judges::assembled_images_are_what_buildkit_builds),
    ("the_ignore_rules_are_those_of_the_engine", judges::the_ignore_rules_are_those_of_the_engine),
];

/// Tests that need more of a machine than the sandbox does, and say so where it is not there.
const WHERE_POSSIBLE: &[Perhaps] = &[
    ("records_survive_a_power_cut", power::records_survive_a_power_cut),
    (
        "dev_says_when_no_more_folders_can_be_watched",
        dev::watches::dev_says_when_no_more_folders_can_be_watched,
    ),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let world: &'static OnceLock<Result<World, String>> = Box::leak(Box::new(OnceLock::new()));
    let in_world = |name: &str, test: Box<dyn Fn(&World) -> Completed + Send>| {
        Trial::ignorable_test(name, move || match Sandbox::supported() {
            Ok(()) => {
                let world = world.get_or_init(|| {
                    World::new().map_err(|error| error.message().unwrap_or("no sandbox").to_owned())
                });
                test(world.as_ref().map_err(String::as_str)?)
            }
            Err(reason) => Ok(Completion::ignored_with(reason.to_string())),
        })
    };
    let always = TESTS.iter().map(|(name, test)| {
        in_world(name, Box::new(move |world| test(world).map(|()| Completion::Completed)))
    });
    let where_possible = WHERE_POSSIBLE.iter().map(|(name, test)| in_world(name, Box::new(test)));
    let trials: Vec<_> = always.chain(where_possible).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Some(Ok(world)) = world.get() {
        world.end();
    }
    conclusion.exit_code()
}
