//! The firmware's own routes: asked, answered, refused.

use faceplate_http::{Access, Limits, UpdateEvent};

use crate::{
    app::Value,
    board::Frontend,
    client::{Client, Response, command, upload},
    server::Server,
};

fn server() -> Server {
    Server::small(Limits::DEFAULT)
}

fn ask(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Response {
    let mut client = Client::new(server);
    let length = match body.is_empty() {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", body.len()),
    };
    client.send(format!(
        "{method} {path} HTTP/1.1\r\nHost: 10.0.0.1\r\n{headers}{length}\r\n{body}"
    ));
    match method {
        "HEAD" => client.response_to_head(),
        _ => client.response(),
    }
}

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn a_value_is_read_and_written_in_json() {
    let server = server();
    let read = ask(&server, "GET", "/api/test/value", "", "");
    assert_eq!(read.body, br#"{"number":0,"on":false}"#);
    assert_eq!(read.header("content-type"), Some("application/json"));
    assert_eq!(read.header("cache-control"), Some("no-store"));
    let body = r#"{"on":true,"number":7}"#;
    let written = ask(&server, "PUT", "/api/test/value", JSON, body);
    assert_eq!(
        (written.status, &*written.body),
        (200, &br#"{"number":7,"on":true}"#[..])
    );
    let want = Value {
        number: 7,
        on: true,
    };
    assert_eq!(server.ask(|device| device.app.value.borrow().clone()), want);
}

#[test]
fn what_is_not_the_json_that_is_wanted_is_refused() {
    let server = server();
    for (body, status, slug) in [
        ("{", 400, "bad-body"),
        (r#"{"number":-1,"on":true}"#, 400, "bad-body"),
        (r#"{"number":7}"#, 400, "bad-body"),
        (r#"{"number":7,"on":true} x"#, 400, "bad-body"),
        (r#"{"number":7000,"on":true}"#, 422, "too-much"),
    ] {
        let answer = ask(&server, "PUT", "/api/test/value", JSON, body);
        assert_eq!(
            (answer.status, &*answer.problem().1),
            (status, slug),
            "{body}"
        );
    }
    let long = format!("{:3000}", r#"{"on":true,"number":7}"#);
    let answer = ask(&server, "PUT", "/api/test/value", JSON, &long);
    assert_eq!((answer.status, &*answer.problem().1), (413, "too-large"));
    assert_eq!(server.ask(|device| device.app.value.borrow().number), 0);
}

#[test]
fn head_options_and_allow_are_right_without_work() {
    let server = server();
    let head = ask(&server, "HEAD", "/api/test/value", "", "");
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("23"))
    );
    for (path, allow) in [
        ("/api/test/value", "GET, HEAD, PUT, OPTIONS"),
        ("/api/test/echo", "POST, OPTIONS"),
        ("/api/test/value/%c3%a4%20b", "PATCH, DELETE, OPTIONS"),
        ("/api/ota/confirm", "POST, OPTIONS"),
        ("/api/wifi", "GET, HEAD, POST, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        let options = ask(&server, "OPTIONS", path, "", "");
        assert_eq!(
            (options.status, options.header("allow")),
            (204, Some(allow)),
            "{path}"
        );
        let wrong = ask(&server, "BREW", path, "", "");
        assert_eq!(
            (wrong.status, wrong.header("allow")),
            (405, Some(allow)),
            "{path}"
        );
    }
}

#[test]
fn paths_of_faceplate_are_never_the_firmwares() {
    let server = server();
    let status = ask(&server, "GET", "/api/ota/status", "", "");
    assert!(status.json()["slots"].is_array());
    for path in [
        "/api/ota/mine",
        "/api/wifi/mine",
        "/api/none",
        "/api%2Ftest%2Fvalue",
        "/api/test//value",
    ] {
        assert_eq!(ask(&server, "GET", path, "", "").status, 404, "{path}");
    }
    assert_eq!(ask(&server, "GET", "/metrics", "", "").body, b"up 1");
}

#[test]
fn a_body_goes_through_as_a_stream() {
    let server = server();
    let body = "0123456789".repeat(3000);
    let answer = ask(
        &server,
        "POST",
        "/api/test/echo",
        "Content-Type: application/x-test\r\n",
        &body,
    );
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.body, body.as_bytes());
    let long = format!("{}Content-Length: 65537\r\n", JSON);
    let refused = ask(&server, "POST", "/api/test/echo", &long, "");
    assert_eq!((refused.status, &*refused.problem().1), (413, "too-large"));
}

#[test]
fn the_connection_goes_on_behind_a_body_that_was_read() {
    let server = server();
    let mut client = Client::new(&server);
    let body = r#"{"on":true,"number":7}"#;
    let put = format!(
        "PUT /api/test/value HTTP/1.1\r\nHost: 10.0.0.1\r\n{JSON}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let get = "GET /api/test/long HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n";
    // All at once: what comes behind a body is the next request.
    client.send(format!("{put}{get}{put}{get}"));
    for _ in 0..2 {
        assert_eq!(client.response().status, 200);
        let long = client.response();
        assert_eq!(long.body.len(), 10_000);
        assert_eq!(long.header("x-mine"), Some("aX-Theirs: b"));
        assert_eq!(long.header("x-theirs"), None);
    }
}

#[test]
fn an_answer_of_unknown_length_ends_with_the_connection_for_an_old_client() {
    let server = server();
    let mut client = Client::new(&server);
    client.send(
        "POST /api/test/echo HTTP/1.0\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello",
    );
    let text = client.rest();
    assert!(text.ends_with("\r\n\r\nhello"), "{text}");
    assert!(!text.contains("chunked"), "{text}");
}

#[test]
fn a_handler_that_fails_is_seen_to_have_failed() {
    let server = server();
    let nothing = ask(&server, "GET", "/api/test/nothing", "", "");
    assert_eq!((nothing.status, &*nothing.problem().1), (500, "no-answer"));
    let mut client = Client::new(&server);
    client.send("GET /api/test/half HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n");
    let text = client.rest();
    assert!(!text.contains("\r\n0\r\n"), "not whole: {text}");
}

#[test]
fn an_answer_that_cannot_be_is_a_problem() {
    let server = server();
    for path in ["/api/test/no-body", "/api/test/unsayable"] {
        let mut client = Client::new(&server);
        for _ in 0..2 {
            client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            let answer = client.response();
            assert_eq!(answer.problem(), (500, "no-answer".to_owned()), "{path}");
        }
    }
}

#[test]
fn how_the_network_cuts_a_request_makes_no_difference() {
    let server = server();
    let long = |n| format!("/api/test/{}", "x".repeat(n));
    for (path, status) in [
        ("/api/test/echo%20%C3%A4".to_owned(), 200),
        (long(180), 404),
        // A path before a body has no more room.
        (long(200), 414),
        (format!("/api/test/{}", "%61".repeat(180)), 404),
        (format!("/api/test/{}", "%61".repeat(200)), 414),
    ] {
        for body in [10, 500, 3000] {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\
                 Content-Length: {body}\r\n\r\n"
            );
            let body = "b".repeat(body);
            let mut at_once = Client::new(&server);
            at_once.send(format!("{head}{body}"));
            assert_eq!(at_once.response().status, status, "{path}");
            let mut in_two = Client::new(&server);
            in_two.send(&head);
            std::thread::sleep(std::time::Duration::from_millis(20));
            in_two.try_send(body.as_bytes());
            assert_eq!(in_two.response().status, status, "{path}, in two");
        }
    }
}

#[test]
fn text_in_json_is_what_it_says() {
    let server = server();
    let json = "Content-Type: application/json\r\n";
    for text in ["plain", "a\"b\\c\n\u{1}ä🙂", &"\"".repeat(200)] {
        let body = serde_json::json!({ "text": text }).to_string();
        let answer = ask(&server, "POST", "/api/test/text", json, &body);
        assert_eq!(String::from_utf8_lossy(&answer.body), text);
    }
}

#[test]
fn the_rest_of_a_body_may_be_had_at_once() {
    let server = server();
    for rest in [0, 1, 100, 512] {
        let body = "a".repeat(1500) + &"b".repeat(rest);
        let media = "Content-Type: application/octet-stream\r\n";
        let answer = ask(&server, "POST", "/api/test/rest", media, &body);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, "b".repeat(rest).as_bytes());
    }
}

#[test]
fn a_value_that_changes_while_it_is_sent_ends_the_connection_and_not_the_framing() {
    let server = server();
    for (path, promised, sent) in [("shrinks", 9000, 1..9000), ("grows", 6000, 6000..6001)] {
        let mut client = Client::new(&server);
        client.send(format!(
            "GET /api/test/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n\
             GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ));
        let text = client.rest();
        let (head, rest) = text.split_once("\r\n\r\n").expect("a head");
        assert!(
            head.contains(&format!("Content-Length: {promised}")),
            "{head}"
        );
        let body = rest.bytes().take_while(|byte| *byte == b'x').count();
        assert!(sent.contains(&body), "{body} bytes of {promised}");
        // Only behind all of it comes another answer.
        assert_eq!(rest.contains("HTTP/1.1 200"), body == promised, "{path}");
    }
}

#[test]
fn json_and_headers_may_be_longer_than_any_buffer() {
    let server = server();
    let mut client = Client::new(&server);
    let wanted: Vec<u32> = (0..2000).collect();
    for _ in 0..2 {
        client.send("GET /api/test/long-json HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = client.response();
        assert_eq!(answer.header("x-long"), Some(&*"x".repeat(400)));
        let numbers: Vec<u32> = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(numbers, wanted);
    }
}

#[test]
fn a_head_that_leaves_no_room_is_refused_once() {
    let server = server();
    let mut client = Client::new(&server);
    let long = "x".repeat(1600);
    let escapes = "%61".repeat(100);
    // Only what has more to say needs room behind its head.
    for (path, more, status) in [
        (format!("/api/test/value?{}", &long[..900]), "", 200),
        ("/api/test/value".to_owned(), &*long, 200),
        (
            "/api/test/value".to_owned(),
            &*format!("{long}\r\nUpgrade: websocket"),
            431,
        ),
        (format!("/api/test/{escapes}"), "", 404),
        (format!("/api/test/value/{escapes}"), &*long, 404),
    ] {
        client.send(format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Long: {more}\r\n\r\n"
        ));
        assert_eq!(client.response().status, status);
        // What comes then is the answer to this, and not the same one again.
        client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(client.response().body, b"up 1");
    }
}

#[test]
fn a_client_that_expects_a_word_gets_it_or_the_error() {
    let server = server();
    let body = r#"{"on":true,"number":7}"#;
    let head = |length: usize, more: &str| {
        format!(
            "PUT /api/test/value HTTP/1.1\r\nHost: 10.0.0.1\r\n{JSON}\
             Content-Length: {length}\r\nExpect: 100-continue\r\n{more}\r\n"
        )
    };
    let mut client = Client::new(&server);
    for _ in 0..2 {
        client.send(head(body.len(), ""));
        let word = client.response();
        assert_eq!((word.status, word.headers.len()), (100, 0));
        client.send(body);
        assert_eq!(client.response().status, 200);
    }
    // Who sends it in one packet with the head does not wait for any.
    client.send(head(body.len(), "") + body);
    assert_eq!(client.response().status, 200);
    // Nor does who sends none.
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.response().body, b"up 1");

    let other = head(22, "").replace("100-continue", "200-ok");
    for (head, status) in [
        (head(65_537, ""), 413),
        (head(22, "Origin: null\r\n"), 403),
        (head(22, "").replace("application/json", "text/plain"), 415),
        (head(22, "").replace("PUT", "POST"), 405),
        (other, 417),
    ] {
        let mut client = Client::new(&server);
        client.send(&head);
        assert_eq!(client.response().status, status, "{head}");
    }
    server.ask(|device| device.app.locked.set(true));
    let mut client = Client::new(&server);
    client.send(head(22, ""));
    assert_eq!(client.response().status, 401);
}

#[test]
fn a_body_that_its_handler_does_not_want_does_not_cost_the_answer() {
    let server = server();
    let body = "x".repeat(65_536);
    let refused = ask(&server, "POST", "/api/test/refuse", JSON, &body);
    assert_eq!(refused.problem(), (422, "unwanted".to_owned()));
    assert_eq!(refused.header("connection"), Some("close"));
}

#[test]
fn the_query_is_decoded() {
    let server = server();
    for (query, want) in [
        ("?name=J%c3%b6rg+X", "Jörg X"),
        ("", "nobody"),
        ("?name=12345678901234567", "nobody"),
    ] {
        let answer = ask(&server, "GET", &format!("/api/test/query{query}"), "", "");
        assert_eq!(answer.body, want.as_bytes(), "{query}");
    }
}

#[test]
fn pages_from_elsewhere_change_nothing() {
    let server = server();
    let body = r#"{"on":true,"number":7}"#;
    for (headers, status) in [
        (
            "Origin: http://evil.example\r\nContent-Type: application/json\r\n",
            403,
        ),
        ("Origin: null\r\nContent-Type: application/json\r\n", 403),
        ("Content-Type: text/plain\r\n", 415),
        (
            "Content-Type: application/x-www-form-urlencoded; a=b\r\n",
            415,
        ),
        ("", 415),
        (
            "Origin: http://10.0.0.1\r\nContent-Type: text/plain\r\n",
            200,
        ),
        (
            "Origin: http://10.0.0.1\r\nContent-Type: application/json\r\n",
            200,
        ),
        (JSON, 200),
    ] {
        let answer = ask(&server, "PUT", "/api/test/value", headers, body);
        assert_eq!(answer.status, status, "{headers}");
    }
    for (path, more) in [("/api/test/events", ""), ("/api/test/socket", UPGRADE)] {
        let headers = format!("Origin: http://evil.example\r\n{more}");
        assert_eq!(
            ask(&server, "GET", path, &headers, "").status,
            403,
            "{path}"
        );
    }
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn the_login_is_asked_once_and_told_what_is_to_be_done() {
    let server = server();
    server.ask(|device| device.app.locked.set(true));
    let guest = "Authorization: Bearer guest\r\n";
    let secret = "Authorization: Bearer secret\r\n";
    let upload = "Content-Type: application/octet-stream\r\nContent-Length: 3\r\n";
    for (method, path, headers, status, access) in [
        ("GET", "/", "", 401, Access::Read),
        ("GET", "/api/ota/status", guest, 200, Access::Read),
        ("GET", "/api/test/value", guest, 200, Access::Read),
        // A rule for a path holds for all its spellings.
        ("GET", "/metrics", secret, 200, Access::Read),
        ("GET", "/metrics", guest, 403, Access::Read),
        ("GET", "/%6detri%63s", guest, 403, Access::Read),
        (
            "DELETE",
            "/api/test/value/%c3%a4%20b",
            guest,
            403,
            Access::Change,
        ),
        (
            "DELETE",
            "/api/test/value/%c3%a4%20b",
            secret,
            204,
            Access::Change,
        ),
        ("POST", "/api/wifi/networks", guest, 403, Access::Change),
        (
            "POST",
            "/api/ota/frontend",
            &format!("{guest}{upload}"),
            403,
            Access::Update,
        ),
        (
            "POST",
            "/api/ota/frontend",
            &format!("{secret}{upload}"),
            422,
            Access::Update,
        ),
        ("POST", "/api/ota/rollback", guest, 403, Access::Update),
        ("POST", "/api/ota/confirm", "", 401, Access::Update),
        (
            "GET",
            "/api/test/socket",
            &format!("{guest}{UPGRADE}"),
            403,
            Access::Change,
        ),
    ] {
        let answer = ask(&server, method, path, headers, "");
        assert_eq!(answer.status, status, "{method} {path}");
        let challenge = (status == 401).then_some("Bearer realm=\"test\"");
        assert_eq!(answer.header("www-authenticate"), challenge);
        let asked = server.ask(|device| device.app.asked.take());
        assert_eq!(asked, [access], "{method} {path}");
    }
}

#[test]
fn the_firmware_may_want_no_update_now() {
    let server = server();
    server.ask(|device| device.app.not_now.set(Some("the gate is moving")));
    let image = Frontend::new("two", 16).image;
    let before = server.operations();
    for refused in [
        upload(&server, "", &image, ""),
        command(&server, "rollback", "{}"),
    ] {
        assert_eq!(refused.problem(), (409, "not-now".to_owned()));
        assert_eq!(refused.detail(), "the gate is moving");
    }
    assert_eq!(server.operations(), before);
    assert_eq!(server.ask(|device| device.app.updates.take()), []);
}

#[test]
fn the_firmware_is_asked_again_after_the_check_of_the_way_back() {
    let server = server();
    let image = Frontend::new("two", 16).image;
    assert_eq!(upload(&server, "", &image, "").status, 200);
    let server = server.rebooted();
    server.ask(|device| {
        device.app.not_now.set(Some("it moves"));
        // At first it does not.
        device.app.welcomes.set(1);
    });
    let before = server.operations();
    let refused = command(&server, "rollback", "{}");
    assert_eq!(refused.problem(), (409, "not-now".to_owned()));
    assert_eq!(refused.detail(), "it moves");
    assert_eq!(server.operations(), before);
    server.ask(|device| device.app.welcomes.set(2));
    assert_eq!(command(&server, "rollback", "{}").status, 202);
}

#[test]
fn the_firmware_is_told_how_an_update_goes() {
    let server = server();
    let image = Frontend::new("two", 16).image;
    let total = image.len();
    let broken = [&image[..total - 4096], &[0; 4096]].concat();
    assert_eq!(upload(&server, "", &broken, "").status, 422);
    let told = server.ask(|device| device.app.updates.take());
    assert_eq!(
        told.first(),
        Some(&UpdateEvent::Began {
            total: total as u32
        })
    );
    assert_eq!(told.last(), Some(&UpdateEvent::Failed));
    assert_eq!(upload(&server, "", &image, "").status, 200);
    let told = server.ask(|device| device.app.updates.take());
    let [
        UpdateEvent::Began { .. },
        steps @ ..,
        UpdateEvent::Restarting { in_ms: 500 },
    ] = &*told
    else {
        panic!("{told:?}");
    };
    let mut before = 0;
    for step in steps {
        let UpdateEvent::Progress {
            received,
            total: of,
        } = *step
        else {
            panic!("{told:?}");
        };
        assert!(received > before && of == total as u64);
        before = received;
    }
    assert_eq!(before, total as u64);
}

#[test]
fn what_was_read_in_part_is_not_compared_as_if_it_were_all() {
    let server = Server::small(Limits::DEFAULT);
    let body = "x".repeat(1600);
    let digest = format!("sha-256=:{}=:", "A".repeat(43));
    let head = format!(
        "POST /api/test/rest HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b\r\n\
         Content-Digest: {digest}\r\nContent-Length: 1600\r\n\r\n"
    );
    let mut client = Client::new(&server);
    client.send(head);
    client.send(&body);
    let response = client.response();
    assert_eq!((response.status, response.body.len()), (200, 100));
}
