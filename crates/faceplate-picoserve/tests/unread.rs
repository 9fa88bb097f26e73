//! What a handler of picoserve's does not read is not taken for a request, and keeps no connection.
#![recursion_limit = "256"]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    rc::Rc,
    sync::mpsc,
    thread,
    time::Duration,
};

use faceplate_http::beside::is_faceplates;
use faceplate_picoserve::{Buffers, Own, serve};
use faceplate_sim::{Event, SimOptions};
use picoserve::{
    Timeouts,
    extract::FromRequest,
    io::{Read, Write},
    request::{RequestBody, RequestParts},
    response::sse::{EventSource, EventStream, EventWriter},
    routing::{PathRouter, Router, get, post},
    time::TokioTimer,
};

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads so many bytes of a body, and leaves the rest.
struct Reads<const N: usize>;

impl<'r, S, const N: usize> FromRequest<'r, S> for Reads<N> {
    type Rejection = &'static str;

    async fn from_request<R: Read>(
        _: &'r S,
        _: RequestParts<'r>,
        body: RequestBody<'r, R>,
    ) -> Result<Self, Self::Rejection> {
        let mut reader = body.reader();
        match reader.read_exact(&mut [0; N]).await {
            Ok(()) => Ok(Self),
            Err(_) => Err("the body ended early"),
        }
    }
}

/// Events of which there are none.
struct Quiet;

impl EventSource for Quiet {
    async fn write_events<W: Write>(self, _: EventWriter<'_, W>) -> Result<(), W::Error> {
        std::future::pending().await
    }
}

/// Bytes of a body, and of its half that is read.
const WHOLE: usize = 1536;
const HALF: usize = WHOLE / 2;

fn routes() -> Router<impl PathRouter> {
    Router::new()
        .route("/api/none", post(async |_: Reads<0>| "none"))
        .route("/api/half", post(async |_: Reads<HALF>| "half"))
        .route("/api/other", get(async || "other"))
        .route("/api/next", get(async || "next"))
        .route("/api/quiet", get(async || EventStream(Quiet)))
}

/// Starts a device in a thread that ends with the tests.
fn start() -> (SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = SimOptions::new(folder.path().join("device.bin"));
    options.listen.set_port(0);
    let (tell, booted) = mpsc::channel();
    thread::spawn(move || {
        let routes = Rc::new(routes());
        let connection = move |device: Rc<_>, app: Rc<_>, stream| {
            let routes = routes.clone();
            async move {
                let own = Own {
                    routes: &routes,
                    is_own: |path| !is_faceplates(path),
                    timeouts: Timeouts::default(),
                    timer: TokioTimer,
                };
                let mut buffers = Buffers::new();
                // A client that goes is none of our business here.
                let _gone = serve(&*device, &*app, &own, stream, &mut buffers).await;
            }
        };
        let on_event = move |event| {
            if let Event::Booted { address, .. } = event {
                let _heard = tell.send(address);
            }
        };
        faceplate_sim::run_beside(options, || (), connection, on_event, || {})
    });
    (booted.recv_timeout(PATIENCE).unwrap(), folder)
}

/// Sends pieces, with some time between them, and gives the bodies of the answers until the connection ends.
fn ask(address: SocketAddr, pieces: &[&[u8]]) -> Vec<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in pieces {
        // Who does not listen any more has ended the connection.
        let _sent = stream.write_all(piece);
        thread::sleep(Duration::from_millis(100));
    }
    let mut answers = Vec::new();
    let _end = stream.read_to_end(&mut answers);
    let answers = String::from_utf8(answers).unwrap();
    let answers = answers.split("HTTP/1.1 ").skip(1);
    answers
        .map(|answer| answer.split_once("\r\n\r\n").unwrap().1.to_owned())
        .collect()
}

#[test]
fn a_request_inside_a_body_is_none() {
    let (address, _folder) = start();
    let get = |path: &str| format!("GET /api/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let next = get("next").replace("Host", "Connection: close\r\nHost");
    for name in ["none", "half"] {
        let head = format!(
            "POST /api/{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {WHOLE}\r\n\r\n"
        );
        let mut body = [vec![b'x'; HALF], get("other").into_bytes()].concat();
        body.resize(WHOLE, b'y');
        let all = [head.as_bytes(), &body, next.as_bytes()].concat();
        let body = head.len()..head.len() + WHOLE;
        let half = body.start + HALF;
        for cut in [
            all.len(),
            body.start,
            body.start + 100,
            half - 1,
            half,
            half + 1,
            body.end - 1,
            body.end,
        ] {
            let (first, second) = all.split_at(cut);
            let answers = ask(address, &[first, second]);
            // What comes after the answer ends the connection, or the next request gets its own.
            let wanted = [name, "next"];
            let len = answers.len();
            assert!((1..=2).contains(&len), "{name} {cut}: {answers:?}");
            assert_eq!(answers, wanted[..len], "{name} {cut}");
            // Nothing was left to come when it was answered.
            if cut == all.len() || cut == body.end {
                assert_eq!(len, 2, "{name} {cut}");
            }
        }
    }
}

#[test]
fn a_client_that_sent_too_much_and_went_leaves_its_place_to_others() {
    let (address, _folder) = start();
    let quiet = b"GET /api/quiet HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // Behind the answer's beginning, and before it; more of each than the device has connections.
    for first in [quiet.to_vec(), [&quiet[..], &[b'x'; 5000]].concat()] {
        let clients: Vec<_> = (0..10)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.write_all(&first).unwrap();
                stream.read_exact(&mut [0; 12]).unwrap();
                stream.write_all(&[b'x'; 5000]).unwrap();
                stream
            })
            .collect();
        // What they sent is read before they go.
        thread::sleep(Duration::from_millis(300));
        drop(clients);
    }
    let next = b"GET /api/next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(ask(address, &[next]), ["next"]);
}
