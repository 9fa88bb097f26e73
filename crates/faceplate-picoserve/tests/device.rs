//! The example `device`, asked over real sockets: two servers on one port, and on one connection.
#![recursion_limit = "256"]

#[path = "../examples/device.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_attributes,
    reason = "it is a program of its own"
)]
mod device;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use faceplate_pack::{Options, pack};
use faceplate_sim::{Event, SimOptions};
use serde_json::Value;

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A device with a frontend, in a thread that ends with the tests.
struct Device {
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

fn image(version: &str) -> Vec<u8> {
    let files = [
        ("index.html".to_owned(), version.as_bytes().to_vec()),
        ("app.js".to_owned(), version.repeat(20_000).into_bytes()),
    ];
    let options = Options {
        version: Some(version.to_owned()),
        ..Options::default()
    };
    pack(files, &options).unwrap().image
}

impl Device {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = SimOptions::new(folder.path().join("device.bin"));
        options.listen.set_port(0);
        options.www = Some(image("one"));
        options.reboot = Duration::from_millis(100);
        let (tell, booted) = mpsc::channel();
        let on_event = move |event| {
            if let Event::Booted { address, .. } = event {
                // Of later boots nobody wants to know.
                let _heard = tell.send(address);
            }
        };
        thread::spawn(move || device::run(options, on_event));
        Self {
            address: booted.recv_timeout(PATIENCE).unwrap(),
            _folder: folder,
        }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client(stream)
    }

    /// The status of the device; `None` while it restarts.
    fn status(&self) -> Option<Value> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&get("/api/ota/status")).ok()?;
        let answer = Client(stream).try_response()?;
        serde_json::from_slice(&answer.body).ok()
    }
}

struct Client(TcpStream);

#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Client {
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Reads until `end` has come, or the connection ends.
    fn until(&mut self, end: &[u8]) -> Vec<u8> {
        let (mut read, mut byte) = (Vec::new(), [0]);
        while !read.ends_with(end) && self.0.read(&mut byte).is_ok_and(|n| n > 0) {
            read.push(byte[0]);
        }
        read
    }

    fn try_response(&mut self) -> Option<Response> {
        let head = String::from_utf8(self.until(b"\r\n\r\n")).unwrap();
        let status = head.get(9..12)?.parse().unwrap();
        let lower = head.to_ascii_lowercase();
        let length = lower.split_once("content-length: ").map(|(_, rest)| {
            let digits = rest.split("\r\n").next().unwrap();
            digits.parse().unwrap()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.0.read_exact(&mut body).ok()?;
        Some(Response { status, head, body })
    }

    fn response(&mut self) -> Response {
        self.try_response().expect("a response")
    }

    /// What comes until the connection ends.
    fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _end = self.0.read_to_end(&mut rest);
        String::from_utf8_lossy(&rest).into_owned()
    }
}

impl Response {
    fn says(&self) -> (u16, &str) {
        (self.status, str::from_utf8(&self.body).unwrap())
    }

