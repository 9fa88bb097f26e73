//! The tests of HTTP that every device with Faceplate passes (`crates/faceplate-sim/tests/http`), with the
//! component in place of the simulated device: which of them it cannot be asked for, and why.

use std::path::PathBuf;
use std::process::Command;

use super::super::counted;
use super::c::{Idf, Program, Sanitizers};
use super::{archive, c, made};
use crate::cargo::{self, cargo, output};
use crate::component::Variant;
use crate::tally::Tally;

/// Where the component answers.
#[derive(Clone, Copy)]
pub(super) enum Door {
    /// Behind the stand-in for `esp_http_server`.
    Httpd,
    /// On a port of its own.
    OwnPort,
}

/// Tests, or modules of them (`events::`), that the component is not asked for, at either door.
const NOT_OF_THE_COMPONENT: [(&str, &[&str]); 7] = [
    (
        "it has no Wi-Fi",
        &[
            "networks::",
            "portal::",
            "wifi::",
            "guards::a_method_that_is_not_allowed_gets_those_that_are",
            "uploads::the_status_has_all_the_fields_of_the_contract",
        ],
    ),
    (
        "it has no routes, events and sockets of the firmware's: those are the firmware's server's",
        &[
            "autobahn::",
            "events::",
            "live::",
            "routes::",
            "sockets::",
            "hostile::random_frames_get_frames_or_the_end",
        ],
    ),
    (
        "nobody can give it a password, or other times, while it runs",
        &[
            "password::every_change_needs_it_and_nothing_is_touched_without",
            "password::reading_needs_it_where_the_firmware_says_so",
            "password::who_knows_it_does_all_that_others_may_not",
            "password::sockets_and_events_are_signed_in_their_address",
            "password::who_listens_can_use_nothing_again",
            "password::a_login_that_was_heard_is_good_for_nothing",
            "password::wrong_passwords_are_slowed_and_counted_and_hold_up_nobody_who_is_logged_in",
            "password::a_plain_password_that_was_right_once_helps_nobody_to_guess",
            "password::a_login_that_was_heard_is_of_no_use_when_its_session_made_room",
            "password::many_may_log_in_at_once",
            "password::leave_to_set_it_ends_when_somebody_else_has_set_it_meanwhile",
            "password::nonces_are_of_their_boot_also_where_it_is_set_before_anybody_asks",
            "password::a_password_that_was_damaged_is_not_one_that_was_never_set",
            "password::ten_thousand_guesses_get_in_nowhere",
            "password::bodies_of_a_login_that_are_none_are_told_apart",
            "password::where_one_is_demanded_nothing_is_changed_before_it_is_set",
            "password::after_a_reset_that_of_the_build_holds",
            "password::a_plain_password_gets_in_while_others_are_answered",
            "password::what_is_no_plain_password_is_a_wrong_one",
            "password::a_power_cut_at_any_operation_leaves_the_old_password_or_the_new_one",
            "password::a_password_that_cannot_be_read_lets_nobody_in",
            "password::known::who_was_logged_in_logs_in_again_while_others_guess_also_after_a_restart",
            "password::known::a_ticket_is_no_password_and_of_one_password_and_device",
            "password::masked::who_hears_a_change_has_no_verifier",
            "password::masked::a_changed_password_is_what_was_meant",
            "password::masked::bodies_that_were_swapped_on_the_way_change_nothing",
            "password::ends::sockets_and_events_end_with_the_password_that_opened_them",
            "password::ends::an_upload_under_way_is_not_switched_to",
            "password::ends::a_command_whose_body_comes_late_is_not_carried_out",
            "password::ends::what_needs_no_password_goes_on_without",
            "password::ends::a_request_for_a_route_whose_body_comes_late_is_not_carried_out",
            "password::ends::a_change_whose_session_made_room_meanwhile_is_not_carried_out",
            "password::ends::a_plain_password_that_was_changed_while_it_was_stretched_is_wrong",
            "password::known::a_wrong_login_with_a_ticket_that_was_heard_is_not_counted_again",
        ],
    ),
    (
        "its limits cannot be shortened",
        &[
            "connections::a_client_that_does_not_read_is_given_up_and_others_are_served",
            "connections::a_connection_ends_after_so_long",
            "connections::a_connection_ends_after_so_many_requests",
            "connections::a_head_that_trickles_is_given_up",
            "connections::an_answer_that_trickles_out_is_given_up_too",
            "connections::an_idle_connection_is_closed_without_a_word",
            "hostile::random_requests_are_answered_or_closed",
            "patches::copies_on_flash_are_not_time_that_a_client_took",
            "uploads::a_body_that_trickles_is_given_up_too",
            "uploads::a_client_that_stalls_is_given_up_and_others_are_served_meanwhile",
        ],
    ),
    (
        "flash and NVS of the simulator are looked into, or fail",
        &[
            "caching::a_client_that_has_a_file_costs_no_read_of_it",
            "files::a_file_that_cannot_be_read_is_an_error_and_not_half_a_file",
            "foreign_nvs::",
            "ranges::a_part_costs_what_it_has_and_not_what_lies_before_it",
            "uploads::a_flash_that_fails_is_never_a_success",
            "uploads::a_settings_store_that_cannot_be_read_is_told_in_the_status",
            "uploads::a_settings_store_that_fails_is_never_a_success",
        ],
    ),
    (
        "others are answered before its task has seen what a client sent that is gone",
        &[
            "patches::a_patch_whose_client_goes_leaves_what_runs",
            "uploads::a_connection_that_drops_aborts_the_upload_wherever_that_is",
        ],
    ),
    (
        "it knows no domain of the network",
        &["guards::the_device_answers_to_addresses_and_its_own_names"],
    ),
];

