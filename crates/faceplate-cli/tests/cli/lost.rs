//! `faceplate push` against devices that misbehave: each ends in time, with a status that tells what
//! kind of failure it was, and a clear message.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::common::fake::{Act, Back, Fake, State};
use crate::common::{Ended, Folder, HANGS, noise, run_in};

/// Code that can confirm by itself.
const CODE: &str = "fetch('/api/ota/confirm', { method: 'POST' })";

/// A folder with an image of 1 MB, more than the network buffers of a device would take at once.
fn folder() -> (Folder, State) {
    let folder = Folder::new();
    folder.file(
        "dist/index.html",
        r#"<script src="/app.js"></script><img src="/photo.jpg">"#,
    );
    folder.file("dist/app.js", CODE);
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
        "--stamp",
        "--no-confirm-script",
    ];
    run_in(folder.path(), &pack).expect(0);
    run_in(folder.path(), &["unpack", "www.bin", "-o", "out"]).expect(0);
    let index = fs::read(folder.join("out/index.html")).unwrap();
    let json = run_in(folder.path(), &["inspect", "www.bin", "--json"])
        .expect(0)
        .json();
    let state = State {
        files: vec![
            ("/".to_owned(), index),
            ("/app.js".to_owned(), CODE.into()),
            ("/photo.jpg".to_owned(), noise(1_000_000)),
        ],
        new: json["sha256"].as_str().unwrap().to_owned(),
        build: Some(json["build"].as_str().unwrap().to_owned()),
        left: 9,
        ..State::default()
    };
    assert!(fs::metadata(folder.join("www.bin")).unwrap().len() > 1_000_000);
    (folder, state)
}

/// Pushes to a device that does as told; it must not hang.
fn push(change: impl FnOnce(&mut State)) -> (Ended, State) {
    push_with(&["--timeout", "2", "--confirm", "load"], change)
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
    assert!(took < HANGS, "{took:?}: {ended:?}");
    (ended, fake.stop())
}

#[track_caller]
fn fails(ended: Ended, code: i32, parts: &[&str]) {
    let ended = ended.expect(code);
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
    let build = state.build.unwrap();
    assert_eq!(state.asked, format!(r#"{{"build":"{build}"}}"#));
    assert!(state.digest.starts_with("sha-256=:") && state.digest.len() == 9 + 44 + 1);
}

#[test]
fn what_answers_no_status_is_told_before_anything_is_sent() {
    let closed = "it closed the connection. Nothing was sent";
    let silent = "it does not answer. Nothing was sent";
    for (act, code, wanted) in [
        (Act::Close, 3, closed),
        (Act::Stall, 3, silent),
        (Act::Garbage, 3, "it does not speak HTTP as a device does"),
        (Act::HalfAnswer, 3, closed),
        (Act::Trickle, 3, silent),
        (
            Act::Answer(404, "<h1>Not found</h1>"),
            3,
            "no Faceplate device",
        ),
        (Act::Answer(200, "{\"hello\":1}"), 3, "no Faceplate device"),
        (Act::Answer(503, ""), 4, "it answers with status 503"),
        (
            Act::Answer(502, "<h1>Bad Gateway</h1>"),
            3,
            "the proxy on the way gets no answer from it (status 502). Nothing was sent",
        ),
    ] {
        let (ended, state) = push(|state| state.on_status = Some(act));
        fails(ended, code, &["error: 127.0.0.1:", wanted]);
        assert_eq!(state.received, 0, "nothing was sent");
    }
}

#[test]
fn a_limit_of_a_proxy_is_told_as_such() {
    let (ended, _) = push(|state| state.on_upload = vec![Act::AnswerAfter(0, 413, "<h1>413</h1>")]);
    let wanted = "a proxy on the way takes no body of this length (status 413";
    fails(ended, 4, &["error: 127.0.0.1:", wanted]);
}

#[test]
fn a_refusal_is_shown_even_while_the_image_is_being_sent() {
    let problem = r#"{"type":"/problems/on-trial","title":"The running frontend is still on trial",
        "status":409,"detail":"confirm it or roll back first"}"#;
    for read in [0, 1, 70_000, 1 << 30] {
        let (ended, _) = push(|state| state.on_upload = vec![Act::AnswerAfter(read, 409, problem)]);
        let told = "refused: The running frontend is still on trial: confirm it or roll back first \
                    (status 409). The old frontend stays";
        fails(ended, 4, &[told]);
    }
    let (ended, _) = push(|state| state.on_upload = vec![Act::AnswerAfter(9, 500, "oops")]);
    fails(ended, 4, &["refused: it answers with status 500"]);
}

#[test]
fn a_firmware_that_says_no_is_told_with_its_reason_and_what_to_do() {
    let not_now = r#"{"type":"/problems/not-now","title":"The device does not want an update now",
        "status":409,"detail":"the gate is moving"}"#;
    let forbidden = r#"{"type":"/problems/forbidden","title":"Who asks may not do this","status":403,
        "detail":"ask somebody else"}"#;
    for (status, problem, told) in [
        (
            409,
            not_now,
            "the image was refused: The device does not want an update now: the gate is moving \
             (status 409). The old frontend stays; try again when that is over",
        ),
        (
            403,
            forbidden,
            "ask somebody else (status 403). The old frontend stays; the device knows who you are, \
             and that is not enough",
        ),
    ] {
        let (ended, state) =
            push(|state| state.on_upload = vec![Act::AnswerAfter(0, status, problem)]);
        fails(ended, 4, &[told]);
        assert!(!state.runs_new);
    }
}

