//! What may happen on one connection: requests in turn and in a row, bad heads, slow clients.

use std::{
    thread,
    time::{Duration, Instant},
};

use faceplate_http::{
    Limits,
    limits::{RECEIVE_BUFFER, TARGET_MAX},
};

use crate::{
    board::{Board, Frontend},
    client::{Client, command_text, get, upload_head},
    server::Server,
};

const STYLE: &str = "GET /assets/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn server() -> Server {
    with_limits(Limits::DEFAULT)
}

fn with_limits(limits: Limits) -> Server {
    Server::with_limits(limits, || Board::with(&Frontend::new("one", 64)))
}

fn style() -> Vec<u8> {
    Frontend::new("one", 64).files["assets/style.css"].clone()
}

#[test]
fn a_connection_answers_one_request_after_another() {
    let server = server();
    let mut client = Client::new(&server);
    for _ in 0..10 {
        client.send(STYLE);
        let response = client.response();
        assert_eq!((response.status, &response.body), (200, &style()));
        assert_eq!(response.header("connection"), None);
        client.send("GET /missing.js HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(client.response().status, 404);
        client.send(command_text("confirm", "{}"));
        assert_eq!(client.response().status, 409);
    }
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let server = server();
    let one = Frontend::new("one", 64);
    let mut client = Client::new(&server);
    let row = format!(
        "{STYLE}HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n{}\r\nGET /assets/app.js HTTP/1.1\r\n\
         Host: localhost\r\n\r\n{}{STYLE}",
        command_text("confirm", "{ }"),
        "GET /api/ota/status HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(20),
    );
    client.send(row);
    assert_eq!(client.response().body, style());
    assert_eq!(client.response_to_head().status, 200);
    assert_eq!(client.response().status, 409);
    assert_eq!(client.response().body, one.files["assets/app.js"]);
    for _ in 0..20 {
        assert_eq!(client.response().json()["active"], 0);
    }
    assert_eq!(client.response().body, style());
}

#[test]
fn an_upload_in_a_row_of_requests_takes_its_bytes_and_no_more() {
    let server = server();
    let mut damaged = Frontend::new("two", 16).image;
    let at = damaged.len() - 4096;
    damaged[at..].fill(0x5a);
    let mut client = Client::new(&server);
    client.send(STYLE);
    client.send(upload_head("", damaged.len(), ""));
    client.try_send(&damaged);
    client.try_send(STYLE.as_bytes());
    assert_eq!(client.response().status, 200);
    let refused = client.response();
    assert_eq!(
        (refused.status, refused.header("connection")),
        (422, Some("close"))
    );
    assert!(client.is_closed());
}

#[test]
fn a_connection_ends_when_the_client_says_so() {
    let server = server();
    for text in [
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: x, CLOSE\r\n\r\n",
    ] {
        let mut client = Client::new(&server);
        client.send(text);
        client.send(STYLE);
        let response = client.response();
        assert_eq!(
            (response.status, response.header("connection")),
            (200, Some("close")),
            "{text}"
        );
        assert!(client.is_closed(), "{text}");
    }
}

#[test]
fn a_connection_ends_after_so_many_requests() {
    let server = with_limits(Limits {
        requests: 3,
        ..Limits::DEFAULT
    });
    let mut client = Client::new(&server);
    client.send(STYLE.repeat(5));
    assert_eq!(client.response().header("connection"), None);
    assert_eq!(client.response().header("connection"), None);
    assert_eq!(client.response().header("connection"), Some("close"));
    assert!(client.is_closed());
}

#[test]
fn a_connection_ends_after_so_long() {
    let server = with_limits(Limits {
        connection_ms: 300,
        ..Limits::DEFAULT
    });
    let mut client = Client::new(&server);
    client.send(STYLE);
    assert_eq!(client.response().header("connection"), None);
    thread::sleep(Duration::from_millis(400));
    client.send(STYLE);
    assert_eq!(client.response().header("connection"), Some("close"));
    assert!(client.is_closed());
}

#[test]
fn a_body_that_nobody_wants_is_not_taken_for_a_request() {
    let server = server();
    let inner = "GET /api/ota/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let length = inner.len();
    for head in [
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"),
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
        format!("PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"),
        format!("POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"),
        format!(
            "POST /api/ota/confirm HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        ),
    ] {
        let mut client = Client::new(&server);
        client.send(format!("{head}{inner}{inner}"));
        let response = client.response();
        assert_eq!(response.header("connection"), Some("close"), "{head}");
        assert!(client.is_closed(), "{head}");
    }
}

#[test]
fn a_bad_head_is_answered_once_and_ends_the_connection() {
    let server = server();
    let post = |fields: &str| {
        format!(
            "POST /api/ota/confirm HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             {fields}\r\n"
        )
    };
    let long = |n: usize| "x".repeat(n);
    for (text, status) in [
        (post("Content-Length: +2\r\n"), 400),
        (post("Content-Length: -1\r\n"), 400),
        (post("Content-Length: 2, 2\r\n"), 400),
        (post("Content-Length: 2\r\nContent-Length: 2\r\n"), 400),
        (post("Content-Length: 2\r\nContent-Length: 3\r\n"), 400),
        (post("Content-Length: 99999999999999999999\r\n"), 400),
        (post("Content-Length: abc\r\n"), 400),
        (
            post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
            400,
        ),
        (post("Content-Length : 2\r\n"), 400),
        (post("Content-Length: 2\r\nX: a\r\n b\r\n"), 400),
        (post("Content-Length: 2\r\nX: a\rb\r\n"), 400),
        (post("Content-Length: 2\r\nX: a\0b\r\n"), 400),
        (post("Content-Length: 2\r\nX: a\nb: c\r\n"), 400),
        ("GET / HTTP/1.1\nHost: localhost\n\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\u{2}\0".to_owned(), 400),
        ("GET /\r\n\r\n".to_owned(), 400),
        (
            "GET / HTTP/1.1 x\r\nHost: localhost\r\n\r\n".to_owned(),
            400,
        ),
        ("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n".to_owned(), 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
        (
            format!(
                "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
                long(TARGET_MAX)
            ),
            414,
        ),
        (format!("GET /{}", long(RECEIVE_BUFFER)), 414),
        (
            format!(
                "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
                long(RECEIVE_BUFFER)
            ),
            431,
        ),
        (format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(400)), 431),
    ] {
        let mut client = Client::new(&server);
        client.send(&text);
        client.try_send(STYLE.as_bytes());
        let response = client.response();
        assert_eq!(response.status, status, "{text:?}");
        response.problem();
        assert_eq!(response.header("connection"), Some("close"), "{text:?}");
        assert!(client.is_closed(), "{text:?}");
    }
}

#[test]
fn a_head_may_come_byte_by_byte() {
    let server = server();
    let mut client = Client::new(&server);
    for byte in STYLE.as_bytes() {
        client.send([*byte]);
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.response().body, style());
}

#[test]
fn a_head_that_trickles_is_given_up() {
    let server = with_limits(Limits {
        head_ms: 500,
        ..Limits::DEFAULT
    });
    let mut client = Client::new(&server);
    let mut writer = client.stream.try_clone().unwrap();
    let start = Instant::now();
    let trickle = thread::spawn(move || {
        use std::io::Write;
        let long = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(500));
        for byte in long.into_bytes() {
            if writer.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(get(&server, "/").status, 200);
    assert_eq!(client.response().problem(), (408, "stalled".to_owned()));
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(client);
    trickle.join().unwrap();
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let server = with_limits(Limits {
        idle_ms: 1_000,
        next_idle_ms: 500,
        ..Limits::DEFAULT
    });
    let mut fresh = Client::new(&server);
    assert!(fresh.is_closed());
    let mut used = Client::new(&server);
    used.send(STYLE);
    assert_eq!(used.response().status, 200);
    assert!(used.is_closed());
}

#[test]
fn a_connection_stays_for_a_while() {
    let server = server();
    let mut client = Client::new(&server);
    client.send(STYLE);
    assert_eq!(client.response().status, 200);
    assert!(client.is_silent(Duration::from_millis(300)));
    client.send(STYLE);
    assert_eq!(client.response().status, 200);
}

#[test]
fn a_client_that_does_not_read_is_given_up_and_others_are_served() {
    let server = with_limits(Limits {
        write_stall_ms: 500,
        ..Limits::DEFAULT
    });
    let mut client = Client::new(&server);
    // Far more answers than the buffers of both sockets hold.
    let requests = "GET /assets/app.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(400);
    client.try_send(requests.as_bytes());
    assert_eq!(get(&server, "/assets/style.css").body, style());
    thread::sleep(Duration::from_millis(1500));
    let mut received = 0;
    use std::io::Read;
    let mut chunk = vec![0; 1 << 16];
    while let Ok(n @ 1..) = client.stream.read(&mut chunk) {
        received += n;
    }
    let all = 400 * Frontend::new("one", 64).files["assets/app.js"].len();
    assert!(received < all, "{received} of {all} bytes came");
}

#[test]
fn an_answer_that_trickles_out_is_given_up_too() {
    let limits = Limits {
        grace_ms: 300,
        min_rate: 1 << 30,
        ..Limits::DEFAULT
    };
    let server = with_limits(limits);
    let mut client = Client::new(&server);
    let requests = "GET /assets/app.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(400);
    client.try_send(requests.as_bytes());
    thread::sleep(Duration::from_millis(1000));
    let mut received = 0;
    use std::io::Read;
    let mut chunk = vec![0; 1 << 16];
    while let Ok(n @ 1..) = client.stream.read(&mut chunk) {
        received += n;
    }
    let all = 400 * Frontend::new("one", 64).files["assets/app.js"].len();
    assert!(received < all, "{received} of {all} bytes came");
}
