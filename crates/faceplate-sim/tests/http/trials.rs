//! Confirming and rolling back.

use faceplate::Confirmer;
use serde_json::json;

use crate::{
    board::{Board, Frontend, install},
    client::{Client, Response, command, command_text, status, upload},
    server::Server,
};

/// A device with `one` in `www_0` and `two` on trial in `www_1`.
fn on_trial(confirmer: Confirmer) -> Server {
    Server::start(move || {
        let board = Board::with(&Frontend::new("one", 16));
        install(&board, &Frontend::new("two", 16), confirmer).unwrap();
        board
    })
}

#[test]
fn a_trial_is_told_and_ends_with_the_confirmation() {
    let server = on_trial(Confirmer::Client { within_s: 120 });
    let now = status(&server);
    assert_eq!(
        (&now["state"], &now["trial"]["confirm"]),
        (&json!("trial"), &json!("client"))
    );
    assert_eq!(now["trial"]["boots_left"], 2);
    assert!((100..=120).contains(&now["trial"]["seconds_left"].as_u64().unwrap()));

    let response = command(&server, "confirm", " { } ");
    assert_eq!(response.status, 200);
    assert_eq!(
        (&response.json()["state"], &response.json()["trial"]),
        (&json!("settled"), &json!(null))
    );
    let again = command(&server, "confirm", "{}");
    assert_eq!(again.problem(), (409, "not-on-trial".to_owned()));
    assert_eq!(status(&server.rebooted())["state"], "settled");
}

/// A device with `one` in `www_0`, and `two` on trial in `www_1`, which has this build id.
fn stamped_on_trial() -> (Server, String) {
    let (two, build) = Frontend::new("two", 16).stamped();
    let server = Server::start(move || {
        let board = Board::with(&Frontend::new("one", 16));
        install(&board, &two, Confirmer::Client { within_s: 120 }).unwrap();
        board
    });
    (server, build.to_string())
}

fn confirm(server: &Server, build: &str) -> Response {
    command(server, "confirm", &json!({ "build": build }).to_string())
}

#[test]
fn a_page_confirms_its_own_build_and_no_other() {
    let (server, build) = stamped_on_trial();
    let slots = &status(&server)["slots"];
    assert_eq!(
        (&slots[0]["build"], &slots[1]["build"]),
        (&json!(null), &json!(build))
    );

    let before = server.operations();
    let other = confirm(&server, "0123456789abcdef");
    assert_eq!(other.problem(), (409, "other-build".to_owned()));
    assert_eq!(
        other.json()["detail"],
        format!("the page is of build 0123456789abcdef, but the device runs build {build}")
    );
    assert_eq!(status(&server)["state"], "trial");
    assert_eq!(server.operations(), before);

    let own = confirm(&server, &build);
    assert_eq!((own.status, &own.json()["state"]), (200, &json!("settled")));
    // What is settled is not on trial, whichever build asks.
    for build in [&*build, "0123456789abcdef"] {
        let again = confirm(&server, build);
        assert_eq!(again.problem(), (409, "not-on-trial".to_owned()));
    }
    assert_eq!(status(&server.rebooted())["state"], "settled");
}

#[test]
fn a_page_with_a_build_id_does_not_confirm_a_frontend_without_one() {
    let server = on_trial(Confirmer::Client { within_s: 120 });
    let response = confirm(&server, "0123456789abcdef");
    assert_eq!(response.problem(), (409, "other-build".to_owned()));
    assert_eq!(
        response.json()["detail"],
        "the page is of build 0123456789abcdef, but the device runs a frontend without a build id"
    );
    assert_eq!(status(&server)["state"], "trial");
    assert_eq!(command(&server, "confirm", "{}").status, 200);
}

#[test]
fn a_person_confirms_whichever_build_runs() {
    let (server, _) = stamped_on_trial();
    let response = command(&server, "confirm", "{}");
    assert_eq!(
        (response.status, &response.json()["state"]),
        (200, &json!("settled"))
    );
}

#[test]
fn a_build_that_is_misspelt_confirms_nothing() {
    let (server, build) = stamped_on_trial();
    let other_case = build
        .to_uppercase()
        .replace(|c: char| c.is_ascii_digit(), "A");
    for body in [
        json!({ "build": other_case }),
        json!({ "build": build[1..] }),
        json!({ "build": null }),
        json!({ "build": build, "force": "" }),
        json!({ "Build": build }),
        json!([build]),
    ] {
        let response = command(&server, "confirm", &body.to_string());
        assert_eq!(response.problem(), (400, "bad-body".to_owned()), "{body}");
    }
    let rollback = command(&server, "rollback", &json!({ "build": build }).to_string());
    assert_eq!(rollback.problem(), (400, "bad-body".to_owned()));
    assert_eq!(status(&server)["state"], "trial");
    assert_eq!(confirm(&server, &build).status, 200);
}