/// What would clear a screen, and go on in a line of its own.
const WILD: &str = r#"{"type":"/problems/not-now\u001b[2J","title":"Not now\u009b2J","status":409,
    "detail":"busy\r\nX: \"y\" \u001b]0;x\u0007\u007f"}"#;

#[test]
fn no_terminal_obeys_what_a_device_answers() {
    let told = r#"Not now\u{9b}2J: busy\r\nX: "y" \u{1b}]0;x\u{7}\u{7f} (status 409)"#;
    let (ended, _) = push(|state| state.on_upload = vec![Act::Answer(409, WILD)]);
    fails(ended, 4, &[told]);
    let folder = Folder::new();
    for command in ["status", "confirm", "rollback"] {
        let refuse = || Act::Answer(409, WILD);
        let fake = Fake::start(State {
            on_status: (command == "status").then(refuse),
            on_confirm: vec![refuse(), refuse()],
            on_rollback: vec![refuse(), refuse()],
            ..State::default()
        });
        let ended = run_in(folder.path(), &[command, &fake.address]).expect(4);
        let last = ended.err.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("error: ") && last.contains(told),
            "{ended:?}"
        );
        let json = run_in(folder.path(), &[command, &fake.address, "--json"]).expect(4);
        let error = &json.json()["error"];
        assert_eq!(error["kind"], r"not-now\u{1b}[2J");
        assert!(
            error["message"].as_str().unwrap().contains(told),
            "{json:?}"
        );
        for ended in [ended, json] {
            let lines = (ended.out + &ended.err).replace('\n', "");
            assert!(!lines.contains(char::is_control), "{lines:?}");
        }
        fake.stop();
    }
}

#[test]
fn no_terminal_obeys_what_a_device_tells_of_itself_and_scripts_get_it_as_it_is() {
    let status = r#"{"device":{"name":"lamp\u001b[2J","firmware":"1\r\n2","api":1,"chip":"c\u009b3",
        "boot_id":"1","uptime_ms":1},"active":0,"state":"settled","trial":null,
        "last":{"outcome":"fell_back","reason":"r\u0007","from":1,"to":0},
        "slots":[{"label":"a\u0008","size":8192,"used":8192,"valid":true,"version":"v\u007f",
        "build":"b\n","sha256":"\u001b[1m012345","problem":null},
        {"label":"b","size":8192,"used":0,"valid":false,"version":null,"build":null,"sha256":null,
        "problem":"p\t"}],
        "upload":{"phase":"w\u001b","received":0,"written":0,"total":1},"fault":"f\u001bc"}"#;
    let fake = Fake::start(State {
        on_status: Some(Act::Answer(200, status)),
        ..State::default()
    });
    let folder = Folder::new();
    let shown = run_in(folder.path(), &["status", &fake.address])
        .expect(0)
        .out;
    assert_eq!(shown.lines().count(), 7, "{shown}");
    assert!(
        !shown.replace('\n', "").contains(char::is_control),
        "{shown:?}"
    );
    for part in [
        r"lamp\u{1b}[2J (c\u{9b}3), firmware 1\r\n2, API 1",
        r"  active  a\u{8}, settled",
        r"v\u{7f}, 8.0 KiB of 8.0 KiB, sha-256 \u{1b}[",
        r", build b\n",
        r"no frontend: p\t",
        r": r\u{7}",
        r"upload  w\u{1b}, ",
        r"no change can be made: f\u{1b}c",
    ] {
        assert!(shown.contains(part), "{part:?} in {shown}");
    }
    let json = run_in(folder.path(), &["status", &fake.address, "--json"]).expect(0);
    let told: serde_json::Value = serde_json::from_str(status).unwrap();
    assert_eq!(json.json(), told);
    assert!(
        !json.out.replace('\n', "").contains(char::is_control),
        "{json:?}"
    );
    fake.stop();
}

