//! The device's password: what needs it, who gets in, and what those get who listen or guess.

mod ends;
mod known;
mod masked;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use faceplate::EspNvs;
use faceplate_http::{
    Limits,
    password::{Login, Password, SessionKey, Ticket, Verifier},
};
use faceplate_sim::flash::{Cut, Fault};
use sha2::{Digest, Sha256};

use crate::{
    board::{Board, Frontend},
    client::{Client, Response, ask, command, get, status, upload},
    frame::{read, request},
    server::Server,
};

const PASSWORD: &str = "correct horse";
/// Fewer than a device has, since the tests are many; as few as are taken.
const ITERATIONS: u32 = 4096;

/// Other bytes each time; guessing them is nobody's aim here.
fn random(bytes: &mut [u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    for byte in bytes {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        *byte = Sha256::digest(next.to_le_bytes())[0];
    }
}

fn verifier(password: &str) -> Verifier {
    Verifier::of(password, *b"salt of the test", ITERATIONS).unwrap()
}

/// A device whose firmware was built with the password.
fn built_in() -> Server {
    with(|| Password::new(random).built_in(verifier(PASSWORD)))
}

fn with(make: impl FnOnce() -> Password + Send + 'static) -> Server {
    let server = Server::small(Limits::DEFAULT);
    set_up(&server, make);
    server
}

fn set_up(server: &Server, make: impl FnOnce() -> Password + Send + 'static) {
    server.ask(|device| assert!(device.app.password.set(make()).is_ok()));
}

fn skip(server: &Server, ms: u64) {
    server.ask(move |device| device.skipped_ms.set(device.skipped_ms.get() + ms));
}

/// A request on a connection of its own; `headers` end with a line's end.
fn send(server: &Server, method: &str, target: &str, headers: &str, body: &str) -> Response {
    let mut client = Client::new(server);
    let length = match (method, body) {
        ("GET" | "HEAD", "") => String::new(),
        _ => format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ),
    };
    client.send(format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n{body}"
    ));
    if method == "HEAD" {
        client.response_to_head()
    } else {
        client.response()
    }
}

fn basic(password: &str) -> String {
    // Longer than any test's.
    let mut text = [0; 1024];
    let plain = format!("somebody:{password}");
    let text = base64(plain.as_bytes(), &mut text);
    format!("Authorization: Basic {text}\r\n")
}

/// Of another make than the device's.
fn base64<'t>(bytes: &[u8], text: &'t mut [u8]) -> &'t str {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut len = 0;
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            text[len] = match at <= chunk.len() {
                true => DIGITS[(bits >> (18 - 6 * at) & 63) as usize],
                false => b'=',
            };
            len += 1;
        }
    }
    str::from_utf8(&text[..len]).unwrap()
}

/// A client that is logged in.
struct Session {
    id: String,
    key: SessionKey,
    number: u64,
    ticket: Ticket,
}

impl Session {
    fn header(&mut self, method: &str, target: &str, digest: &str) -> String {
        self.number += 1;
        let text = self.key.sign(&self.id, self.number, method, target, digest);
        format!("Authorization: Faceplate {text}\r\n")
    }

    fn send(&mut self, server: &Server, method: &str, target: &str, body: &str) -> Response {
        let header = self.header(method, target, "");
        send(server, method, target, &header, body)
    }