#[test]
fn while_a_frontend_is_on_trial_its_way_back_is_not_overwritten() {
    let server = on_trial(Confirmer::Device);
    let before = server.operations();
    let three = Frontend::new("three", 16);
    let response = upload(&server, "", &three.image, "");
    assert_eq!(response.problem(), (409, "on-trial".to_owned()));
    assert_eq!(server.operations(), before);
    assert_eq!(command(&server, "confirm", "{}").status, 200);
    assert_eq!(upload(&server, "", &three.image, "").status, 200);
}

#[test]
fn a_rollback_switches_and_restarts() {
    let server = on_trial(Confirmer::Device);
    let response = command(&server, "rollback", "{}");
    assert_eq!(response.status, 202);
    assert_eq!(response.json(), json!({"slot": 0, "reboot_ms": 500}));
    assert_eq!(server.restarts_in(), Some(500));
    let again = command(&server, "rollback", "{}");
    assert_eq!(again.problem(), (409, "restarting".to_owned()));
    let now = status(&server.rebooted());
    assert_eq!(
        (&now["active"], &now["last"]["outcome"]),
        (&json!(0), &json!("rolled_back"))
    );
}

/// Goes to the other slot and restarts; the last change and the trial after that.
fn switched(server: &Server) -> (Server, serde_json::Value, serde_json::Value) {
    assert_eq!(command(server, "rollback", "{}").status, 202);
    let server = server.rebooted();
    let now = status(&server);
    let (last, trial) = (now["last"].clone(), now["trial"].clone());
    (server, last, trial)
}

fn rolled_back(reason: Option<&str>, from: u8) -> serde_json::Value {
    json!({"outcome": "rolled_back", "reason": reason, "from": from, "to": 1 - from})
}

#[test]
fn a_frontend_that_was_gone_back_from_unconfirmed_is_told_and_must_be_confirmed_as_before() {
    let server = on_trial(Confirmer::Client { within_s: 240 });
    let (server, last, trial) = switched(&server);
    assert_eq!(last, rolled_back(Some("not_confirmed"), 1));
    assert_eq!(trial, json!(null));
    // Another restart forgets nothing.
    let server = server.rebooted();
    assert_eq!(status(&server)["last"], last);

    let (server, last, trial) = switched(&server);
    assert_eq!(last, rolled_back(None, 0));
    assert_eq!(
        (&trial["confirm"], &trial["boots_left"]),
        (&json!("client"), &json!(2))
    );
    assert!((200..=240).contains(&trial["seconds_left"].as_u64().unwrap()));
    let (_, last, trial) = switched(&server);
    assert_eq!(last, rolled_back(Some("not_confirmed"), 1));
    assert_eq!(trial, json!(null));
}

#[test]
fn a_frontend_that_was_confirmed_once_is_only_watched_by_the_device() {
    let server = on_trial(Confirmer::Client { within_s: 240 });
    assert_eq!(command(&server, "confirm", "{}").status, 200);
    let (server, last, trial) = switched(&server);
    assert_eq!(last, rolled_back(None, 1));
    assert_eq!(trial["confirm"], "device");
    // Forward again before the device has settled it: both were confirmed.
    let (server, last, _) = switched(&server);
    assert_eq!(last, rolled_back(None, 0));
    assert_eq!(status(&server)["active"], 1);
    // And once more, though the record of that trial is still there.
    let (server, last, trial) = switched(&server);
    assert_eq!(
        (last, &trial["confirm"]),
        (rolled_back(None, 1), &json!("device"))
    );
    let (_, last, _) = switched(&server);
    assert_eq!(last, rolled_back(None, 0));
}

#[test]
fn what_the_device_was_to_confirm_and_somebody_took_back_is_told_too() {
    let (server, last, _) = switched(&on_trial(Confirmer::Device));
    assert_eq!(last, rolled_back(Some("not_confirmed"), 1));
    let (server, last, trial) = switched(&server);
    assert_eq!(
        (last, &trial["confirm"]),
        (rolled_back(None, 0), &json!("device"))
    );
    // It is no more confirmed for having been gone to twice.
    let (_, last, _) = switched(&server);
    assert_eq!(last, rolled_back(Some("not_confirmed"), 1));
}

#[test]
fn there_is_no_rollback_to_nothing() {
    let server = Server::start(|| Board::with(&Frontend::new("one", 16)));
    let response = command(&server, "rollback", "{}");
    assert_eq!(response.problem(), (409, "no-way-back".to_owned()));
    assert_eq!(server.restarts_in(), None);
}

#[test]
fn a_command_takes_an_empty_object_and_nothing_else() {
    let server = on_trial(Confirmer::Device);
    for body in ["", "{", "[]", "null", "{}{}", "{\"a\":1}", "{,}", "{}\0"] {
        let response = command(&server, "confirm", body);
        assert_eq!(response.problem(), (400, "bad-body".to_owned()), "{body}");
    }
    let long = format!("{{{}}}", " ".repeat(64));
    assert_eq!(
        command(&server, "confirm", &long).problem(),
        (413, "too-large".to_owned())
    );
    let mut client = Client::new(&server);
    client.send(command_text("confirm", "{}").replace("Content-Length: 2\r\n", ""));
    assert_eq!(
        client.response().problem(),
        (411, "length-required".to_owned())
    );
    assert_eq!(status(&server)["state"], "trial");
}
