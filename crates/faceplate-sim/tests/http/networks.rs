//! The networks in range: what is told of them, and looking again.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    board::{Board, Frontend},
    client::{Client, Response, ask, command_text, get, status, upload_head},
    server::Server,
};

fn server() -> Server {
    Server::start(|| Board::with(&Frontend::new("one", 16)))
}

fn post(server: &Server, path: &str, body: &str) -> Response {
    let mut client = Client::new(server);
    client.send(command_text("confirm", body).replace("/api/ota/confirm", path));
    client.response()
}

fn look(server: &Server) -> Response {
    post(server, "/api/wifi/networks", "{}")
}

fn networks(server: &Server) -> Value {
    let response = get(server, "/api/wifi/networks");
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    response.json()
}

#[test]
fn an_access_point_knows_its_neighbours_the_strongest_first_and_each_name_once() {
    let mut told = networks(&server());
    assert!(told["age_ms"].as_u64().unwrap() < 10_000);
    told["age_ms"] = json!(0);
    let of = |ssid: &str, rssi: i8, security: &str| json!({ "ssid": ssid, "rssi": rssi, "security": security });
    let list = [
        of("Home", -47, "password"),
        of("Office", -59, "other"),
        of("Café am Markt", -66, "open"),
        of("FRITZ!Box 7590 XY", -78, "password"),
        of("Workshop 2.4", -83, "password"),
    ];
    assert_eq!(
        told,
        json!({ "searching": false, "failed": false, "age_ms": 0, "networks": list })
    );
}

#[test]
fn a_device_in_a_network_looks_when_it_is_told_to() {
    let server = server();
    assert_eq!(
        post(&server, "/api/wifi", r#"{"ssid":"Home","pass":""}"#).status,
        202
    );
    let server = server.rebooted();
    let none = json!({ "searching": false, "failed": false, "age_ms": null, "networks": [] });
    assert_eq!(networks(&server), none);
    let response = look(&server);
    assert_eq!(
        (response.status, response.header("connection")),
        (202, None)
    );
    assert_eq!(response.json()["searching"], true);
    // Asked twice, it looks once.
    assert_eq!(look(&server).status, 202);
    let mut told = networks(&server);
    for _ in 0..100 {
        if told["searching"] == false {
            break;
        }
        assert_eq!(told["age_ms"], Value::Null);
        thread::sleep(Duration::from_millis(50));
        told = networks(&server);
    }
    assert_eq!(told["networks"][0]["ssid"], "Home");
    assert!(told["age_ms"].as_u64().unwrap() < 2_000);
}

#[test]
fn looking_is_guarded_like_every_change_and_not_done_during_an_upload() {
    let server = server();
    let text = command_text("confirm", "{}").replace("/api/ota/confirm", "/api/wifi/networks");
    for (from, to, status) in [
        ("application/json", "text/plain", 415),
        ("Content-Length: 2", "X: y", 411),
        (
            "\r\nContent-Type",
            "\r\nOrigin: http://evil.example\r\nContent-Type",
            403,
        ),
        ("\r\n\r\n{}", "\r\n\r\n[]", 400),
        ("POST", "PUT", 405),
    ] {
        assert!(text.contains(from), "{from}");
        let mut client = Client::new(&server);
        client.send(text.replacen(from, to, 1));
        assert_eq!(client.response().status, status, "{to}");
    }
    let refused = ask(&server, "DELETE /api/wifi/networks", "");
    assert_eq!(refused.header("allow"), Some("GET, HEAD, POST, OPTIONS"));

    let two = Frontend::new("two", 64);
    let mut client = Client::new(&server);
    client.send(upload_head("", two.image.len(), ""));
    client.send(&two.image[..20_000]);
    while status(&server)["upload"]["received"].as_u64() < Some(1) {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(look(&server).problem(), (409, "busy".to_owned()));
    assert!(!server.ask(|device| device.wifi.search().searching));
    // What is known is told all the same.
    assert_eq!(networks(&server)["networks"][0]["ssid"], "Home");
}

#[test]
fn a_wifi_that_cannot_look_has_no_such_api() {
    let server = server();
    let off: [fn(&crate::server::TestDevice); 2] = [
        |device| device.can_search.set(false),
        |device| device.has_wifi.set(false),
    ];
    for off in off {
        server.ask(off);
        for response in [get(&server, "/api/wifi/networks"), look(&server)] {
            assert_eq!(response.problem(), (404, "not-found".to_owned()));
        }
    }
}
