//! Joining a Wi-Fi: the API and its setup page.

use std::{thread, time::Duration};

use faceplate::{Confirmer, EspNvs};
use faceplate_http::{Limits, limits::WIFI_JSON_MAX};
use faceplate_sim::flash::Fault;
use serde_json::{Value, json};

use crate::{
    board::{Board, Frontend, Rng, install},
    client::{Client, Response, ask, get, status, upload, upload_head},
    server::Server,
};

const HOME: &str = r#"{"ssid":"Home","pass":"12345678"}"#;

fn server() -> Server {
    Server::start(|| Board::with(&Frontend::new("one", 16)))
}

fn request(length: usize, headers: &str) -> String {
    format!(
        "POST /api/wifi HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n"
    )
}

fn join(server: &Server, body: impl AsRef<[u8]>) -> Response {
    let body = body.as_ref();
    let mut client = Client::new(server);
    client.send(request(body.len(), ""));
    client.try_send(body);
    client.response()
}

/// What the firmware finds in NVS: the name and the password.
fn stored(server: &Server) -> [Option<String>; 2] {
    server.ask(|device| {
        let stored = device.engine.with_nvs(EspNvs::credentials).unwrap();
        let [ssid, pass] = [stored.as_ref(), stored.as_ref()];
        [
            ssid.map(|stored| stored.ssid.to_string()),
            pass.map(|stored| stored.pass.to_string()),
        ]
    })
}

