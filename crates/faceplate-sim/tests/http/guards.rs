//! Who may ask what: hosts, origins, media types, preflights.

use serde_json::Value;

use crate::{
    board::{Board, Frontend},
    client::{Client, Response, ask, command_text, status, upload_head},
    server::Server,
};

fn server() -> Server {
    Server::start(|| Board::with(&Frontend::new("one", 16)))
}

fn send(server: &Server, text: &str) -> Response {
    let mut client = Client::new(server);
    client.send(text);
    if text.ends_with("\r\n\r\n") && text.contains("Content-Length: ") {
        // Behind some servers nobody hears of a request before its body begins.
        client.try_send(b"x");
    }
    client.response()
}

#[test]
fn a_foreign_host_is_refused_on_every_request() {
    let server = server();
    let before = server.operations();
    for request in [
        "GET /".to_owned(),
        "GET /assets/app.js".to_owned(),
        "GET /api/ota/status".to_owned(),
        "GET /recovery".to_owned(),
        "GET /recovery/wifi".to_owned(),
        "GET /api/wifi".to_owned(),
        "GET /no/such".to_owned(),
        "OPTIONS /api/ota/frontend".to_owned(),
    ] {
        let text = format!("{request} HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert_eq!(
            send(&server, &text).problem(),
            (403, "foreign-host".to_owned()),
            "{request}"
        );
    }
    let foreign = |text: String| text.replace("Host: localhost", "Host: evil.example:80");
    for text in [
        foreign(upload_head("", 8192, "")),
        foreign(command_text("confirm", "{}")),
        foreign(command_text("rollback", "{}")),
    ] {
        assert_eq!(
            send(&server, &text).problem(),
            (403, "foreign-host".to_owned()),
            "{text}"
        );
    }
    assert_eq!(server.operations(), before);
}

#[test]
fn the_device_answers_to_addresses_and_its_own_names() {
    let server = server();
    for host in [
        "127.0.0.1",
        "10.1.2.3:8080",
        "[::1]:80",
        "localhost",
        "Provider.local",
        "provider.local.:80",
        "provider",
        "PROVIDER:8080",
        "provider.lan",
        "provider.home.arpa",
        "provider.fritz.box",
        "face.example",
        "home.example",
        "home.example:8443",
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(send(&server, &text).status, 200, "{host}");
    }
    for host in [
        "other.local",
        "local",
        "provider.com",
        "fritz.box",
        "provider.local.evil.example",
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let response = send(&server, &text);
        assert_eq!(response.status, 403, "{host}");
        let detail = response.detail();
        for part in [
            "IP address, provider, or provider with .local, .lan,",
            "(hosts)",
        ] {
            assert!(detail.contains(part), "{detail}");
        }
    }
}

#[test]
fn a_page_behind_a_proxy_that_was_added_may_change_things() {
    let server = server();
    let confirm = |host: &str, origin: &str| {
        let text = command_text("confirm", "{}").replace(
            "Host: localhost",
            &format!("Host: {host}\r\nOrigin: {origin}"),
        );
        send(&server, &text).problem()
    };
    for (host, origin) in [
        // The proxy names the device itself, or passes on what the browser said.
        ("10.0.0.2", "https://face.example"),
        ("face.example", "https://face.example"),
        ("provider.local", "http://face.example"),
        ("home.example:8443", "https://home.example:8443"),
        // No proxy.
        ("provider.lan", "http://provider.lan"),
    ] {
        let found = confirm(host, origin);
        assert_eq!(found, (409, "not-on-trial".to_owned()), "{origin}");
    }
    for (host, origin) in [
        ("10.0.0.2", "https://10.0.0.2"),
        ("provider.lan", "https://provider.lan"),
        ("face.example", "https://face.example:444"),
        ("home.example", "https://home.example"),
        ("provider.lan", "http://provider.local"),
    ] {
        let found = confirm(host, origin);
        assert_eq!(found, (403, "foreign-origin".to_owned()), "{origin}");
    }
}

#[test]
fn a_request_names_exactly_one_host() {
    let server = server();
    for text in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        assert_eq!(
            send(&server, text).problem(),
            (400, "bad-request".to_owned()),
            "{text}"
        );
    }
}

#[test]
fn pages_of_other_origins_change_nothing() {
    let server = server();
    let before = server.operations();
    for origin in [
        "http://evil.example",
        "https://localhost",
        "null",
        "http://localhost:81",
    ] {
        let header = format!("Origin: {origin}\r\n");
        let with =
            |text: String| text.replacen("Content-Type", &format!("{header}Content-Type"), 1);
        for text in [
            upload_head("", 8192, &header),
            with(command_text("confirm", "{}")),
            with(command_text("rollback", "{}")),
        ] {
            let response = send(&server, &text);
            assert_eq!(
                response.problem(),
                (403, "foreign-origin".to_owned()),
                "{text}"
            );
        }
    }
    assert_eq!(server.operations(), before);
    let own = command_text("confirm", "{}").replacen(
        "Content-Type",
        "Origin: http://localhost\r\nContent-Type",
        1,
    );
    assert_eq!(
        send(&server, &own).problem(),
        (409, "not-on-trial".to_owned())
    );
}