#[test]
fn whoever_the_device_does_not_know_is_told_how_to_say_who_it_is() {
    let token = "Bearer s3cret";
    let (ended, state) = push(|state| state.login = token);
    let told = "Who asks is not known: this device wants a token (status 401); say who you are with \
                --header";
    fails(ended, 4, &[told, "Nothing was sent"]);
    assert_eq!((state.received, state.logged_in), (0, 0));

    let header = "Authorization: Bearer s3cret";
    for told in ["", "--json"] {
        let mut options = vec!["--timeout", "2", "--confirm", "load", "--header", header];
        options.extend((!told.is_empty()).then_some(told));
        let (ended, state) = push_with(&options, |state| state.login = token);
        let ended = ended.expect(0);
        // Statuses, the upload, three files, the confirmation.
        assert!(
            state.confirmed && state.logged_in >= 7,
            "{}",
            state.logged_in
        );
        assert!(!format!("{}{}", ended.out, ended.err).contains("s3cret"));
    }
    for wrong in ["s3cret", "Host: s3cret"] {
        let (ended, state) = push_with(&["--header", wrong], |_| {});
        assert_eq!(state.received, 0);
        let ended = ended.expect(2);
        assert!(ended.err.starts_with("error: --header "), "{}", ended.err);
        assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    }
}

#[test]
fn the_other_commands_say_who_one_is_too() {
    let folder = Folder::new();
    for command in ["status", "confirm", "rollback"] {
        let token = "a b";
        let fake = Fake::start(State {
            login: token,
            on_confirm: vec![Act::Answer(409, "{}")],
            on_rollback: vec![Act::Answer(409, "{}")],
            ..State::default()
        });
        let without = run_in(folder.path(), &[command, &fake.address]).expect(4);
        assert!(
            without.err.contains("; say who you are with --header"),
            "{}",
            without.err
        );
        let options = [command, &fake.address, "--header", "Authorization: a b"];
        run_in(folder.path(), &options).expect(if command == "status" { 0 } else { 4 });
        assert!(fake.stop().logged_in > 0, "{command}");
    }
}

#[test]
fn an_upload_that_breaks_off_tells_what_the_device_runs() {
    for read in [0, 100_000, 1 << 30] {
        let (ended, state) = push(|state| state.on_upload = vec![Act::CloseAfter(read); 3]);
        fails(
            ended,
            1,
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
        let (ended, _) = push(|state| state.on_upload = vec![Act::StallAfter(read); 3]);
        fails(
            ended,
            1,
            &["nothing went on for 2 s. The device still runs old in www_0"],
        );
    }
}

#[test]
fn a_device_that_dies_in_the_upload_is_said_to_be_silent() {
    let (ended, _) = push(|state| state.on_upload = vec![Act::DieAfter(100_000)]);
    fails(
        ended,
        3,
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
        fails(ended, 1, &["another SHA-256"]);
        assert!(!state.confirmed);
    }
}

#[test]
fn a_device_that_does_not_come_back_is_told_from_one_that_does_not_restart() {
    let (ended, _) = push(|state| state.on_upload = vec![Act::SwitchAndDie]);
    fails(
        ended,
        3,
        &["did not come back within 2 s", "switch it off and on"],
    );
    let (ended, _) = push(|state| state.on_upload = vec![Act::AcceptOnly]);
    fails(ended, 1, &["did not restart within 2 s"]);
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
        fails(ended, 5, &[wanted]);
        assert!(!state.confirmed);
    }
    let (ended, _) = push(|state| state.on_upload = vec![Act::Recover]);
    fails(ended, 1, &["came back with its recovery page"]);
    let (ended, _) = push(|state| state.on_upload = vec![Act::Forget]);
    fails(
        ended,
        1,
        &["it restarted, but runs old in www_0, not the image that was sent"],
    );
}