    /// Asks for another password, masked.
    fn change(&mut self, server: &Server, verifier: Verifier) -> Response {
        let (id, masked) = (&self.id, self.key.mask(verifier));
        let body = format!(r#"{{"session":"{id}","masked":"{masked}"}}"#);
        let response = self.send(server, "PUT", "/api/ota/password", &body);
        if response.status == 200 {
            let told = response.json();
            let ticket = told["ticket"].as_str().unwrap();
            self.ticket = self.key.new_ticket(&self.id, ticket).unwrap();
        }
        response
    }
}

/// What a login is asked with, and its answer.
fn try_login(server: &Server, password: &str) -> Result<Session, (u16, String)> {
    log_in(server, password, None)
}

/// The same, by a ticket.
fn log_in(
    server: &Server,
    password: &str,
    ticket: Option<&Ticket>,
) -> Result<Session, (u16, String)> {
    let asked = get(server, "/api/ota/login").json();
    assert_eq!(asked["set"], true);
    let (salt, nonce) = (
        asked["salt"].as_str().unwrap(),
        asked["nonce"].as_str().unwrap(),
    );
    let iterations = asked["iterations"].as_u64().unwrap() as u32;
    let login = Login::stretch(password, salt, iterations).unwrap();
    let answer = login.answer("0123456789abcdef", nonce, ticket);
    let proof = answer.proof();
    let ticket = answer.ticket().map(|text| format!(r#","ticket":"{text}""#));
    let ticket = ticket.unwrap_or_default();
    let body =
        format!(r#"{{"nonce":"{nonce}","client":"0123456789abcdef","proof":"{proof}"{ticket}}}"#);
    let response = command(server, "login", &body);
    if response.status != 200 {
        return Err(response.problem());
    }
    let told = response.json();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let key = answer.key(&text("proof"));
    let key = key.expect("the device knows it, too");
    let id = text("session");
    Ok(Session {
        ticket: key.ticket(&id, &text("ticket")).unwrap(),
        id,
        key,
        number: 0,
    })
}

fn login(server: &Server) -> Session {
    try_login(server, PASSWORD).unwrap()
}

/// The body of a login that worked, as whoever listens has it.
fn heard_login(server: &Server) -> String {
    let asked = get(server, "/api/ota/login").json();
    let (salt, nonce) = (asked["salt"].as_str(), asked["nonce"].as_str().unwrap());
    let stretched = Login::stretch(PASSWORD, salt.unwrap(), ITERATIONS).unwrap();
    let answer = stretched.answer("aaaaaaaaaaaaaaaa", nonce, None);
    let proof = answer.proof();
    let body = format!(r#"{{"nonce":"{nonce}","client":"aaaaaaaaaaaaaaaa","proof":"{proof}"}}"#);
    assert_eq!(command(server, "login", &body).status, 200);
    body
}

/// Every change that there is: method, path, body.
const CHANGES: [(&str, &str, &str); 9] = [
    ("POST", "/api/ota/frontend", "x"),
    ("POST", "/api/ota/confirm", "{}"),
    ("POST", "/api/ota/rollback", "{}"),
    ("PUT", "/api/ota/password", "{}"),
    ("POST", "/api/wifi", r#"{"ssid":"x","pass":""}"#),
    ("POST", "/api/wifi/networks", "{}"),
    ("PUT", "/api/test/value", "{}"),
    ("POST", "/api/test/echo", "x"),
    ("POST", "/api/test/echo%20%C3%A4", "x"),
];

/// What tells about the device.
const READS: [&str; 4] = [
    "/api/ota/status",
    "/api/wifi",
    "/api/wifi/networks",
    "/api/test/value",
];

/// What is the same in every device, and where one logs in.
const OPEN: [&str; 6] = [
    "/",
    "/index.html",
    "/recovery",
    "/recovery/wifi",
    "/api/ota/login",
    "/api/ota/login.js",
];

#[test]
fn without_a_password_there_is_no_login() {
    let server = Server::small(Limits::DEFAULT);
    for (method, path) in [
        ("GET", "/api/ota/login"),
        ("POST", "/api/ota/login"),
        ("GET", "/api/ota/login.js"),
        ("PUT", "/api/ota/password"),
    ] {
        let response = send(&server, method, path, "", "");
        assert_eq!(response.problem(), (404, "not-found".into()), "{path}");
    }
}

#[test]
fn every_change_needs_it_and_nothing_is_touched_without() {
    let server = built_in();
    // The first login ever stores what tickets are made of.
    login(&server);
    let before = server.operations();
    for (method, path, body) in CHANGES {
        for headers in [
            "",
            "Authorization: Bearer x\r\n",
            "Expect: 100-continue\r\n",
        ] {
            let response = send(&server, method, path, headers, body);
            let needed = (401, "password-needed".to_owned());
            assert_eq!(response.problem(), needed, "{method} {path} {headers}");
            assert_eq!(response.header("www-authenticate"), Some("Faceplate"));
        }
        // In the query it is good for what can send no header.
        let mut session = login(&server);
        let header = session.header(method, path, "");
        let text = header.trim_end().rsplit(' ').next().unwrap();
        let response = send(&server, method, &format!("{path}?auth={text}"), "", body);
        assert_eq!(response.status, 401, "{method} {path}");
    }
    let socket = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let response = ask(&server, "GET /api/test/socket", socket);
    assert_eq!(response.problem(), (401, "password-needed".into()));
    for path in READS.iter().chain(&OPEN) {
        assert_eq!(get(&server, path).status, 200, "{path}");
    }
    assert_eq!(server.operations(), before);
    server.ask(|device| assert!(device.app.updates.borrow().is_empty()));
}

#[test]
fn reading_needs_it_where_the_firmware_says_so() {
    let server = with(|| Password::new(random).built_in(verifier(PASSWORD)).reading());
    for path in READS {
        for method in ["GET", "HEAD"] {
            assert_eq!(
                send(&server, method, path, "", "").status,
                401,
                "{method} {path}"
            );
        }
    }
    for path in OPEN {
        let (whole, head) = (get(&server, path), send(&server, "HEAD", path, "", ""));
        assert_eq!([whole.status, head.status], [200; 2], "{path}");
        let length = whole.body.len().to_string();
        assert_eq!(head.header("content-length"), Some(&*length), "{path}");
    }
    let mut session = login(&server);
    for path in READS {
        assert_eq!(session.send(&server, "GET", path, "").status, 200, "{path}");
    }
    // The login of the firmware itself comes after it.
    server.ask(|device| device.app.locked.set(true));
    let response = session.send(&server, "GET", "/api/test/value", "");
    assert_eq!(response.problem(), (401, "unauthorized".into()));
}

#[test]
fn who_knows_it_does_all_that_others_may_not() {
    let server = built_in();
    let mut session = login(&server);
    for (method, path, body, want) in [
        ("PUT", "/api/test/value", r#"{"number":7,"on":true}"#, 200),
        ("POST", "/api/test/echo", "x", 200),
        ("POST", "/api/test/echo%20%C3%A4", "x", 200),
        ("POST", "/api/ota/confirm?page", "{}", 409),
        ("POST", "/api/ota/rollback", "{}", 409),
    ] {
        let status = session.send(&server, method, path, body).status;
        assert_eq!(status, want, "{method} {path}");
    }
    let image = Frontend::new("two", 16).image;
    let mut digest = [0; 44];
    let digest = base64(&Sha256::digest(&image), &mut digest);
    let digest = format!("sha-256=:{digest}:");
    let header = session.header("POST", "/api/ota/frontend?confirm=client", &digest);
    let header = format!("{header}Content-Digest: {digest}\r\n");
    let response = upload(&server, "?confirm=client", &image, &header);
    assert_eq!(response.status, 200, "{}", response.body.escape_ascii());
    assert!(status(&server)["refused"].is_null());
}

#[test]
fn sockets_and_events_are_signed_in_their_address() {
    let server = with(|| Password::new(random).built_in(verifier(PASSWORD)).reading());
    let mut session = login(&server);
    let mut target = |path: &str| {
        let header = session.header("GET", path, "");
        let text = header.trim_end().rsplit(' ').next().unwrap().to_owned();
        let and = if path.contains('?') { '&' } else { '?' };
        format!("{path}{and}auth={text}")
    };
    for path in ["/api/test/events", "/api/test/events?since=1"] {
        let target = target(path);
        let mut client = Client::new(&server);
        client.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!(client.begun().status, 200, "{path}");
        assert!(client.chunk().starts_with(b"event: hello"));
        // Whoever reads the address somewhere can do nothing with it.
        assert_eq!(
            get(&server, &target).problem(),
            (401, "session-over".into())
        );
    }
    let target = target("/api/test/socket");
    let mut client = Client::new(&server);
    client.send(request().replace("/api/test/socket", &target));
    assert_eq!(client.begun().status, 101);
    client.send([0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
    assert_eq!(read(&mut client).1, b"hi");
}

#[test]
fn who_listens_can_use_nothing_again() {
    let server = built_in();
    let mut session = login(&server);
    let (path, body) = ("/api/test/echo", "x");
    let header = session.header("POST", path, "");
    assert_eq!(send(&server, "POST", path, &header, body).status, 200);
    let over = (401, "session-over".to_owned());
    // The same again, and for something else.
    assert_eq!(send(&server, "POST", path, &header, body).problem(), over);
    for (method, target, headers, why) in [
        ("PUT", "/api/test/value", "", "another path"),
        ("POST", "/api/test/echo?x", "", "a query"),
        ("POST", "/api/test/ech%6F", "", "another spelling"),
        (
            "POST",
            path,
            "Content-Digest: sha-256=:AA==:\r\n",
            "a digest",
        ),
    ] {
        // With a number that was not used.
        let header = session.header("POST", path, "");
        let response = send(&server, method, target, &format!("{header}{headers}"), body);
        assert_eq!(response.problem(), over, "{why}");
        // What was changed on the way does not take the number from who has signed it.
        assert_eq!(
            send(&server, "POST", path, &header, body).status,
            200,
            "{why}"
        );
    }
    let header = session.header("POST", path, "");
    let (before, after) = header.rsplit_once('.').unwrap();
    let (before, number) = before.rsplit_once('.').unwrap();
    let next = number.parse::<u64>().unwrap() + 1;
    for other in [
        format!("{before}.{next}.{after}"),
        format!(
            "{before}.{number}.{}",
            after.replace(['0', '1', '2', '3'], "4")
        ),
        format!(
            "{}.{number}.{after}",
            before.replace(['0', '1', '2', '3', '4'], "5")
        ),
        header.replace("Faceplate", "Faceplate  x"),
        format!("{header}{header}"),
    ] {
        let status = send(&server, "POST", path, &other, body).status;
        assert!([400, 401].contains(&status), "{other}: {status}");
    }
    // A little out of order is as networks are.
    let overtaken = session.header("POST", path, "");
    assert_eq!(session.send(&server, "POST", path, body).status, 200);
    assert_eq!(send(&server, "POST", path, &overtaken, body).status, 200);
    assert_eq!(
        send(&server, "POST", path, &overtaken, body).problem(),
        over
    );
    // It is told, and by whom it was is not.
    let told = status(&server)["refused"].clone();
    assert_eq!(told["last"], "session-over");
}

#[test]
fn a_login_that_was_heard_is_good_for_nothing() {
    let server = built_in();
    let asked = get(&server, "/api/ota/login").json();
    let nonce = asked["nonce"].as_str().unwrap();
    let stretched = Login::stretch(PASSWORD, asked["salt"].as_str().unwrap(), ITERATIONS).unwrap();
    let body = |nonce: &str, client: &str| {
        let proof = stretched.answer(client, nonce, None).proof().to_string();
        format!(r#"{{"nonce":"{nonce}","client":"{client}","proof":"{proof}"}}"#)
    };
    let heard = body(nonce, "aaaaaaaaaaaaaaaa");
    assert_eq!(command(&server, "login", &heard).status, 200);
    let stale = (409, "stale-nonce".to_owned());
    assert_eq!(command(&server, "login", &heard).problem(), stale);
    // Nor is it with another nonce, or a part of it changed.
    let other = get(&server, "/api/ota/login").json();
    let other = other["nonce"].as_str().unwrap();
    let wrong = (401, "wrong-password".to_owned());
    assert_eq!(
        command(&server, "login", &heard.replace(nonce, other)).problem(),
        wrong
    );
    let changed = heard.replace("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaab");
    let third = get(&server, "/api/ota/login").json();
    let third = third["nonce"].as_str().unwrap();
    assert_eq!(
        command(&server, "login", &changed.replace(nonce, third)).problem(),
        wrong
    );
    // An old one, and one of another device.
    skip(&server, 61_000);
    assert_eq!(
        command(&server, "login", &body(other, "bbbbbbbbbbbbbbbb")).problem(),
        stale
    );
    let elsewhere = get(&built_in(), "/api/ota/login").json();
    let elsewhere = elsewhere["nonce"].as_str().unwrap();
    assert_eq!(
        command(&server, "login", &body(elsewhere, "bbbbbbbbbbbbbbbb")).problem(),
        stale
    );
}

#[test]
fn wrong_passwords_are_slowed_and_counted_and_hold_up_nobody_who_is_logged_in() {
    let server = built_in();
    let mut session = login(&server);
    for _ in 0..5 {
        let wrong = try_login(&server, "another").err().unwrap();
        assert_eq!(wrong, (401, "wrong-password".into()));
    }
    // Also the right one has to wait now, by whatever way it comes.
    let slowed = (429, "too-many-attempts".to_owned());
    for _ in 0..100 {
        assert_eq!(try_login(&server, PASSWORD).err().unwrap(), slowed);
        let response = send(&server, "POST", "/api/test/echo", &basic(PASSWORD), "x");
        assert_eq!(response.problem(), slowed);
        assert_eq!(response.header("retry-after"), Some("1"));
        assert_eq!(
            session.send(&server, "POST", "/api/test/echo", "x").status,
            200
        );
    }
    let told = status(&server)["refused"].clone();
    assert_eq!(told["count"], 205);
    assert_eq!(told["last"], "too-many-attempts");
    skip(&server, 1000);
    assert_eq!(try_login(&server, "another").err().unwrap().0, 401);
    skip(&server, 1000);
    assert_eq!(try_login(&server, PASSWORD).err().unwrap(), slowed);
    skip(&server, 1000);
    login(&server);
    // Who knows it gives no free tries to who does not; only time does.
    assert_eq!(try_login(&server, "another").err().unwrap().0, 401);
    assert_eq!(try_login(&server, "another").err().unwrap(), slowed);
    skip(&server, 15 * 60_000);
    for _ in 0..4 {
        assert_eq!(try_login(&server, "another").err().unwrap().0, 401);
    }
    login(&server);
}

#[test]
fn a_plain_password_that_was_right_once_helps_nobody_to_guess() {
    let server = built_in();
    let post = |password: &str| send(&server, "POST", "/api/test/echo", &basic(password), "x");
    assert_eq!(post(PASSWORD).status, 200);
    for _ in 0..5 {
        assert_eq!(post("another").problem().1, "wrong-password");
    }
    // The right one looks like any other then.
    for password in ["another", PASSWORD, "a third"] {
        assert_eq!(
            post(password).problem().1,
            "too-many-attempts",
            "{password}"
        );
    }
    skip(&server, 1000);
    assert_eq!(post(PASSWORD).status, 200);
}

#[test]
fn a_login_that_was_heard_is_of_no_use_when_its_session_made_room() {
    let server = built_in();
    let heard = heard_login(&server);
    for _ in 0..20 {
        login(&server);
        assert_eq!(command(&server, "login", &heard).problem().1, "stale-nonce");
    }
    // Nor after a change, even to the same.
    let mut session = login(&server);
    assert_eq!(session.change(&server, verifier(PASSWORD)).status, 200);
    assert_eq!(command(&server, "login", &heard).problem().1, "stale-nonce");
    login(&server);
}

#[test]
fn many_may_log_in_at_once() {
    let server = built_in();
    let nonces: Vec<_> = (0..50)
        .map(|_| get(&server, "/api/ota/login").json()["nonce"].to_string())
        .collect();
    let mut different = nonces.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), nonces.len());
}

#[test]
fn leave_to_set_it_ends_when_somebody_else_has_set_it_meanwhile() {
    let server = with(|| Password::new(random));
    let body = |password: &str| format!(r#"{{"verifier":"{}"}}"#, verifier(password));
    let late = body("of the attacker");
    let mut client = Client::new(&server);
    let length = late.len();
    client.send(format!(
        "PUT /api/ota/password HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{}",
        &late[..10]
    ));
    // Its head was looked at: others are served by now.
    status(&server);
    assert_eq!(
        send(&server, "PUT", "/api/ota/password", "", &body(PASSWORD)).status,
        204
    );
    client.send(&late[10..]);
    assert_eq!(client.response().problem().1, "session-over");
    login(&server);
    // The same when a button has forgotten it meanwhile.
    let mut session = login(&server);
    let header = session.header("PUT", "/api/ota/password", "");
    let mut client = Client::new(&server);
    client.send(format!(
        "PUT /api/ota/password HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{header}\
         Content-Length: {length}\r\n\r\n{}",
        &late[..10]
    ));
    status(&server);
    server.ask(|device| {
        device
            .app
            .password
            .get()
            .unwrap()
            .reset(&device.engine)
            .unwrap()
    });
    client.send(&late[10..]);
    assert_eq!(client.response().problem().1, "session-over");
    assert_eq!(get(&server, "/api/ota/login").json()["set"], false);
}

#[test]
fn nonces_are_of_their_boot_also_where_it_is_set_before_anybody_asks() {
    let boot = || {
        let server = with(|| Password::new(random));
        server.ask(|device| {
            let password = device.app.password.get().unwrap();
            password.set(&device.engine, verifier(PASSWORD)).unwrap();
        });
        server
    };
    let first = boot();
    let heard = heard_login(&first);
    let second = boot();
    skip(&second, 5000);
    assert_eq!(command(&second, "login", &heard).problem().1, "stale-nonce");
}

#[test]
fn a_password_that_was_damaged_is_not_one_that_was_never_set() {
    let server = with(|| Password::new(random));
    let body = format!(r#"{{"verifier":"{}"}}"#, verifier(PASSWORD));
    assert_eq!(
        send(&server, "PUT", "/api/ota/password", "", &body).status,
        204
    );
    // Its bytes in the flash, and where they are.
    let stored = server.ask(|device| {
        let nvs = device.board.nvs();
        let all = device
            .board
            .flash
            .peek(nvs.offset, nvs.len as usize)
            .unwrap();
        let mut bytes = [0; 84];
        let read = device
            .engine
            .with_nvs(|nvs| faceplate::Nvs::get_blob(nvs, "pw", &mut bytes));
        assert!(read.unwrap());
        let at = all
            .windows(32)
            .position(|window| window == &bytes[20..52])
            .unwrap();
        nvs.offset + at as u32
    });
    server.ask(move |device| {
        let byte = device.board.flash.peek(stored, 1).unwrap()[0];
        device.board.flash.poke(stored, &[byte ^ 0x10]).unwrap();
    });
    for rows in [2, 3] {
        let server = server.rebooted();
        if rows == 3 {
            // A blob of another length, as of another firmware.
            server.ask(|device| {
                device
                    .engine
                    .with_nvs(|nvs| faceplate::Nvs::set_blob(nvs, "pw", &[7; 9]).unwrap());
            });
        }
        set_up(&server, || Password::new(random));
        for _ in 0..2 {
            let response = send(&server, "PUT", "/api/ota/password", "", &body);
            assert_eq!(response.problem(), (500, "nvs-fault".into()), "{rows}");
        }
        assert_eq!(send(&server, "POST", "/api/test/echo", "", "x").status, 500);
        assert_eq!(get(&server, "/api/ota/login").status, 500);
        // The button helps.
        server.ask(|device| {
            device
                .app
                .password
                .get()
                .unwrap()
                .reset(&device.engine)
                .unwrap()
        });
        assert_eq!(
            send(&server, "PUT", "/api/ota/password", "", &body).status,
            204
        );
        login(&server);
    }
}

#[test]
fn ten_thousand_guesses_get_in_nowhere() {
    let server = built_in();
    let before = server.operations();
    let mut random = 1_u64;
    let mut next = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        random >> 33
    };
    let mut client = Client::new(&server);
    let mut statuses = [0; 600];
    for guess in 0..10_000 {
        let header = match next() % 5 {
            0 => format!(
                "Faceplate {:016x}.{}.{:032x}",
                next(),
                next(),
                u128::from(next())
            ),
            1 => format!("Basic {}", base64(&next().to_le_bytes(), &mut [0; 64])),
            2 => format!(
                "Basic {}",
                base64(format!("x:{}", next()).as_bytes(), &mut [0; 64])
            ),
            3 => format!("Faceplate {}", next()),
            _ => format!("Basic {}", "A".repeat((next() % 400) as usize)),
        };
        client.send(format!(
            "POST /api/test/value HTTP/1.1\r\nHost: localhost\r\nAuthorization: {header}\r\nContent-Length: 0\r\n\r\n"
        ).replace("POST", "PUT"));
        let response = client.response();
        statuses[usize::from(response.status)] += 1;
        assert!(
            [401, 429].contains(&response.status),
            "{header}: {}",
            response.status
        );
        if response.header("connection") == Some("close") {
            client = Client::new(&server);
        }
        if guess % 1000 == 0 {
            skip(&server, 60_000);
        }
    }
    println!("{} of 401, {} of 429", statuses[401], statuses[429]);
    assert_eq!(server.operations(), before);
}

#[test]
fn bodies_of_a_login_that_are_none_are_told_apart() {
    let server = built_in();
    let asked = get(&server, "/api/ota/login").json();
    let nonce = asked["nonce"].as_str().unwrap();
    let proof = "A".repeat(43) + "=";
    let whole = format!(r#"{{"nonce":"{nonce}","client":"0123456789abcdef","proof":"{proof}"}}"#);
    assert_eq!(
        command(&server, "login", &whole).problem().1,
        "wrong-password"
    );
    for body in [
        "",
        "{}",
        "[]",
        &whole.replace("nonce", "nonse"),
        &whole.replace("abcdef\"", "abcde\""),
        &whole.replace("abcdef\"", "abcdef0123456789abcdef0\""),
        &whole.replace("abcdef\"", "abcde,\""),
        &whole.replace(&proof, "AAAA"),
        &whole.replace(&proof, &proof.replace('=', "A")),
        &whole.replace('}', r#","x":""}"#),
        &whole.replace('}', r#","nonce":""}"#),
        &whole.replace('}', ""),
    ] {
        assert_eq!(
            command(&server, "login", body).problem(),
            (400, "bad-body".into()),
            "{body}"
        );
    }
    for (nonce2, want) in [
        ("", "stale-nonce"),
        ("x", "stale-nonce"),
        (&*"0".repeat(99), "stale-nonce"),
    ] {
        let body = whole.replace(nonce, nonce2);
        assert_eq!(command(&server, "login", &body).problem().1, want);
    }
    let long = whole.replace('}', &" ".repeat(200)) + "}";
    assert_eq!(
        command(&server, "login", &long).problem(),
        (413, "too-large".into())
    );
    // No such attempt is one at the password.
    assert_eq!(status(&server)["refused"]["count"], 1);
}

#[test]
fn where_one_is_demanded_nothing_is_changed_before_it_is_set() {
    let server = with(|| Password::new(random));
    let told = get(&server, "/api/ota/login").json();
    assert_eq!(told["set"], false);
    assert!(told["iterations"].as_u64().unwrap() >= 4096);
    for (method, path, body) in CHANGES {
        if path != "/api/ota/password" {
            for headers in [String::new(), basic(PASSWORD)] {
                let response = send(&server, method, path, &headers, body);
                assert_eq!(response.problem(), (403, "password-unset".into()), "{path}");
            }
        }
    }
    assert_eq!(command(&server, "login", "{}").problem().0, 400);
    let set = |server: &Server, headers: &str, text: &str| {
        let body = format!(r#"{{"verifier":"{text}"}}"#);
        send(server, "PUT", "/api/ota/password", headers, &body)
    };
    for text in ["", "x", "SCRAM-SHA-256$1:AA==$AA==:AA=="] {
        assert_eq!(
            set(&server, "", text).problem(),
            (400, "bad-body".into()),
            "{text}"
        );
    }
    let other = "Origin: http://evil.example\r\n";
    assert_eq!(
        set(&server, other, "x").problem(),
        (403, "foreign-origin".into())
    );
    let first = verifier(PASSWORD).to_string();
    assert_eq!(set(&server, "", &first).status, 204);
    assert_eq!(
        set(&server, "", &first).problem(),
        (401, "password-needed".into())
    );
    let mut session = login(&server);
    assert_eq!(
        session.send(&server, "POST", "/api/test/echo", "x").status,
        200
    );

    // It is there after a restart; the session is not.
    let server = server.rebooted();
    set_up(&server, || Password::new(random));
    let over = (401, "session-over".to_owned());
    assert_eq!(
        session
            .send(&server, "POST", "/api/test/echo", "x")
            .problem(),
        over
    );
    let (mut session, mut another) = (login(&server), login(&server));
    assert_eq!(
        another.send(&server, "POST", "/api/test/echo", "x").status,
        200
    );

    // Another one ends every session.
    assert_eq!(session.change(&server, verifier("another")).status, 200);
    for session in [&mut session, &mut another] {
        assert_eq!(
            session
                .send(&server, "POST", "/api/test/echo", "x")
                .problem(),
            over
        );
    }
    assert_eq!(
        try_login(&server, PASSWORD).err().unwrap().1,
        "wrong-password"
    );
    try_login(&server, "another").unwrap();

    // And a button forgets it.
    let server = server.rebooted();
    set_up(&server, || Password::new(random));
    let mut session = try_login(&server, "another").unwrap();
    server.ask(|device| {
        device
            .app
            .password
            .get()
            .unwrap()
            .reset(&device.engine)
            .unwrap()
    });
    assert_eq!(
        session
            .send(&server, "POST", "/api/test/echo", "x")
            .problem()
            .1,
        "password-unset"
    );
    assert_eq!(get(&server, "/api/ota/login").json()["set"], false);
}

#[test]
fn after_a_reset_that_of_the_build_holds() {
    let server = built_in();
    let mut session = login(&server);
    assert_eq!(session.change(&server, verifier("another")).status, 200);
    try_login(&server, "another").unwrap();
    server.ask(|device| {
        device
            .app
            .password
            .get()
            .unwrap()
            .reset(&device.engine)
            .unwrap()
    });
    assert_eq!(
        try_login(&server, "another").err().unwrap().1,
        "wrong-password"
    );
    login(&server);
}

#[test]
fn a_plain_password_gets_in_while_others_are_answered() {
    let server = with(|| {
        let slow = Verifier::of(PASSWORD, [1; 16], 1_000_000).unwrap();
        Password::new(random).built_in(slow)
    });
    let mut slow = Client::new(&server);
    let request = |password: &str| {
        let header = basic(password);
        format!(
            "PUT /api/test/value HTTP/1.1\r\nHost: localhost\r\n{header}Content-Length: 2\r\nContent-Type: a/b\r\n\r\n{{}}"
        )
    };
    slow.send(request(PASSWORD));
    // Another one has to wait for it, and nobody else.
    let mut busy = 0;
    for _ in 0..3 {
        status(&server);
        let response = send(&server, "POST", "/api/test/echo", &basic("another"), "x");
        busy += u32::from(response.problem() == (429, "login-busy".into()));
    }
    let answer = slow.response();
    assert_eq!(
        answer.problem(),
        (400, "bad-body".into()),
        "its handler had it"
    );
    assert!(
        busy > 0,
        "it was stretched before anybody else was answered"
    );
    // It is known again at once: a million rounds a hundred times would take minutes.
    for _ in 0..100 {
        let response = send(&server, "POST", "/api/test/echo", &basic(PASSWORD), "x");
        assert_eq!(response.status, 200);
    }
    // A client that goes away leaves nothing behind.
    let mut gone = Client::new(&server);
    gone.send(request("another"));
    thread::sleep(Duration::from_millis(20));
    drop(gone);
    let end = std::time::Instant::now() + crate::client::PATIENCE;
    loop {
        let response = send(&server, "POST", "/api/test/echo", &basic("wrong"), "x");
        if response.problem().1 == "wrong-password" {
            break;
        }
        assert!(std::time::Instant::now() < end, "never another attempt");
    }
}

#[test]
fn what_is_no_plain_password_is_a_wrong_one() {
    for text in ["", "x", "====", "Og", "\"", "eDp5\u{e4}"] {
        let server = built_in();
        let header = format!("Authorization: Basic {text}\r\n");
        let response = send(&server, "POST", "/api/test/echo", &header, "x");
        assert_eq!(response.status, 401, "{text}");
    }
    let server = built_in();
    for password in [
        "",
        "correct hors",
        "correct horse ",
        &"x".repeat(170),
        &"x".repeat(600),
    ] {
        let response = send(&server, "POST", "/api/test/echo", &basic(password), "x");
        assert_eq!(
            response.problem(),
            (401, "wrong-password".into()),
            "{password}"
        );
        server.ask(|device| device.skipped_ms.set(device.skipped_ms.get() + 60_000));
    }
}

#[test]
fn a_power_cut_at_any_operation_leaves_the_old_password_or_the_new_one() {
    let board = Board::with(&Frontend::new("one", 16));
    let (old, new) = (verifier("old password"), verifier("new password"));
    let knows = |board: &Board| {
        let device = board.boot();
        let mut bytes = [0; 84];
        let found = device.with_nvs(|nvs: &mut EspNvs<_>| {
            faceplate::Nvs::get_blob(nvs, "pw", &mut bytes).unwrap()
        });
        found.then_some(bytes)
    };
    let store = |board: &Board, verifier: Verifier| {
        let device = board.boot();
        Password::new(random).set(&device, verifier).is_ok()
    };
    assert!(store(&board, old));
    let first = knows(&board).unwrap();
    let (mut kept, mut changed) = (0, 0);
    for at in 0.. {
        let mut done = false;
        for seed in 0..8 {
            let board = board.fork();
            let device = board.boot();
            board.flash.cut_after(at, Cut::Torn { seed });
            done = Password::new(random).set(&device, new).is_ok();
            drop(device);
            board.flash.power_on();
            board.flash.cancel_cut();
            match knows(&board) {
                Some(bytes) if bytes == first => kept += 1,
                Some(_) => changed += 1,
                None => panic!("cut {at}: no password, so that anybody could set one"),
            }
        }
        if done {
            break;
        }
    }
    println!("{kept} cuts kept the old one, {changed} took the new one");
    assert!(kept > 0 && changed > 0);
}

#[test]
fn a_password_that_cannot_be_read_lets_nobody_in() {
    let server = with(|| Password::new(random));
    let body = format!(r#"{{"verifier":"{}"}}"#, verifier(PASSWORD));
    assert_eq!(
        send(&server, "PUT", "/api/ota/password", "", &body).status,
        204
    );
    let server = server.rebooted();
    set_up(&server, || Password::new(random));
    server.ask(|device| {
        let nvs = device.board.nvs();
        for sector in nvs.offset / 4096..(nvs.offset + nvs.len) / 4096 {
            device.board.flash.inject(Fault::Read { sector }).unwrap();
        }
    });
    let response = send(&server, "PUT", "/api/ota/password", "", &body);
    assert_eq!(response.status, 500);
    assert_ne!(send(&server, "POST", "/api/test/echo", "", "x").status, 200);
    server.ask(|device| device.board.flash.repair());
    login(&server);
}
