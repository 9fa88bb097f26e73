//! `faceplate push` against devices that misbehave: each ends in time, with 1 and a clear message.

mod common;
#[path = "common/fake.rs"]
mod fake;

use std::{
    fs,
    time::{Duration, Instant},
};

use common::{Ended, Folder, noise, run_in, text};
use fake::{Act, Fake, State};

/// A folder with an image of 1 MB, more than the network buffers of a device would take at once.
fn folder() -> (Folder, State) {
    let folder = Folder::new();
    let index = br#"<script src="/app.js"></script>"#;
    folder.file("dist/index.html", index);
    folder.file("dist/app.js", text(600));
    folder.file("dist/photo.jpg", noise(1_000_000));
    let pack = [
        "pack",
        "dist",
        "-o",
        "www.bin",
        "--gzip",
        "never",
        "--app-version",
        "new",
    ];
    run_in(folder.path(), &pack).expect(0);
    let json = run_in(folder.path(), &["inspect", "www.bin", "--json"])
        .expect(0)
        .json();
    let state = State {
        files: vec![
            ("/".to_owned(), index.to_vec()),
            ("/app.js".to_owned(), text(600)),
        ],
        new: json["sha256"].as_str().unwrap().to_owned(),
        ..State::default()
    };
    assert!(fs::metadata(folder.join("www.bin")).unwrap().len() > 1_000_000);
    (folder, state)
}

/// Pushes to a device that does as told; it must take less than 20 s.
fn push(change: impl FnOnce(&mut State)) -> (Ended, State) {
    push_with(&["--timeout", "2"], change)
}

fn push_with(options: &[&str], change: impl FnOnce(&mut State)) -> (Ended, State) {
    let (folder, mut state) = folder();
    change(&mut state);
    let fake = Fake::start(state);
    let begin = Instant::now();
    let ended = run_in(
        folder.path(),
        &[&["push", "www.bin", &fake.address], options].concat(),
    );
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}: {ended:?}");
    (ended, fake.stop())
}

#[track_caller]
fn refused(ended: Ended, parts: &[&str]) {
    let ended = ended.expect(1);
    for part in parts {
        assert!(ended.err.contains(part), "{part:?} in {}", ended.err);
    }
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
}

#[test]
fn a_device_that_behaves_is_updated() {
    let (ended, state) = push(|_| {});
    ended.expect(0);
    assert!(state.confirmed);
    assert_eq!(state.query, "?confirm=client");
    assert!(state.digest.starts_with("sha-256=:") && state.digest.len() == 9 + 44 + 1);
}

#[test]
fn what_answers_no_status_is_told_before_anything_is_sent() {
    for (act, wanted) in [
        (Act::Close, "it closed the connection. Nothing was sent"),
        (Act::Stall, "it does not answer. Nothing was sent"),
        (Act::Garbage, "it does not speak HTTP as a device does"),
        (
            Act::HalfAnswer,
            "it closed the connection. Nothing was sent",
        ),
        (Act::Trickle, "it does not answer. Nothing was sent"),
        (
            Act::Answer(404, "<h1>Not found</h1>"),
            "no Faceplate device",
        ),
        (Act::Answer(200, "{\"hello\":1}"), "no Faceplate device"),
        (Act::Answer(503, ""), "it answers with status 503"),
    ] {
        let (ended, state) = push(|state| state.on_status = Some(act));
        refused(ended, &["error: 127.0.0.1:", wanted]);
        assert_eq!(state.received, 0, "nothing was sent");
    }
}

#[test]
fn a_refusal_is_shown_even_while_the_image_is_being_sent() {
    let problem = r#"{"type":"/problems/on-trial","title":"The running frontend is still on trial",
        "status":409,"detail":"confirm it or roll back first"}"#;
    for read in [0, 1, 70_000, 1 << 30] {
        let (ended, _) = push(|state| state.on_upload = vec![Act::AnswerAfter(read, 409, problem)]);
        let told = "refused: The running frontend is still on trial: confirm it or roll back first \
                    (status 409). The old frontend stays";
        refused(ended, &[told]);
    }
    let (ended, _) = push(|state| state.on_upload = vec![Act::AnswerAfter(9, 500, "oops")]);
    refused(ended, &["refused: it answers with status 500"]);
}

#[test]
fn an_upload_that_breaks_off_tells_what_the_device_runs() {
    for read in [0, 100_000, 1 << 30] {
        let (ended, state) = push(|state| state.on_upload = vec![Act::CloseAfter(read)]);
        refused(
            ended,
            &[
                "the upload broke off",
                "The device still runs old in www_0; push again",
            ],
        );
        assert!(!state.confirmed);
    }
}

#[test]
fn an_upload_that_stands_still_is_given_up() {
    for read in [0, 100_000, 1 << 30] {
        let (ended, _) = push(|state| state.on_upload = vec![Act::StallAfter(read)]);
        refused(
            ended,
            &["nothing went on for 2 s. The device still runs old in www_0"],
        );
    }
}

#[test]
fn a_device_that_dies_in_the_upload_is_said_to_be_silent() {
    let (ended, _) = push(|state| state.on_upload = vec![Act::DieAfter(100_000)]);
    refused(
        ended,
        &[
            "the upload broke off",
            "does not answer any more",
            "faceplate status",
        ],
    );
}