#[test]
fn a_frontend_that_certainly_does_not_load_is_taken_back_at_once() {
    for (who, path, act, wanted) in [
        (
            "load",
            "/",
            Act::Answer(503, ""),
            "/ is answered with status 503",
        ),
        (
            "page",
            "/",
            Act::Answer(200, "<p>another page</p>"),
            "/ is answered with other bytes than the image has",
        ),
        (
            "page",
            "/app.js",
            Act::Answer(404, ""),
            "/app.js is answered with status 404",
        ),
        (
            "load",
            "/app.js",
            Act::Answer(200, "cut sho"),
            "/app.js is answered with other bytes than the image has",
        ),
    ] {
        let options = ["--timeout", "2", "--confirm", who];
        let (ended, state) = push_with(&options, |state| {
            state.on_file = Some((path.to_owned(), act));
            state.left = 300;
        });
        let told = format!(
            "the new frontend does not load: {wanted}. It was taken back; the device runs old in \
             www_0\n"
        );
        fails(ended, 5, &[&told]);
        assert_eq!((state.rollbacks, state.confirmed), (1, false));
    }
}

#[test]
fn a_frontend_that_may_load_all_the_same_is_neither_confirmed_nor_taken_back() {
    for (path, act, wanted) in [
        ("/", Act::Close, "no answer for /: it closed the connection"),
        ("/", Act::Garbage, "no answer for /: it does not speak HTTP"),
        (
            "/app.js",
            Act::HalfAnswer,
            "no answer for /app.js: it closed the connection",
        ),
        // A page works without its pictures.
        (
            "/photo.jpg",
            Act::Answer(200, "another"),
            "/photo.jpg is answered with other bytes than the image has",
        ),
    ] {
        let (ended, state) = push(|state| state.on_file = Some((path.to_owned(), act)));
        let told = format!("the new frontend does not load: {wanted}");
        fails(
            ended,
            1,
            &[&told, "takes it back in 9 s; `faceplate rollback`"],
        );
        assert_eq!((state.rollbacks, state.confirmed), (0, false));
    }
}

#[test]
fn only_a_trial_that_the_push_was_to_end_is_ended() {
    type Change = fn(&mut State);
    let there: Change = |state| (state.boot, state.runs_new) = (1, true);
    let table: [(&str, bool, Change, &str); 5] = [
        // Somebody else confirmed it.
        (
            "load",
            false,
            |state| state.settles_after = Some(1),
            "Ask `faceplate status`",
        ),
        (
            "page",
            true,
            |state| state.settled = true,
            "Ask `faceplate status`",
        ),
        (
            "page",
            true,
            |state| state.confirmer = "device",
            "The device confirms it by itself in 9 s",
        ),
        ("device", false, |_| {}, "the device takes it back in 9 s"),
        ("page", true, |_| {}, "It was taken back"),
    ];
    for (who, runs, change, told) in table {
        let options = ["--timeout", "2", "--confirm", who];
        let (ended, state) = push_with(&options, |state| {
            state.on_file = Some(("/app.js".to_owned(), Act::Answer(404, "")));
            if runs {
                there(state);
            }
            change(state);
        });
        let back = told == "It was taken back";
        fails(ended, if back { 5 } else { 1 }, &["status 404. ", told]);
        assert_eq!(state.rollbacks, u32::from(back), "{told}");
        assert_eq!(state.received == 0, runs, "{told}");
    }
}

#[test]
fn a_way_back_that_fails_is_told_as_it_is() {
    let none = r#"{"type":"/problems/no-way-back","title":"There is no way back"}"#;
    let nvs = r#"{"type":"/problems/nvs-fault","title":"The settings store failed"}"#;
    let restarting = r#"{"type":"/problems/restarting","title":"The device is restarting"}"#;
    let by_hand = "the device takes it back in 9 s; `faceplate rollback`";
    let back = "It was taken back; the device runs old in www_0";
    let table = [
        (Act::Answer(409, none), 1, "there is nothing to go back to"),
        (Act::Answer(500, nvs), 1, by_hand),
        (Act::Close, 1, by_hand),
        (Act::AcceptOnly, 1, by_hand),
        (Act::Recover, 1, "came back with its recovery page"),
        (Act::SwitchAndDie, 3, "nothing came since it was told to"),
        // Only its answer got lost.
        (Act::SwitchAndClose, 5, back),
        // It agrees, in words of its own.
        (Act::Answer(202, "gladly"), 5, back),
        // It goes back already.
        (Act::Answer(409, restarting), 5, back),
    ];
    for (act, code, told) in table {
        let (ended, state) = push(|state| {
            state.on_file = Some(("/app.js".to_owned(), Act::Answer(404, "")));
            state.on_rollback = vec![act];
            if told == back {
                state.falls_after = Some((3, Back::NotConfirmed));
            }
        });
        fails(ended, code, &[told]);
        assert_eq!((state.rollbacks, state.confirmed), (1, false), "{act:?}");
    }
}