#[test]
fn a_change_has_the_media_type_that_makes_a_browser_ask_first() {
    let server = server();
    let before = server.operations();
    for (path, right) in [
        ("frontend", "application/octet-stream"),
        ("confirm", "application/json"),
        ("rollback", "application/json"),
    ] {
        for header in [
            "",
            "Content-Type:\r\n",
            "Content-Type: text/plain\r\n",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "Content-Type: multipart/form-data; boundary=x\r\n",
            "Content-Type: text/plain; application/octet-stream\r\n",
            "Content-Type: application/octet-stream, text/plain\r\n",
            "Content-Type: application/xml\r\n",
            &format!("Content-Type: {right}; charset\r\n"),
            &format!("Content-Type: {right}; charset=utf-8, text/plain\r\n"),
        ] {
            let text = format!(
                "POST /api/ota/{path} HTTP/1.1\r\nHost: localhost\r\n{header}Content-Length: 2\r\n\r\n{{}}"
            );
            let response = send(&server, &text);
            assert_eq!(response.problem(), (415, "media-type".to_owned()), "{text}");
            assert!(response.detail().contains(right), "{}", response.detail());
        }
    }
    // A type with parameters is no simple one either.
    for (text, right) in [
        (command_text("confirm", "{}"), (409, "not-on-trial")),
        (upload_head("", 1, ""), (422, "bad-length")),
    ] {
        let text = text.replacen(
            "\r\nContent-Length",
            "; charset=\"utf-8\"\r\nContent-Length",
            1,
        );
        assert!(text.contains("; charset"), "{text}");
        let (status, kind) = send(&server, &text).problem();
        assert_eq!((status, &*kind), right, "{text}");
    }
    let encoded = upload_head("", 8192, "Content-Encoding: gzip\r\n");
    assert_eq!(
        send(&server, &encoded).problem(),
        (415, "media-type".to_owned())
    );
    assert_eq!(server.operations(), before);
}

#[test]
fn no_answer_gives_leave_to_other_origins() {
    let server = server();
    let origin = "Origin: http://evil.example\r\n";
    let preflight = format!(
        "{origin}Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n"
    );
    for line in [
        "OPTIONS /api/ota/frontend",
        "OPTIONS /api/ota/status",
        "OPTIONS /",
        "OPTIONS *",
        "PATCH /api/ota/frontend",
        "GET /api/ota/status",
        "GET /",
        "GET /missing.js",
        "POST /api/ota/frontend",
    ] {
        let response = ask(&server, line, &preflight);
        assert!(
            response
                .headers
                .iter()
                .all(|(name, _)| !name.starts_with("access-control")),
            "{line}: {response:?}"
        );
        if line.starts_with("OPTIONS") {
            // Which methods there are is no secret; without leave the browser sends none of them.
            assert_eq!(response.status, 204, "{line}");
            assert!(response.header("allow").is_some(), "{line}");
        }
    }
}

#[test]
fn a_method_that_is_not_allowed_gets_those_that_are() {
    let server = server();
    for (line, allow) in [
        ("POST /", "GET, HEAD, OPTIONS"),
        ("PUT /assets/app.js", "GET, HEAD, OPTIONS"),
        ("DELETE /recovery", "GET, HEAD, OPTIONS"),
        ("POST /recovery/wifi", "GET, HEAD, OPTIONS"),
        ("DELETE /api/wifi", "GET, HEAD, POST, OPTIONS"),
        ("POST /api/ota/status", "GET, HEAD, OPTIONS"),
        ("PUT /api/ota/frontend", "GET, HEAD, POST, PATCH, OPTIONS"),
        ("POST /api/ota/frontend/chunks", "GET, HEAD, OPTIONS"),
        ("GET /api/ota/confirm", "POST, OPTIONS"),
        ("HEAD /api/ota/rollback", "POST, OPTIONS"),
        ("get /", "GET, HEAD, OPTIONS"),
    ] {
        let response = ask(&server, line, "");
        assert_eq!(response.status, 405, "{line}");
        assert_eq!(response.header("allow"), Some(allow), "{line}");
    }
}

#[test]
fn what_is_no_api_is_not_there() {
    let server = server();
    for line in [
        "GET /api",
        "GET /api/",
        "POST /api/x",
        "GET /api/wifi/",
        "GET /api/wifi/network",
        "GET /api/ota/frontend/blocks?slot=active",
    ] {
        let response = ask(&server, line, "Accept: text/html\r\n");
        assert_eq!(response.problem(), (404, "not-found".to_owned()), "{line}");
    }
}

#[test]
fn the_status_counts_attempts_that_were_refused_and_tells_what_and_when_but_not_who() {
    let server = server();
    assert_eq!(status(&server)["refused"], Value::Null);
    let host = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned();
    let origin =
        command_text("rollback", "{}").replace("\r\n\r\n", "\r\nOrigin: http://evil\r\n\r\n");
    for (count, text, slug) in [(1, &host, "foreign-host"), (2, &origin, "foreign-origin")] {
        assert_eq!(send(&server, text).status, 403);
        let told = status(&server);
        let refused = &told["refused"];
        assert_eq!(
            (&refused["count"], &refused["last"]),
            (&count.into(), &slug.into())
        );
        assert!(refused["age_ms"].as_u64().is_some_and(|age| age < 60_000));
        assert!(!told.to_string().contains("evil"));
    }
    // What is merely wrong is no attempt.
    for text in [
        "GET /no/such HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        upload_head("", 4097, ""),
        command_text("confirm", "{}"),
    ] {
        assert!(send(&server, &text).status >= 400);
    }
    assert_eq!(status(&server)["refused"]["count"], 2);
}
