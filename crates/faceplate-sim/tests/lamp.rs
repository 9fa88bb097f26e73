//! The example `lamp`, asked over real sockets.

#[path = "../examples/lamp.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is a program of its own")]
mod lamp;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use embassy_sync::watch::Watch;
use faceplate_sim::{Event, SimOptions};
use lamp::Lamp;

/// A device with the lamp, in a thread that ends with the tests.
fn start() -> (SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = SimOptions::new(folder.path().join("lamp.bin"));
    options.listen.set_port(0);
    let (tell, booted) = mpsc::channel();
    let on_event = move |event| {
        if let Event::Booted { address, .. } = event {
            tell.send(address).unwrap();
        }
    };
    thread::spawn(|| faceplate_sim::run(options, || Lamp(Watch::new_with(false)), on_event, || {}));
    (booted.recv_timeout(PATIENCE).unwrap(), folder)
}

const PATIENCE: Duration = Duration::from_secs(20);

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

#[test]
fn the_lamp_is_asked_switched_and_watched() {
    let (address, _folder) = start();
    let mut events = send(address, "GET /api/lamp/events", "\r\n");
    read_to(&mut events, b"event: lamp\ndata: false\n\n");
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut socket = send(address, "GET /api/lamp/socket", upgrade);
    assert!(read_to(&mut socket, b"\r\n\r\n").starts_with(b"HTTP/1.1 101 "));

    let json = "Content-Type: application/json\r\nContent-Length: 4\r\n\r\ntrue";
    let switched = ask(address, "POST /api/lamp", json);
    assert!(switched.starts_with("HTTP/1.1 200 ") && switched.ends_with("\r\n\r\ntrue"));
    read_to(&mut events, b"event: lamp\ndata: true\n\n");
    read_to(&mut socket, b"\x81\x04true");
    assert!(ask(address, "GET /api/lamp", "\r\n").ends_with("\r\n\r\ntrue"));

    // A text frame of a client, masked with zeros.
    socket.write_all(b"\x81\x85\0\0\0\0false").unwrap();
    read_to(&mut socket, b"\x81\x05false");
    read_to(&mut events, b"event: lamp\ndata: false\n\n");
    assert!(ask(address, "GET /api/lamp", "\r\n").ends_with("\r\n\r\nfalse"));

    let refused = ask(address, "DELETE /api/lamp", "Content-Length: 0\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 405 "), "{refused}");
}
