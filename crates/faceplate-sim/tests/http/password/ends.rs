//! Another password ends what was let in by the one before, also what is under way.

use faceplate_http::password::Verifier;

use super::{Password, Session, basic, built_in, login, random, send, verifier, with};
use crate::{
    board::Frontend,
    client::{Client, command_text, get, status, upload_head},
    frame::{read, request},
    server::Server,
};

/// By somebody else, while all else goes on.
fn change(server: &Server) {
    let mut other = login(server);
    assert_eq!(other.change(server, verifier("another")).status, 200);
}

fn signed_target(session: &mut Session, path: &str) -> String {
    let header = session.header("GET", path, "");
    let text = header.trim_end().rsplit(' ').next().unwrap().to_owned();
    format!("{path}?auth={text}")
}

#[test]
fn sockets_and_events_end_with_the_password_that_opened_them() {
    let server = with(|| {
        Password::new(random)
            .built_in(verifier(super::PASSWORD))
            .reading()
    });
    let mut session = login(&server);
    let target = signed_target(&mut session, "/api/test/socket");
    let mut socket = Client::new(&server);
    socket.send(request().replace("/api/test/socket", &target));
    assert_eq!(socket.begun().status, 101);
    let target = signed_target(&mut session, "/api/test/events");
    let mut events = Client::new(&server);
    events.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_eq!(events.begun().status, 200);
    assert!(events.chunk().starts_with(b"event: hello"));
    server.wait_for_live(2);
    change(&server);
    // 1008: not allowed any more.
    assert_eq!(read(&mut socket), (0x88, vec![0x03, 0xf0]));
    events.chunks();
    server.wait_for_live(0);
}

#[test]
fn an_upload_under_way_is_not_switched_to() {
    let server = built_in();
    let mut session = login(&server);
    let image = Frontend::new("two", 16).image;
    let header = session.header("POST", "/api/ota/frontend", "");
    let mut client = Client::new(&server);
    client.send(upload_head("", image.len(), &header));
    let (first, rest) = image.split_at(image.len() / 2);
    client.send(first);
    while status(&server)["upload"].is_null() {}
    change(&server);
    client.send(rest);
    assert_eq!(client.response().problem().1, "session-over");
    assert_eq!(server.restarts_in(), None);
    assert_eq!(status(&server)["active"], 0);
}

#[test]
fn a_command_whose_body_comes_late_is_not_carried_out() {
    for (name, body) in [
        ("ota/confirm", "{}"),
        ("ota/rollback", "{}"),
        ("wifi", r#"{"ssid":"x","pass":""}"#),
        ("wifi/networks", "{}"),
    ] {
        let server = built_in();
        let mut session = login(&server);
        let text = command_text("", body).replace("ota/", name);
        let header = session.header("POST", &format!("/api/{name}"), "");
        let text = text.replace("Host:", &format!("{header}Host:"));
        let (head, late) = text.split_at(text.len() - 1);
        let mut client = Client::new(&server);
        client.send(head);
        // It was looked at: others are served by now.
        status(&server);
        change(&server);
        client.send(late);
        assert_eq!(client.response().problem().1, "session-over", "{name}");
    }
}

#[test]
fn a_request_for_a_route_whose_body_comes_late_is_not_carried_out() {
    for path in ["/api/test/value", "/api/test/text"] {
        let server = built_in();
        let mut session = login(&server);
        let (method, body) = match path {
            "/api/test/value" => ("PUT", r#"{"number":7,"on":true}"#),
            _ => ("POST", r#"{"text":"late"}"#),
        };
        let header = session.header(method, path, "");
        let length = body.len();
        let (head, late) = body.split_at(4);
        let mut client = Client::new(&server);
        client.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{header}\
             Content-Length: {length}\r\n\r\n{head}"
        ));
        status(&server);
        let before = get(&server, "/api/test/value").body;
        change(&server);
        // However soon it comes then.
        client.send(late);
        assert_eq!(client.response().problem().1, "session-over", "{path}");
        assert_eq!(get(&server, "/api/test/value").body, before);
    }
}

#[test]
fn a_change_whose_session_made_room_meanwhile_is_not_carried_out() {
    let server = built_in();
    let mut session = login(&server);
    let (id, masked) = (&session.id, session.key.mask(verifier("another")));
    let body = format!(r#"{{"session":"{id}","masked":"{masked}"}}"#);
    let header = session.header("PUT", "/api/ota/password", "");
    let length = body.len();
    let (first, rest) = body.split_at(10);
    let mut client = Client::new(&server);
    client.send(format!(
        "PUT /api/ota/password HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{header}\
         Content-Length: {length}\r\n\r\n{first}"
    ));
    status(&server);
    for _ in 0..8 {
        login(&server);
    }
    client.send(rest);
    assert_eq!(client.response().problem().1, "session-over");
    login(&server);
}

#[test]
fn a_plain_password_that_was_changed_while_it_was_stretched_is_wrong() {
    let server = with(|| {
        let slow = Verifier::of(super::PASSWORD, [1; 16], 1_000_000).unwrap();
        Password::new(random).built_in(slow)
    });
    let mut client = Client::new(&server);
    let header = basic(super::PASSWORD);
    client.send(format!(
        "POST /api/test/echo HTTP/1.1\r\nHost: localhost\r\n{header}Content-Type: a/b\r\n\
         Content-Length: 1\r\n\r\nx"
    ));
    status(&server);
    server.ask(|device| {
        let password = device.app.password.get().unwrap();
        password.set(&device.engine, verifier("another")).unwrap();
    });
    assert_eq!(client.response().problem().1, "wrong-password");
}

#[test]
fn what_needs_no_password_goes_on_without() {
    let server = with(|| Password::new(random));
    let body = format!(r#"{{"verifier":"{}"}}"#, verifier(super::PASSWORD));
    let set = send(&server, "PUT", "/api/ota/password", "", &body);
    assert_eq!(set.status, 204);
    let mut events = Client::new(&server);
    events.send("GET /api/test/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(events.begun().status, 200);
    assert!(events.chunk().starts_with(b"event: hello"));
    change(&server);
    // It ends, too, and comes again: nobody needs to know by what it was opened.
    events.chunks();
    server.wait_for_live(0);
    let mut events = Client::new(&server);
    events.send("GET /api/test/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(events.begun().status, 200);
}
