//! Server-sent events: how they are framed, kept alive and ended.

use std::{net::Shutdown, time::Instant};

use faceplate_http::Limits;

use crate::{
    app::numbers,
    client::{Client, PATIENCE},
    server::{IMPATIENT, Server, beat},
};

fn server() -> Server {
    Server::small(Limits::DEFAULT)
}

fn open(server: &Server, path: &str) -> Client {
    let mut client = Client::new(server);
    client.send(format!(
        "GET /api/test/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    let head = client.begun();
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!(head.header("cache-control"), Some("no-store"));
    assert_eq!(head.header("transfer-encoding"), Some("chunked"));
    assert_eq!(head.header("content-length"), None);
    client
}

const HELLO: &[u8] = b"event: hello\ndata: two\ndata: lines\n\n";
const FIRST: &[u8] = b"event: value\ndata: {\"number\":0,\"on\":false}\n\n";

#[test]
fn each_event_is_a_chunk() {
    let server = server();
    let mut client = open(&server, "events");
    assert_eq!(client.chunk(), HELLO);
    assert_eq!(client.chunk(), FIRST);
    for number in [7, 8] {
        server.ask(move |device| device.app.set(number));
        let want = format!("event: value\ndata: {{\"number\":{number},\"on\":false}}\n\n");
        assert_eq!(client.chunk(), want.as_bytes());
    }
    assert_eq!(server.ask(|device| device.app.asked.take().len()), 1);
}

#[test]
fn an_old_client_gets_them_without_chunks() {
    let server = server();
    let mut client = Client::new(&server);
    client.send("GET /api/test/events HTTP/1.0\r\n\r\n");
    let head = client.begun();
    assert_eq!(head.header("transfer-encoding"), None);
    assert_eq!(head.header("connection"), Some("close"));
    assert_eq!(client.bytes(HELLO.len()), HELLO);
    assert_eq!(client.bytes(FIRST.len()), FIRST);
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert!(client.is_closed());
}

#[test]
fn who_asks_for_the_head_alone_gets_it_and_takes_no_place() {
    let server = server();
    let mut client = Client::new(&server);
    client.send("HEAD /api/test/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let head = client.response_to_head();
    assert_eq!(
        (head.status, head.header("content-type")),
        (200, Some("text/event-stream"))
    );
    assert!(client.is_closed());
    server.wait_for_live(0);
}

#[test]
fn a_silent_stream_is_kept_alive_however_often_its_handler_wakes() {
    let server = Server::small(beat(40));
    let mut idle = open(&server, "idle");
    let mut client = open(&server, "events");
    assert_eq!([client.chunk(), client.chunk()], [HELLO, FIRST]);
    for _ in 0..3 {
        assert_eq!(idle.chunk(), b":\n\n");
        assert_eq!(client.chunk(), b":\n\n");
    }
    server.ask(|device| device.app.set(7));
    while client.chunk() == b":\n\n" {}
}

#[test]
fn what_a_client_says_meanwhile_does_not_matter() {
    let server = server();
    let mut client = open(&server, "events");
    assert_eq!([client.chunk(), client.chunk()], [HELLO, FIRST]);
    client.send([b'x'; 10_000]);
    server.ask(|device| device.app.set(7));
    assert!(client.chunk().starts_with(b"event: value"));
    server.wait_for_live(1);
}

#[test]
fn who_goes_away_frees_the_place_at_once() {
    // No sign of life is sent meanwhile, so it is the end of the connection that is seen.
    let server = server();
    for _ in 0..10 {
        let client = open(&server, "events");
        server.wait_for_live(1);
        drop(client);
        server.wait_for_live(0);
    }
    // Half of a connection is none.
    let mut client = open(&server, "events");
    assert_eq!([client.chunk(), client.chunk()], [HELLO, FIRST]);
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.chunk(), b"");
    assert!(client.is_closed());
    server.wait_for_live(0);
}

#[test]
fn news_that_are_always_there_do_not_hide_that_the_client_goes_away() {
    let server = server();
    let mut client = open(&server, "always");
    assert_eq!(client.chunk(), b"data: x\n\n");
    // It takes all that it is sent: only the end of its own half can be seen.
    client.stream.shutdown(Shutdown::Write).unwrap();
    let end = Instant::now() + PATIENCE;
    while !client.chunk().is_empty() {
        assert!(Instant::now() < end, "it was never seen");
    }
    assert!(client.is_closed());
    server.wait_for_live(0);
}

#[test]
fn what_json_cannot_say_is_not_sent_and_what_is_long_is() {
    let server = server();
    let mut client = open(&server, "json-events");
    assert_eq!(client.chunk(), b"data: unsayable\n\n");
    let numbers = serde_json::to_string(&numbers()).unwrap();
    let event = format!("event: numbers\ndata: {numbers}\n\n");
    assert_eq!(client.chunk(), event.as_bytes());
    server.wait_for_live(1);
}

#[test]
fn a_slow_reader_is_let_go() {
    let server = Server::small(IMPATIENT);
    let mut client = open(&server, "flood");
    server.wait_for_live(1);
    // It reads nothing now.
    server.wait_for_live(0);
    let text = client.rest();
    assert!(text.len() > 10_000);
    assert!(
        !text.ends_with("\r\n0\r\n\r\n"),
        "it was let go in the middle"
    );
}

#[test]
fn nothing_comes_behind_what_was_dropped_half_way() {
    let server = server();
    for (path, torn) in [("torn-events", 1), ("torn", 2)] {
        let mut client = Client::new(&server);
        client.send(format!(
            "GET /api/test/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ));
        assert_eq!(client.begun().status, 200);
        // It reads nothing until the device has given up.
        let end = Instant::now() + PATIENCE;
        while server.ask(|device| device.app.torn.get()) < torn {
            assert!(Instant::now() < end, "{path}");
            std::thread::yield_now();
        }
        let text = client.rest();
        assert!(text.ends_with('x'), "{path}: {}", &text[text.len() - 20..]);
    }
}
