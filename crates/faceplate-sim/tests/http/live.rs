//! Live connections together: their count, what goes on beside them, and how a restart ends them.

use faceplate_http::Limits;

use crate::{
    board::{Board, Frontend},
    client::{Client, ask, command, get, upload},
    frame::{self, CLOSE, TEXT, UPGRADE},
    server::Server,
};

const TWO: Limits = Limits {
    live: 2,
    ..Limits::DEFAULT
};

fn with(limits: Limits) -> Server {
    Server::with_limits(limits, || Board::with(&Frontend::new("one", 16)))
}

/// Events, up to the first that nothing is waited for.
fn events(server: &Server) -> Client {
    let mut client = Client::new(server);
    client.send("GET /api/test/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(client.begun().status, 200);
    assert!(client.chunk().starts_with(b"event: hello"));
    assert!(client.chunk().starts_with(b"event: value"));
    client
}

#[test]
fn when_all_are_taken_everything_else_goes_on() {
    let server = with(TWO);
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
    let (_one, _two) = (events(&server), events(&server));
    let image = Frontend::new("two", 16).image;
    assert_eq!(upload(&server, "", &image, "").status, 200);
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
    let server = with(Limits::DEFAULT);
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
    let server = with(Limits::DEFAULT);
    let mut stream = events(&server);
    assert_eq!(upload(&server, "", b"no image", "").status, 422);
    server.ask(|device| device.app.set(7));
    assert!(stream.chunk().starts_with(b"event: value"));
}