#[test]
fn an_answer_that_got_lost_is_no_failure() {
    let (ended, state) = push(|state| state.on_upload = vec![Act::SwitchAndClose]);
    ended.expect(0);
    assert!(state.confirmed);
}

#[test]
fn an_answer_for_another_image_is_not_believed() {
    for answer in [
        "{}",
        "what?",
        r#"{"slot":1,"sectors":{"written":1,"same":1},"sha256":"00"}"#,
    ] {
        let (ended, state) =
            push(|state| state.on_upload = vec![Act::AnswerAfter(1 << 30, 200, answer)]);
        refused(ended, &["another SHA-256"]);
        assert!(!state.confirmed);
    }
}

#[test]
fn a_device_that_does_not_come_back_is_told_from_one_that_does_not_restart() {
    let (ended, _) = push(|state| state.on_upload = vec![Act::SwitchAndDie]);
    refused(
        ended,
        &["did not come back within 2 s", "switch it off and on"],
    );
    let (ended, _) = push(|state| state.on_upload = vec![Act::AcceptOnly]);
    refused(ended, &["did not restart within 2 s"]);
}

#[test]
fn a_device_that_comes_back_otherwise_is_told_why() {
    for (reason, wanted) in [
        (
            "did_not_mount",
            "fell back from www_1 to www_0: the frontend there does not mount",
        ),
        (
            "not_confirmed",
            "the new frontend was not confirmed in time. It runs old in www_0",
        ),
        ("kept_restarting", "kept restarting with the new frontend"),
    ] {
        let (ended, state) = push(|state| state.on_upload = vec![Act::FallBack(reason)]);
        refused(ended, &[wanted]);
        assert!(!state.confirmed);
    }
    let (ended, _) = push(|state| state.on_upload = vec![Act::Recover]);
    refused(ended, &["came back with its recovery page"]);
    let (ended, _) = push(|state| state.on_upload = vec![Act::Forget]);
    refused(
        ended,
        &["it restarted, but runs old in www_0, not the image that was sent"],
    );
}

#[test]
fn a_frontend_that_does_not_load_is_not_confirmed() {
    for (path, act, wanted) in [
        ("/", Act::Answer(503, ""), "/ is answered with status 503"),
        (
            "/",
            Act::Answer(200, "<p>another page</p>"),
            "/ is answered with other bytes",
        ),
        ("/", Act::Close, "no answer for /: it closed the connection"),
        (
            "/app.js",
            Act::Answer(404, ""),
            "/app.js is answered with status 404",
        ),
        (
            "/app.js",
            Act::Answer(200, "cut sho"),
            "/app.js is answered with other bytes",
        ),
        (
            "/app.js",
            Act::HalfAnswer,
            "no answer for /app.js: it closed the connection",
        ),
    ] {
        let (ended, state) = push(|state| state.on_file = Some((path.to_owned(), act)));
        refused(
            ended,
            &[
                "the new frontend does not load: ",
                wanted,
                "faceplate rollback",
            ],
        );
        assert!(!state.confirmed);
    }
}

#[test]
fn a_confirmation_that_fails_is_told_and_one_whose_answer_got_lost_is_found() {
    let nvs = r#"{"type":"/problems/nvs-fault","title":"The settings store failed","status":500,
        "detail":"full"}"#;
    let (ended, _) = push(|state| state.on_confirm = vec![Act::Answer(500, nvs)]);
    refused(
        ended,
        &["loads but could not be confirmed: The settings store failed: full"],
    );
    let (ended, _) = push(|state| state.on_confirm = vec![Act::Close, Act::Close, Act::Close]);
    refused(
        ended,
        &["loads but could not be confirmed: it closed the connection"],
    );
    let (ended, state) = push(|state| state.on_confirm = vec![Act::SwitchAndClose]);
    ended.expect(0);
    assert!(state.confirmed);
}

#[test]
fn a_device_that_falls_back_while_the_command_waits_for_its_confirmation_is_told() {
    let options = ["--timeout", "2", "--confirm", "device"];
    let (ended, state) = push_with(&options, |state| state.settles_after = Some(3));
    ended.expect(0);
    assert_eq!((state.query.as_str(), state.confirmed), ("", false));
    let (ended, _) = push_with(&options, |state| state.falls_after = Some(3));
    refused(
        ended,
        &["kept restarting with the new frontend. It runs old in www_0"],
    );
    let (ended, _) = push_with(&options, |state| state.dies_after = Some(3));
    refused(ended, &["did not come back"]);
}

#[test]
fn other_commands_end_in_time_too() {
    let folder = Folder::new();
    for act in [Act::Close, Act::Stall, Act::Garbage] {
        let fake = Fake::start(State {
            on_status: Some(act),
            ..State::default()
        });
        for command in ["status", "rollback"] {
            let begin = Instant::now();
            let ended = run_in(folder.path(), &[command, &fake.address, "--json"]).expect(1);
            assert!(ended.json()["error"]["message"].is_string());
            assert!(begin.elapsed() < Duration::from_secs(10));
        }
        fake.stop();
    }
    let fake = Fake::start(State {
        on_confirm: vec![Act::Stall],
        ..State::default()
    });
    let ended = run_in(folder.path(), &["confirm", &fake.address]).expect(1);
    let wanted = "it does not answer; ask `faceplate status` whether it was done";
    assert!(ended.err.contains(wanted), "{}", ended.err);
    fake.stop();
}