    fn closes(&self) -> bool {
        let head = self.head.to_ascii_lowercase();
        head.contains("\r\nconnection: close\r\n")
    }
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

fn post(path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn switch(on: &str) -> Vec<u8> {
    post("/api/lamp", "text/plain", on.as_bytes())
}

#[test]
fn both_answer_on_one_connection() {
    let device = Device::start();
    let mut client = device.connect();
    for _ in 0..3 {
        client.send(get("/api/lamp"));
        let lamp = client.response();
        assert_eq!((lamp.says(), lamp.closes()), ((200, "false"), false));
        client.send(get("/api/ota/status"));
        let status = client.response();
        assert_eq!((status.status, status.closes()), (200, false));
        let status: Value = serde_json::from_slice(&status.body).unwrap();
        assert_eq!(status["slots"][0]["version"], "one");
        client.send(get("/"));
        assert_eq!(client.response().says(), (200, "one"));
        client.send(get("/recovery"));
        assert_eq!(client.response().status, 200);
    }
    client.send(switch("true"));
    assert_eq!(client.response().says(), (200, "true"));
    // Of what is nobody's each knows nothing, in its own way.
    client.send(get("/api/nothing"));
    assert_eq!(
        client.response().says(),
        (404, "/api/nothing not found\r\n")
    );
    client.send(get("/nothing.js"));
    assert_eq!(client.response().status, 404);
    client.send(get("/api/ota/nothing"));
    let problem = client.response();
    assert!(problem.head.contains("application/problem+json"));
    client.send("GET /api/lamp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let last = client.response();
    assert_eq!((last.says(), last.closes()), ((200, "true"), true));
    assert_eq!(client.rest(), "");
}

#[test]
fn requests_that_come_at_once_are_answered_in_their_order_however_they_are_cut() {
    let device = Device::start();
    let requests = [
        switch("true"),
        get("/api/ota/status"),
        get("/api/lamp"),
        get("/"),
        switch("false"),
        post("/api/ota/confirm", "application/json", b"{}"),
        get("/api/lamp"),
    ];
    let all = requests.concat();
    for cut in 0..=all.len() {
        let mut client = device.connect();
        client.send(&all[..cut]);
        // Mostly both parts are read apart from each other, but that does not matter.
        thread::sleep(Duration::from_millis(1));
        client.send(&all[cut..]);
        let answers: [Response; 7] = std::array::from_fn(|_| client.response());
        let statuses = answers.each_ref().map(|answer| answer.status);
        // There is nothing to confirm.
        assert_eq!(statuses, [200, 200, 200, 200, 200, 409, 200], "{cut}");
        assert_eq!(answers[0].body, b"true");
        assert_eq!(answers[2].body, b"true");
        assert_eq!(answers[3].body, b"one");
        assert_eq!(answers[4].body, b"false");
        assert_eq!(answers[6].body, b"false");
    }
}

#[test]
fn what_faceplate_reads_too_far_is_picoserves() {
    let device = Device::start();
    let confirm = post("/api/ota/confirm", "application/json", b"{}");
    let (begun, last) = confirm.split_at(confirm.len() - 1);
    let mut client = device.connect();
    client.send(begun);
    // Time for the request to be handed over without its end.
    thread::sleep(Duration::from_millis(200));
    client.send([last, &switch("true"), &get("/"), &get("/api/lamp")].concat());
    assert_eq!(client.response().status, 409);
    assert_eq!(client.response().says(), (200, "true"));
    assert_eq!(client.response().says(), (200, "one"));
    assert_eq!(client.response().says(), (200, "true"));
}

#[test]
fn an_upload_behind_a_request_of_picoserves_restarts_into_it() {
    let device = Device::start();
    let before = device.status().unwrap();
    let mut client = device.connect();
    let upload = post(
        "/api/ota/frontend",
        "application/octet-stream",
        &image("two"),
    );
    client.send([switch("true"), upload].concat());
    assert_eq!(client.response().says(), (200, "true"));
    let done = client.response();
    assert_eq!(done.status, 200, "{done:?}");
    let done: Value = serde_json::from_slice(&done.body).unwrap();
    assert_eq!(done["slot"], 1);
    let end = Instant::now() + PATIENCE;
    let after = loop {
        match device.status() {
            Some(now) if now["device"]["boot_id"] != before["device"]["boot_id"] => break now,
            _ => assert!(Instant::now() < end, "it does not restart"),
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(
        (&after["active"], &after["state"]),
        (&1.into(), &"trial".into())
    );
    let mut client = device.connect();
    client.send([get("/"), get("/app.js"), get("/api/lamp")].concat());
    assert_eq!(client.response().says(), (200, "two"));
    let script = client.response();
    assert_eq!(script.status, 200);
    assert_eq!(client.response().says(), (200, "true"));
}

#[test]
fn the_guards_hold_for_what_is_faceplates() {
    let device = Device::start();
    for path in ["/", "/api/ota/status", "/%61pi/ota/status", "/recovery"] {
        let mut client = device.connect();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
        assert_eq!(client.response().status, 403, "{path}");
    }
    let mut client = device.connect();
    client.send(
        "POST /api/ota/rollback HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n",
    );
    client.send("Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(client.response().status, 403);
}

#[test]
fn empty_lines_before_a_request_are_none_of_it() {
    let device = Device::start();
    let mut client = device.connect();
    for lines in ["\r\n", "\r\n\r\n"] {
        client.send([lines.as_bytes(), &get("/api/lamp"), lines.as_bytes()].concat());
        assert_eq!(client.response().says(), (200, "false"));
        client.send(get("/"));
        assert_eq!(client.response().says(), (200, "one"));
        client.send("\r");
        thread::sleep(Duration::from_millis(20));
        client.send("\n");
    }
    client.send(get("/api/lamp"));
    assert_eq!(client.response().says(), (200, "false"));
}

#[test]
fn a_head_that_does_not_come_in_time_is_given_up_with_a_word() {
    let device = Device::start();
    let mut client = device.connect();
    let start = Instant::now();
    client.send(&get("/api/lamp")[..20]);
    let answer = client.response();
    assert_eq!((answer.status, answer.closes()), (408, true));
    assert_eq!(client.rest(), "");
    // `Limits::head_ms`, and not twice.
    assert!(start.elapsed() < Duration::from_millis(5_500));
}

#[test]
fn what_is_no_plain_request_reaches_nobody() {
    let device = Device::start();
    let long = "x".repeat(3000);
    for (lines, status) in [
        (
            format!("GET /api/lamp HTTP/1.1\r\nHost: a\r\nX: {long}\r\n"),
            431,
        ),
        (format!("GET /api/lamp?{long} HTTP/1.1\r\nHost: a\r\n"), 414),
        ("GET /api/lamp HTTP/1.1\nHost: a\n".to_owned(), 400),
        ("GET /api/lamp HTTP/1.1\r\n".to_owned(), 400),
        ("GET  /api/lamp HTTP/1.1\r\nHost: a\r\n".to_owned(), 400),
        (
            "POST /api/lamp HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n".to_owned(),
            400,
        ),
        (
            "POST /api/lamp HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 0\r\n"
                .to_owned(),
            400,
        ),
        (
            format!(
                "POST /api/lamp HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
                u64::MAX
            ),
            413,
        ),
        ("GET /api/lamp HTTP/2.0\r\nHost: a\r\n".to_owned(), 505),
    ] {
        let mut client = device.connect();
        client.send(format!("{lines}\r\n"));
        let answer = client.response();
        assert_eq!((answer.status, answer.closes()), (status, true), "{lines}");
        assert_eq!(client.rest(), "", "{lines}");
    }
}

#[test]
fn a_body_in_chunks_is_not_taken_for_a_request() {
    let device = Device::start();
    let mut client = device.connect();
    let hidden = switch("true");
    let head = "POST /api/lamp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [
        format!("{:x}\r\n", hidden.len()).as_bytes(),
        &hidden,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    client.send(switch("true"));
    assert_eq!(client.response().says(), (200, "true"));
    client.send([head.as_bytes(), &chunk].concat());
    let answer = client.response();
    assert_eq!((answer.status, answer.closes()), (411, true));
    assert_eq!(client.rest(), "");
    // No handler was asked, who would have found no body.
    let mut client = device.connect();
    client.send(get("/api/lamp"));
    assert_eq!(client.response().says(), (200, "true"));
}

#[test]
fn events_of_picoserves_are_not_mixed_with_anything() {
    let device = Device::start();
    let mut events = device.connect();
    events.send(get("/api/lamp/events"));
    let told = b"event:lamp\ndata:false\n\n";
    assert!(events.until(told).starts_with(b"HTTP/1.1 200 "));
    events.send(get("/api/ota/status"));
    for _ in 0..3 {
        assert_eq!(events.until(told), told);
    }
    let mut client = device.connect();
    client.send(switch("true"));
    assert_eq!(client.response().says(), (200, "true"));
    let told = b"event:lamp\ndata:true\n\n";
    assert!(events.until(told).ends_with(told));
}

#[test]
fn a_websocket_of_picoserves_has_its_connection_for_itself() {
    let device = Device::start();
    let mut socket = device.connect();
    socket.send(
        "GET /api/echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    // Frames of a client, masked with zeros; the first comes with the head.
    socket.send(b"\x81\x85\0\0\0\0hello");
    assert!(socket.until(b"\r\n\r\n").starts_with(b"HTTP/1.1 101 "));
    assert_eq!(socket.until(b"hello"), b"\x81\x05hello");
    socket.send([&b"\x81\x84\0\0\0\0"[..], b"GET ", b"\x88\x80\0\0\0\0"].concat());
    assert_eq!(socket.until(b"GET "), b"\x81\x04GET ");
    socket.send(get("/api/ota/status"));
    assert!(!socket.rest().contains("HTTP/1.1"));
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    let device = Device::start();
    let mut client = device.connect();
    client.send(get("/api/lamp"));
    assert_eq!(client.response().status, 200);
    let start = Instant::now();
    assert_eq!(client.rest(), "");
    // `Limits::next_idle_ms`, and not much more.
    assert!(start.elapsed() < Duration::from_secs(5));
}