#[test]
fn a_confirmation_that_fails_is_told_and_one_whose_answer_got_lost_is_found() {
    let nvs = r#"{"type":"/problems/nvs-fault","title":"The settings store failed","status":500,
        "detail":"full"}"#;
    let (ended, _) = push(|state| state.on_confirm = vec![Act::Answer(500, nvs)]);
    fails(
        ended,
        4,
        &["loads but could not be confirmed: The settings store failed: full"],
    );
    let (ended, _) = push(|state| state.on_confirm = vec![Act::Close, Act::Close, Act::Close]);
    fails(
        ended,
        3,
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
    let (ended, _) = push_with(&options, |state| {
        state.falls_after = Some((3, Back::KeptRestarting));
    });
    fails(
        ended,
        5,
        &["kept restarting with the new frontend. It runs old in www_0"],
    );
    let (ended, _) = push_with(&options, |state| state.dies_after = Some(3));
    fails(
        ended,
        3,
        &[
            "does not answer any more: nothing for 2 s",
            "faceplate status",
        ],
    );
}

#[test]
fn a_wait_for_the_page_ends_whatever_the_device_does() {
    type Change = Box<dyn FnOnce(&mut State) + Send>;
    let falls = |back| -> Change { Box::new(move |state| state.falls_after = Some((5, back))) };
    let table: Vec<(i32, &str, Change)> = vec![
        (0, "", Box::new(|state| state.settles_after = Some(5))),
        (
            0,
            "warning: it restarted by itself; there are 9 s again",
            Box::new(|state| {
                (state.restarts_after, state.settles_after) = (Some(5), Some(6));
            }),
        ),
        (
            5,
            "not confirmed in time. It runs old in www_0. Its page",
            falls(Back::NotConfirmed),
        ),
        (
            5,
            "kept restarting with the new frontend. It runs old",
            falls(Back::KeptRestarting),
        ),
        (
            5,
            "rolled back by hand, from www_1 to www_0. It runs old",
            falls(Back::ByHand),
        ),
        (
            1,
            "It runs all the same, as there is nothing to go back to. Its page",
            Box::new(|state| state.kept_after = Some(5)),
        ),
        (
            1,
            "did somebody else update it?",
            Box::new(|state| state.updated_after = Some(5)),
        ),
        (
            3,
            "does not answer any more: nothing for 2 s",
            Box::new(|state| state.dies_after = Some(5)),
        ),
        (
            1,
            "the device neither confirmed it nor went back within 1",
            Box::new(|state| state.left = 0),
        ),
    ];
    thread::scope(|scope| {
        for (code, told, change) in table {
            scope.spawn(move || {
                let (ended, state) = push_with(&["--timeout", "2", "--within", "10"], change);
                let ended = ended.expect(code);
                assert!(ended.err.contains(told), "{told:?} in {}", ended.err);
                assert!(ended.err.lines().count() <= 1, "{}", ended.err);
                assert!(
                    ended.out.contains(": open http://127.0.0.1:"),
                    "{}",
                    ended.out
                );
                assert_eq!(
                    (state.query.as_str(), &*state.asked),
                    ("?confirm=client&within=10", "")
                );
            });
        }
    });
}

#[test]
fn a_page_is_not_asked_for_where_the_device_confirms() {
    // Somebody else put the same image on trial before.
    for (left, settles, who) in [
        (1, 9, "by the device"),
        // Before the page was waited for.
        (1, 1, "by the device"),
        (30, 9, "by somebody, before the device did"),
    ] {
        let (ended, state) = push_with(&[], |state| {
            (state.boot, state.runs_new, state.confirmer) = (1, true, "device");
            (state.left, state.settles_after) = (left, Some(settles));
        });
        assert_eq!(state.received, 0);
        let ended = ended.expect(0);
        let out = ended.out;
        assert!(!out.contains("open http"), "{out}");
        let done = format!("runs new in www_1, confirmed {who}\n");
        assert!(out.ends_with(&done), "{out}");
        let warning = format!("warning: confirmed {who}; no page said so\n");
        assert!(ended.err.ends_with(&warning), "{}", ended.err);
    }
}