fn wifi(server: &Server) -> Value {
    let response = get(server, "/api/wifi");
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    response.json()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn assert_problem(response: &Response, status: u16, slug: &str) {
    assert_eq!(
        response.problem(),
        (status, slug.to_owned()),
        "{}",
        response.detail()
    );
}

#[test]
fn a_new_device_has_a_network_of_its_own_and_joins_the_one_that_it_is_told() {
    let server = server();
    let own = json!({ "mode": "access_point", "ssid": null, "connected": false,
                      "address": "127.0.0.1", "name": "provider.local" });
    assert_eq!(wifi(&server), own);

    let response = join(&server, HOME);
    assert_eq!(response.status, 202);
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(
        response.json(),
        json!({ "ssid": "Home", "name": "provider.local" })
    );
    assert_eq!(stored(&server), [some("Home"), some("12345678")]);

    let joining = json!({ "mode": "station", "ssid": "Home", "connected": false,
                          "address": null, "name": "provider.local" });
    assert_eq!(wifi(&server), joining);
    let mut now = joining;
    for _ in 0..100 {
        now = wifi(&server);
        if now["connected"] == true {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let joined = json!({ "mode": "station", "ssid": "Home", "connected": true,
                         "address": "127.0.0.1", "name": "provider.local" });
    assert_eq!(now, joined);
}

#[test]
fn the_network_is_still_known_after_a_restart() {
    let server = server();
    assert_eq!(
        join(&server, r#"{"ssid":"\ud83d\ude00 \"é\"","pass":""}"#).status,
        202
    );
    assert_eq!(stored(&server), [some("😀 \"é\""), some("")]);
    let server = server.rebooted();
    let now = wifi(&server);
    assert_eq!(
        (&now["mode"], &now["ssid"]),
        (&json!("station"), &json!("😀 \"é\""))
    );
    // What the core keeps is there, too.
    assert_eq!(status(&server)["state"], "settled");
}

#[test]
fn the_password_is_in_no_answer() {
    let server = server();
    let secret = "correct horse battery";
    let body = format!(r#"{{"ssid":"Home","pass":"{secret}"}}"#);
    let mut answers = vec![join(&server, &body)];
    for bad in [
        body.replace("Home", ""),
        body.replace("}", ""),
        body.replace(secret, &format!("{secret}é")),
        body.replace(secret, &secret.repeat(4)),
        body.replace("ssid", secret),
    ] {
        answers.push(join(&server, bad));
    }
    for path in ["/api/wifi", "/api/ota/status", "/recovery/wifi"] {
        answers.push(get(&server, path));
    }
    assert_eq!(stored(&server)[1], some(secret));
    for answer in answers {
        let text = format!("{:?} {}", answer.headers, answer.body.escape_ascii());
        assert!(!text.contains("horse"), "{text}");
    }
}

#[test]
fn credentials_that_no_network_has_are_refused() {
    let server = server();
    let before = server.operations();
    let long = "x".repeat(33);
    for (ssid, pass, slug) in [
        ("", "12345678", "bad-ssid"),
        (&*long, "12345678", "bad-ssid"),
        ("€€€€€€€€€€€", "", "bad-ssid"),
        (r"a\u0000b", "", "bad-ssid"),
        ("Home", "1234567", "bad-pass"),
        ("Home", &"x".repeat(64), "bad-pass"),
        ("Home", "12345678é", "bad-pass"),
        ("Home", r"12345678\t", "bad-pass"),
    ] {
        let response = join(&server, format!(r#"{{"ssid":"{ssid}","pass":"{pass}"}}"#));
        assert_problem(&response, 422, slug);
    }
    let detail = join(&server, r#"{"ssid":"Home","pass":"1"}"#).detail();
    assert!(detail.contains("8 to 63 characters"), "{detail}");
    assert_eq!(server.operations(), before);
    assert_eq!(wifi(&server)["ssid"], json!(null));
}

#[test]
fn a_body_that_is_not_such_json_is_refused() {
    let server = server();
    let before = server.operations();
    let nested = format!("{{\"ssid\":{}", "[".repeat(600));
    for body in [
        &b""[..],
        b"{}",
        b"[]",
        b"{\"ssid\":\"Home\"",
        b"{\"ssid\":\"Home\"}x",
        b"{\"ssid\":\"Home\",\"ssid\":\"Away\"}",
        b"{\"ssid\":\"Home\",\"pass\":\"\",\"pass\":\"\"}",
        b"{\"ssid\":\"Home\",\"hidden\":\"1\"}",
        b"{\"ssid\":\"Home\",\"pass\":null}",
        b"{\"ssid\":\"Home\"}",
        b"{\"ssid\":7}",
        b"{\"ssid\":\"a\nb\"}",
        b"{\"ssid\":\"a\0b\"}",
        b"{\"ssid\":\"\xff\xfe\"}",
        b"{\"ssid\":\"\xed\xa0\xbd\"}",
        b"{\"ssid\":\"\\ud83d\"}",
        b"\xef\xbb\xbf{\"ssid\":\"Home\"}",
        b"ssid=Home&pass=12345678",
        nested.as_bytes(),
    ] {
        assert_problem(&join(&server, body), 400, "bad-body");
    }
    assert_eq!(server.operations(), before);
}

#[test]
fn a_body_has_room_for_the_longest_credentials_and_not_for_more() {
    let server = server();
    let escaped = |n: usize| r"\u0078".repeat(n);
    let mut body = format!(r#"{{"ssid":"{}","pass":"{}"}}"#, escaped(32), escaped(63));
    body.push_str(&" ".repeat(WIFI_JSON_MAX - body.len()));
    assert_eq!(join(&server, &body).status, 202);
    assert_eq!(stored(&server), [32, 63].map(|n| Some("x".repeat(n))));
    body.push(' ');
    let response = join(&server, &body);
    assert_problem(&response, 413, "too-large");
    assert!(response.detail().contains("640"), "{}", response.detail());
}

#[test]
fn a_body_may_come_in_pieces_and_wait_for_a_word() {
    let server = server();
    let mut client = Client::new(&server);
    client.send(request(HOME.len(), "Expect: 100-continue\r\n"));
    assert_eq!(client.response().status, 100);
    for byte in HOME.as_bytes() {
        client.send([*byte]);
    }
    assert_eq!(client.response().status, 202);
    assert_eq!(stored(&server)[0], some("Home"));
}

#[test]
fn a_body_that_does_not_come_changes_nothing() {
    let limits = Limits {
        body_stall_ms: 200,
        ..Limits::DEFAULT
    };
    let server = Server::with_limits(limits, || Board::with(&Frontend::new("one", 16)));
    let mut client = Client::new(&server);
    client.send(request(HOME.len(), ""));
    client.send(&HOME[..HOME.len() - 1]);
    assert_problem(&client.response(), 408, "stalled");
    assert_eq!(stored(&server), [None, None]);
}

#[test]
fn joining_is_guarded_like_every_change() {
    let server = server();
    let before = server.operations();
    let with = |from: &str, to: &str| {
        let text = request(HOME.len(), "") + HOME;
        assert!(text.contains(from));
        let mut client = Client::new(&server);
        client.send(text.replacen(from, to, 1));
        client.response()
    };
    assert_problem(
        &with("Host: localhost", "Host: evil.example"),
        403,
        "foreign-host",
    );
    for origin in ["http://evil.example", "https://localhost", "null"] {
        let response = with(
            "\r\nContent-Type",
            &format!("\r\nOrigin: {origin}\r\nContent-Type"),
        );
        assert_problem(&response, 403, "foreign-origin");
    }
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset",
        "application/octet-stream",
    ] {
        let response = with("application/json", media_type);
        assert_problem(&response, 415, "media-type");
    }
    let encoded = with(
        "\r\nContent-Type",
        "\r\nContent-Encoding: gzip\r\nContent-Type",
    );
    assert_problem(&encoded, 415, "media-type");
    let length = format!("Content-Length: {}", HOME.len());
    assert_problem(&with(&length, "X: y"), 411, "length-required");
    assert_problem(
        &with(&length, "Transfer-Encoding: chunked"),
        411,
        "length-required",
    );
    let expect = with("\r\nContent-Type", "\r\nExpect: coffee\r\nContent-Type");
    assert_problem(&expect, 417, "expectation");
    assert_eq!(server.operations(), before);

    let own = with(
        "\r\nContent-Type",
        "\r\nOrigin: http://localhost\r\nContent-Type",
    );
    assert_eq!(own.status, 202);
}

#[test]
fn an_upload_is_not_cut_off_by_joining() {
    let server = server();
    let two = Frontend::new("two", 64);
    let mut client = Client::new(&server);
    client.send(upload_head("", two.image.len(), ""));
    client.send(&two.image[..20_000]);
    while status(&server)["upload"]["received"].as_u64() < Some(1) {
        thread::sleep(Duration::from_millis(5));
    }
    assert_problem(&join(&server, HOME), 409, "busy");
    assert_eq!(wifi(&server)["mode"], "access_point");
    client.send(&two.image[20_000..]);
    assert_eq!(client.response().status, 200);
    // Nor is its answer.
    assert_problem(&join(&server, HOME), 409, "restarting");
    assert_eq!(stored(&server), [None, None]);
    assert_eq!(join(&server.rebooted(), HOME).status, 202);
}

#[test]
fn a_trial_goes_on_in_the_other_network() {
    let server = Server::start(|| {
        let board = Board::with(&Frontend::new("one", 16));
        install(
            &board,
            &Frontend::new("two", 16),
            Confirmer::Client { within_s: 120 },
        )
        .unwrap();
        board
    });
    assert_eq!(join(&server, HOME).status, 202);
    let now = status(&server);
    assert_eq!(
        (&now["state"], &now["active"]),
        (&json!("trial"), &json!(1))
    );
    assert_eq!(upload(&server, "", &[0; 8192], "").problem().1, "on-trial");
}

#[test]
fn what_cannot_be_stored_is_told_and_not_joined() {
    let server = server();
    server.ask(|device| {
        let flash = &device.board.flash;
        let nvs = device.board.nvs();
        for sector in (nvs.offset..nvs.offset + nvs.len).step_by(4096) {
            let sector = sector / 4096;
            flash.inject(Fault::Program { sector }).unwrap();
        }
    });
    let response = join(&server, HOME);
    assert_problem(&response, 500, "nvs-fault");
    assert!(
        response
            .detail()
            .starts_with("the network cannot be stored: ")
    );
    assert_eq!(wifi(&server)["mode"], "access_point");
    assert_eq!(wifi(&server)["ssid"], json!(null));
}

#[test]
fn a_device_without_wifi_has_no_such_api_but_the_page_says_so() {
    let server = server();
    server.ask(|device| device.has_wifi.set(false));
    assert_problem(&get(&server, "/api/wifi"), 404, "not-found");
    assert_problem(&join(&server, HOME), 404, "not-found");
    assert_problem(&ask(&server, "DELETE /api/wifi", ""), 404, "not-found");
    assert_eq!(stored(&server), [None, None]);
    assert_eq!(get(&server, "/recovery/wifi").status, 200);
}

#[test]
fn the_setup_page_is_there_with_a_frontend_or_without() {
    for board in [Board::with(&Frontend::new("one", 16)), Board::new()] {
        let image = board
            .flash
            .peek(0, faceplate_sim::flash::W25Q128_SIZE)
            .unwrap();
        let server = Server::start(move || {
            let board = Board::new();
            board.flash.poke(0, &image).unwrap();
            board
        });
        let response = get(&server, "/recovery/wifi");
        assert_eq!(response.status, 200);
        let page = include_str!("../../../../web/recovery/wifi.html");
        // Its addresses are relative to the top.
        let page = page.replace("<base href=\"./\">", "<base href=\"../\">");
        assert_eq!(String::from_utf8(response.body.clone()).unwrap(), page);
        assert_eq!(
            response.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("x-frame-options"), Some("DENY"));
        let csp = response.header("content-security-policy").unwrap();
        assert_eq!(
            response.header("content-security-policy"),
            get(&server, "/recovery").header("content-security-policy")
        );
        assert!(csp.contains("default-src 'self'") && csp.contains("frame-ancestors 'none'"));
        let head = ask(&server, "HEAD /recovery/wifi", "");
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, response.header("content-length"))
        );
        assert_eq!(ask(&server, "HEAD /api/wifi", "").status, 200);
    }
}

#[test]
fn no_bytes_bring_the_device_down_or_into_another_network() {
    let server = server();
    let mut rng = Rng::new(4);
    let mut refused = 0;
    for _ in 0..300 {
        let mut body = HOME.as_bytes().to_vec();
        match rng.below(3) {
            0 => {
                let len = rng.below(700) as usize;
                body = rng.bytes(len);
            }
            1 => {
                let at = rng.below(body.len() as u64) as usize;
                body[at] = rng.below(256) as u8;
            }
            _ => body.truncate(rng.below(body.len() as u64) as usize),
        }
        let valid = serde_json::from_slice::<Value>(&body).is_ok();
        let response = join(&server, &body);
        match response.status {
            202 => assert!(valid, "{}", body.escape_ascii()),
            _ => {
                assert!(matches!(response.problem().0, 400 | 413 | 422));
                refused += 1;
            }
        }
    }
    assert!(refused > 150, "{refused}");
    assert_eq!(status(&server)["state"], "settled");
}
