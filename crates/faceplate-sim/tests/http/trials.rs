//! Confirming and rolling back.

use faceplate::Confirmer;
use serde_json::json;

use crate::{
    board::{Board, Frontend, install},
    client::{Client, command, command_text, status, upload},
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
    assert_eq!(server.ask(|device| device.reboot.get()), Some(500));
    let again = command(&server, "rollback", "{}");
    assert_eq!(again.problem(), (409, "restarting".to_owned()));
    let now = status(&server.rebooted());
    assert_eq!(
        (&now["active"], &now["last"]["outcome"]),
        (&json!(0), &json!("rolled_back"))
    );
}

#[test]
fn there_is_no_rollback_to_nothing() {
    let server = Server::start(|| Board::with(&Frontend::new("one", 16)));
    let response = command(&server, "rollback", "{}");
    assert_eq!(response.problem(), (409, "no-way-back".to_owned()));
    assert_eq!(server.ask(|device| device.reboot.get()), None);
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