#[test]
fn a_push_to_several_devices_ends_as_for_the_first_that_failed() {
    let (folder, _) = folder();
    let fakes = [Act::Close, Act::Answer(503, "")].map(|act| {
        Fake::start(State {
            on_status: Some(act),
            ..State::default()
        })
    });
    let [silent, refuses] = &fakes;
    for (one, other, code) in [(silent, refuses, 3), (refuses, silent, 4)] {
        let push = ["push", "www.bin", &one.address, &other.address];
        let ended = run_in(folder.path(), &push).expect(code);
        let wanted = format!(
            "0 of 2 devices; failed: {}, {}\n",
            one.address, other.address
        );
        assert_eq!(ended.out.lines().last(), Some(wanted.trim_end()));
    }
    for fake in fakes {
        fake.stop();
    }
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
            let ended = run_in(folder.path(), &[command, &fake.address, "--json"]).expect(3);
            let error = &ended.json()["error"];
            assert_eq!(error["kind"], "unreachable");
            assert!(error["message"].is_string());
            assert!(begin.elapsed() < Duration::from_secs(10));
        }
        fake.stop();
    }
    let fake = Fake::start(State {
        on_confirm: vec![Act::Stall],
        ..State::default()
    });
    let ended = run_in(folder.path(), &["confirm", &fake.address]).expect(3);
    let wanted = "it does not answer; ask `faceplate status` whether it was done";
    assert!(ended.err.contains(wanted), "{}", ended.err);
    fake.stop();
}

#[test]
fn scripts_are_told_the_kind_of_each_failure() {
    type Change = Box<dyn FnOnce(&mut State) + Send>;
    let on_trial = r#"{"type":"/problems/on-trial","title":"On trial"}"#;
    let status = |act| -> Change { Box::new(move |state| state.on_status = Some(act)) };
    let upload = |act| -> Change { Box::new(move |state| state.on_upload = vec![act; 3]) };
    let confirm = |act| -> Change { Box::new(move |state| state.on_confirm = vec![act; 3]) };
    let file = |act| -> Change { Box::new(move |state| state.on_file = Some(("/".into(), act))) };
    let table = vec![
        ("unreachable", 3, "load", status(Act::Close)),
        ("not-faceplate", 3, "load", status(Act::Answer(200, "1"))),
        ("refused", 4, "load", status(Act::Answer(503, ""))),
        (
            "on-trial",
            4,
            "load",
            upload(Act::AnswerAfter(9, 409, on_trial)),
        ),
        ("broke-off", 1, "load", upload(Act::CloseAfter(9))),
        ("lost", 3, "load", upload(Act::DieAfter(9))),
        (
            "other-image",
            1,
            "load",
            upload(Act::AnswerAfter(1 << 30, 200, "{}")),
        ),
        ("lost", 3, "load", upload(Act::SwitchAndDie)),
        ("did-not-restart", 1, "load", upload(Act::AcceptOnly)),
        (
            "went-back",
            5,
            "load",
            upload(Act::FallBack("did_not_mount")),
        ),
        ("recovery", 1, "load", upload(Act::Recover)),
        ("other-frontend", 1, "load", upload(Act::Forget)),
        ("no-answer", 3, "load", confirm(Act::Close)),
        ("on-trial", 4, "load", confirm(Act::Answer(409, on_trial))),
        ("does-not-load", 1, "load", file(Act::Close)),
        ("does-not-load", 1, "device", file(Act::Answer(404, ""))),
        ("went-back", 5, "load", file(Act::Answer(404, ""))),
        ("lost", 3, "load", file(Act::DieAfter(0))),
        (
            "went-back",
            5,
            "load",
            Box::new(|state| {
                state.on_file = Some(("/".into(), Act::Answer(404, "")));
                state.falls_after = Some((1, Back::NotConfirmed));
            }),
        ),
        (
            "lost",
            3,
            "device",
            Box::new(|state| state.dies_after = Some(9)),
        ),
        (
            "not-confirmed",
            1,
            "device",
            Box::new(|state| state.kept_after = Some(9)),
        ),
    ];
    thread::scope(|scope| {
        for (kind, code, who, change) in table {
            scope.spawn(move || {
                let options = ["--timeout", "2", "--json", "--confirm", who];
                let (ended, _) = push_with(&options, change);
                let json = ended.expect(code).json();
                let device = &json["devices"][0];
                assert_eq!(device["ok"], false);
                assert_eq!(device["error"]["kind"], kind);
            });
        }
    });
}
