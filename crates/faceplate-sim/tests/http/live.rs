//! Live connections together: their count, what goes on beside them, and how a restart ends them.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use embedded_io_async::{ErrorType, Read, Write};
use faceplate_http::Limits;

use crate::{
    board::Frontend,
    client::{Client, PATIENCE, ask, command, get, status, upload, upload_head},
    frame::{self, CLOSE, TEXT, UPGRADE},
    server::Server,
};

const TWO: Limits = Limits {
    live: 2,
    ..Limits::DEFAULT
};

const EVENTS: &str = "GET /api/test/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Events, up to the first that nothing is waited for.
fn events(server: &Server) -> Client {
    let mut client = Client::new(server);
    client.send(EVENTS);
    assert_eq!(client.begun().status, 200);
    assert!(client.chunk().starts_with(b"event: hello"));
    assert!(client.chunk().starts_with(b"event: value"));
    client
}

#[test]
fn when_all_are_taken_everything_else_goes_on() {
    let server = Server::small(TWO);
    let mut stream = events(&server);
    let mut socket = frame::open(&server);
    // None of these takes a place, or leaks one.
    for _ in 0..10 {
        for (line, headers) in [
            ("GET /api/test/events", ""),
            ("GET /api/test/socket", UPGRADE),
        ] {
            let refused = ask(&server, line, headers);
            assert_eq!(
                refused.problem(),
                (503, "too-many-live".to_owned()),
                "{line}"
            );
            assert_eq!(refused.header("retry-after"), Some("5"));
            let foreign = format!("Origin: http://evil.example\r\n{headers}");
            assert_eq!(ask(&server, line, &foreign).status, 403);
        }
        assert_eq!(ask(&server, "HEAD /api/test/events", "").status, 503);
        assert_eq!(get(&server, "/api/test/socket").status, 426);
        server.wait_for_live(2);
    }
    assert_eq!(get(&server, "/").status, 200);
    assert_eq!(get(&server, "/api/test/value").status, 200);
    server.ask(|device| device.app.set(7));
    assert_eq!(
        stream.chunk(),
        b"event: value\ndata: {\"number\":7,\"on\":false}\n\n"
    );
    assert_eq!(
        frame::read(&mut socket),
        (TEXT, br#"{"number":7,"on":false}"#.to_vec())
    );
    drop(stream);
    server.wait_for_live(1);
    let second = frame::open(&server);
    assert_eq!(ask(&server, "GET /api/test/events", "").status, 503);
    drop((socket, second));
    server.wait_for_live(0);
}

/// Waits until it is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_upload_completes_while_all_places_stay_taken() {
    let server = Server::small(TWO);
    let (mut stream, mut socket) = (events(&server), frame::open(&server));
    let image = Frontend::new("two", 64).image;
    let (first, rest) = image.split_at(image.len() / 2);
    let mut client = Client::new(&server);
    client.send(upload_head("", image.len(), ""));
    client.send(first);
    wait_until("an upload", || !status(&server)["upload"].is_null());
    // In the middle of it both are heard, and there is no place for another.
    server.ask(|device| device.app.set(7));
    assert!(stream.chunk().starts_with(b"event: value"));
    assert_eq!(frame::read(&mut socket).0, TEXT);
    assert_eq!(ask(&server, "GET /api/test/events", "").status, 503);
    client.send(rest);
    assert_eq!(client.response().status, 200);
    // It is the restart that ends them.
    assert!(stream.chunk().is_empty());
    assert_eq!(frame::read(&mut socket).0, CLOSE);
}

/// Both kinds end as they should, before the restart.
fn assert_restart_ends_live(server: &Server, change: impl FnOnce()) {
    let mut stream = events(server);
    let mut socket = frame::open(server);
    change();
    assert!(stream.chunk().is_empty(), "the last chunk");
    assert!(stream.is_closed());
    assert_eq!(
        frame::read(&mut socket),
        (CLOSE, 1012_u16.to_be_bytes().to_vec())
    );
    // The client's answer is awaited, within limits.
    socket.send(frame::close(1012, b""));
    assert!(socket.is_closed());
    server.wait_for_live(0);
    assert!(server.ask(|device| device.reboot.get().is_some()));
}

#[test]
fn an_upload_ends_them_before_the_restart() {
    let server = Server::small(Limits::DEFAULT);
    let image = Frontend::new("two", 16).image;
    assert_restart_ends_live(&server, || {
        assert_eq!(upload(&server, "", &image, "").status, 200);
    });
    // And going back does.
    let server = server.rebooted();
    assert_restart_ends_live(&server, || {
        assert_eq!(command(&server, "rollback", "{}").status, 202);
    });
}

#[test]
fn an_upload_that_fails_ends_none() {
    let server = Server::small(Limits::DEFAULT);
    let mut stream = events(&server);
    assert_eq!(upload(&server, "", b"no image", "").status, 422);
    server.ask(|device| device.app.set(7));
    assert!(stream.chunk().starts_with(b"event: value"));
}

/// A client that says one thing, and stays.
struct Says(Vec<u8>);

impl ErrorType for Says {
    type Error = Infallible;
}

impl Read for Says {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        if self.0.is_empty() {
            return pending().await;
        }
        let n = buf.len().min(self.0.len());
        buf[..n].copy_from_slice(&self.0[..n]);
        self.0.drain(..n);
        Ok(n)
    }
}

/// A network that takes all, and while it is slow does not say that it has it.
#[derive(Clone, Default)]
struct Slow {
    out: Arc<Mutex<Vec<u8>>>,
    is_slow: Arc<AtomicBool>,
}

impl ErrorType for Slow {
    type Error = Infallible;
}

impl Write for Slow {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.out.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        while self.is_slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

impl Slow {
    fn wait_for(&self, end: &[u8]) {
        let what = end.escape_ascii().to_string();
        wait_until(&what, || self.out.lock().unwrap().ends_with(end));
    }
}

#[test]
fn a_restart_ends_those_whose_last_word_the_network_does_not_have_yet() {
    let socket = frame::request();
    for (request, begun, news, end) in [
        (
            EVENTS,
            &b"\"on\":false}\n\n\r\n"[..],
            &b"\"number\":7,\"on\":false}\n\n\r\n"[..],
            &b"0\r\n\r\n"[..],
        ),
        (
            &*socket,
            &b"\r\n\r\n"[..],
            &b"\x81\x17{\"number\":7,\"on\":false}"[..],
            &b"\x88\x02\x03\xf4"[..],
        ),
    ] {
        let server = Server::small(Limits::DEFAULT);
        let network = Slow::default();
        server.connect(Says(request.into()), network.clone());
        network.wait_for(begun);
        // When this is done the handler waits for news.
        server.wait_for_live(1);
        network.is_slow.store(true, Ordering::SeqCst);
        server.ask(|device| device.app.set(7));
        network.wait_for(news);
        let image = Frontend::new("two", 16).image;
        assert_eq!(upload(&server, "", &image, "").status, 200);
        // Its handler waits still: it is dropped, and the end comes behind what it sent.
        network.wait_for(&[news, end].concat());
        network.is_slow.store(false, Ordering::SeqCst);
        server.wait_for_live(0);
    }
}
