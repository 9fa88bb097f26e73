//! The examples, asked over real sockets.

#[path = "device/board/mod.rs"]
mod board;
#[path = "../examples/gate.rs"]
#[allow(dead_code, reason = "it is a program of its own")]
mod gate;
#[path = "../examples/lamp/app.rs"]
mod lamp;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    rc::Rc,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use board::Frontend;
use embassy_sync::watch::Watch;
use faceplate_sim::{Event, SimOptions};
use gate::Gate;
use lamp::Lamp;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a device in a thread that ends with the tests; says where it is reached.
fn start(
    run: impl FnOnce(SimOptions, Box<dyn FnMut(Event)>) + Send + 'static,
) -> (SocketAddr, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = SimOptions::new(folder.path().join("device.bin"));
    options.listen.set_port(0);
    let (tell, booted) = mpsc::channel();
    thread::spawn(move || {
        let on_event = move |event| {
            if let Event::Booted { address, .. } = event {
                tell.send(address).unwrap();
            }
        };
        run(options, Box::new(on_event));
    });
    (booted.recv_timeout(PATIENCE).unwrap(), folder)
}

fn send(address: SocketAddr, line: &str, rest: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nHost: localhost\r\n{rest}").unwrap();
    stream
}

/// Reads until `end` has come.
fn read_to(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let (mut read, mut byte) = (Vec::new(), [0]);
    while !read.ends_with(end) {
        assert_eq!(
            stream.read(&mut byte).unwrap(),
            1,
            "{}",
            read.escape_ascii()
        );
        read.push(byte[0]);
    }
    read
}

/// The whole answer to a request that is the last on its connection.
fn ask(address: SocketAddr, line: &str, rest: &str) -> String {
    let rest = format!("Connection: close\r\n{rest}");
    let mut answer = String::new();
    send(address, line, &rest)
        .read_to_string(&mut answer)
        .unwrap();
    answer
}

/// Waits until it is so.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "never");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_lamp_is_asked_switched_and_watched() {
    let (address, _folder) = start(|options, on_event| {
        let lamp = || Lamp(Watch::new_with(false));
        faceplate_sim::run(options, lamp, on_event, || {}).unwrap();
    });
    let mut events = send(address, "GET /api/lamp/events", "\r\n");
    read_to(&mut events, b"\r\nevent: lamp\ndata: false\n\n\r\n");
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut socket = send(address, "GET /api/lamp/socket", upgrade);
    assert!(read_to(&mut socket, b"\r\n\r\n").starts_with(b"HTTP/1.1 101 "));
    assert_eq!(read_to(&mut socket, b"false"), b"\x81\x05false");

    let json = "Content-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue";
    let switched = ask(address, "POST /api/lamp", json);
    assert!(switched.starts_with("HTTP/1.1 200 ") && switched.ends_with("\r\n\r\ntrue"));
    let event = read_to(&mut events, b"\n\n\r\n");
    assert!(event.ends_with(b"\r\nevent: lamp\ndata: true\n\n\r\n"));
    assert_eq!(read_to(&mut socket, b"true"), b"\x81\x04true");
    assert!(ask(address, "GET /api/lamp", "\r\n").ends_with("\r\n\r\ntrue"));

    // Who comes later is told once how it is.
    let mut late = send(address, "GET /api/lamp/events", "\r\n");
    read_to(&mut late, b"\r\nevent: lamp\ndata: true\n\n\r\n");

    // A text frame of a client, masked with zeros.
    socket.write_all(b"\x81\x85\0\0\0\0false").unwrap();
    assert_eq!(read_to(&mut socket, b"false"), b"\x81\x05false");
    for events in [&mut events, &mut late] {
        let event = read_to(events, b"\n\n\r\n");
        assert!(event.ends_with(b"\r\nevent: lamp\ndata: false\n\n\r\n"));
    }
    assert!(ask(address, "GET /api/lamp", "\r\n").ends_with("\r\n\r\nfalse"));

    let refused = ask(address, "DELETE /api/lamp", "Content-Length: 0\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 405 "), "{refused}");
}

/// `gate` and `open sesame`.
const PASSWORD: &str = "Authorization: Basic Z2F0ZTpvcGVuIHNlc2FtZQ==\r\n";

#[test]
fn the_gate_wants_a_password_and_no_update_while_it_moves() {
    let (address, _folder) = start(|mut options, on_event| {
        // Time enough to ask it, before it restarts.
        options.limits.reboot_ms = 10_000;
        let motor = |gate: Rc<Gate>| async move { gate.run().await };
        faceplate_sim::run_with(options, Gate::default, motor, on_event, || {}).unwrap();
    });
    let stands = || ask(address, "GET /api/gate", "\r\n").ends_with("\r\n\r\n0");
    let let_move = || ask(address, "POST /api/gate", &format!("{PASSWORD}\r\n"));
    let image = Frontend::new("two", 16).image;
    let (first, rest) = image.split_at(image.len() / 2);
    let length = image.len();
    let upload = format!(
        "{PASSWORD}Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n"
    );

    assert!(stands());
    for line in ["POST /api/gate", "POST /api/ota/frontend"] {
        let stranger = ask(address, line, "Content-Length: 0\r\n\r\n");
        assert!(stranger.starts_with("HTTP/1.1 401 "), "{stranger}");
        assert!(stranger.contains("\r\nWWW-Authenticate: Basic realm=\"gate\"\r\n"));
    }
    assert!(stands());

    let moves = let_move();
    assert!(moves.starts_with("HTTP/1.1 200 ") && moves.ends_with("\r\n\r\n100"));
    let refused = ask(address, "POST /api/ota/frontend", &upload);
    assert!(refused.starts_with("HTTP/1.1 409 "), "{refused}");
    assert!(refused.contains("/problems/not-now") && refused.contains("the gate is moving"));
    wait_until(stands);

    // While an update goes on, it is the gate that has to wait.
    let mut client = send(address, "POST /api/ota/frontend", &upload);
    client.write_all(first).unwrap();
    wait_until(|| !ask(address, "GET /api/ota/status", "\r\n").contains("\"upload\":null"));
    let refused = let_move();
    assert!(refused.starts_with("HTTP/1.1 409 "), "{refused}");
    assert!(refused.contains("/problems/updating"), "{refused}");
    assert!(stands());
    drop(client);
    wait_until(|| let_move().starts_with("HTTP/1.1 200 "));
    wait_until(stands);

    let mut client = send(address, "POST /api/ota/frontend", &upload);
    client.write_all(first).unwrap();
    client.write_all(rest).unwrap();
    assert!(read_to(&mut client, b"\r\n").starts_with(b"HTTP/1.1 200 "));
    let refused = let_move();
    assert!(refused.starts_with("HTTP/1.1 409 "), "{refused}");
}