/// The same behind `esp_http_server`.
const NOT_BEHIND_HTTPD: [(&str, &[&str]); 3] = [
    (
        "esp_http_server answers what it takes for no request itself",
        &["connections::a_bad_head_is_answered_once_and_ends_the_connection"],
    ),
    (
        "of two headers of one name it tells the first; it does not tell the version",
        &[
            "connections::a_connection_ends_when_the_client_says_so",
            "files::a_client_that_has_the_content_gets_none",
            "guards::a_request_names_exactly_one_host",
        ],
    ),
    (
        "it waits for the first byte of a body",
        &[
            "patches::a_client_that_waits_is_told_to_send_its_patch_or_why_not",
            "uploads::a_client_that_expects_a_word_gets_it_when_the_head_is_right",
            "uploads::a_client_that_expects_a_word_gets_the_error_instead",
            "uploads::what_the_head_decides_is_answered_before_a_body_comes",
        ],
    ),
];

/// The tests of HTTP, which are those of the simulated device, and those of the command line.
const HTTP: &str = "http";
const CLI: &str = "cli";

/// Has cargo run tests, compiled as `cargo xtask test` compiles all that there are: whoever asks for fewer packages
/// gets dependencies with other features, which are compiled once more.
fn suite(name: &str) -> Command {
    let workspace = ["test", "--quiet", "--workspace", "--all-features"];
    let mut suite = cargo(&workspace);
    suite.args(["--test", name]);
    suite
}

/// Builds the `faceplate` command, which is there for its tests.
pub(super) fn command_line() -> Result<(), String> {
    cargo::run(suite(CLI).arg("--no-run"))
}

/// Runs the tests that apply.
pub(super) fn run(
    tests: &mut Tally,
    idf: Idf,
    door: Door,
    sanitizers: Sanitizers,
) -> Result<(), String> {
    let device = device(idf, sanitizers, Variant::Plain)?;
    let applying = applying(&output(suite(HTTP).args(["--", "--list"]))?, door)?;
    let mut command = suite(HTTP);
    command.args(["--", "--exact"]).args(applying);
    command.env("FACEPLATE_DEVICE", device);
    obeys(&mut command, door);
    command.env("RUST_TEST_THREADS", "8");
    counted(command, tests, Tally::from_result_line)
}

/// A test of a login that is the simulator's alone.
const OF_THE_SIMULATOR: &str = "a_simulated_device_says_which_of_its_options_contradict_each_other";

/// A test of a login that wants all rows of the contract kept.
const NOT_KEPT_BEHIND_HTTPD: &str = "a_device_with_a_password_keeps_the_contract_for_who_knows_it";

/// Runs the tests of the command line that log in to a device, with one of the component.
pub(super) fn log_in(
    tests: &mut Tally,
    idf: Idf,
    door: Door,
    sanitizers: Sanitizers,
) -> Result<(), String> {
    let mut command = suite(CLI);
    command.args(["--", "password::", "--skip", OF_THE_SIMULATOR]);
    if let Door::Httpd = door {
        command.args(["--skip", NOT_KEPT_BEHIND_HTTPD]);
    }
    command.env(
        "FACEPLATE_DEVICE",
        device(idf, sanitizers, Variant::Password)?,
    );
    obeys(&mut command, door);
    counted(command, tests, Tally::from_result_line)
}

/// Tells the device where to answer. What sanitizers find ends it, and so the test.
fn obeys(tests: &mut Command, door: Door) {
    if let Door::OwnPort = door {
        tests.env("FACEPLATE_DEVICE_ARGS", "--own-port");
    }
    tests.env("TSAN_OPTIONS", "halt_on_error=1");
}

/// Builds the device program, which obeys the arguments of `faceplate sim`.
pub(super) fn device(
    idf: Idf,
    sanitizers: Sanitizers,
    variant: Variant,
) -> Result<PathBuf, String> {
    let made = made()?;
    let device = Program {
        sources: &["device"],
        idf,
        sanitizers: c::installed(sanitizers, &made)?,
        variant,
        // As in partitions.csv.
        flags: &["-DSLOT_SIZE=0x100000"],
    };
    let program = made.join("device");
    device.build(&archive(variant)?, &program)?;
    Ok(program)
}

/// Those of the listed tests that apply. Each that does not has to be there, or it would be forgotten.
fn applying(listed: &str, door: Door) -> Result<Vec<String>, String> {
    let all = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    let mut applying: Vec<String> = all.map(str::to_owned).collect();
    let of_httpd: &[(&str, &[&str])] = match door {
        Door::Httpd => &NOT_BEHIND_HTTPD,
        Door::OwnPort => &[],
    };
    for (reason, names) in NOT_OF_THE_COMPONENT.iter().chain(of_httpd) {
        let before = applying.len();
        for name in *names {
            let count = applying.len();
            match name.ends_with("::") {
                true => applying.retain(|test| !test.starts_with(name)),
                false => applying.retain(|test| test != name),
            }
            if applying.len() == count {
                return Err(format!("there is no test {name}"));
            }
        }
        println!("{} tests do not apply: {reason}", before - applying.len());
    }
    Ok(applying)
}
