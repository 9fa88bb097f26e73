//! Clients that mean harm: each one takes of the device what it can, for as long as it is let.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread::{panicking, sleep},
    time::Duration,
};

use super::heads::{self, Wrong};
use super::wire::{Random, answers, connect, exchange, rest, status};

/// What they have done, and whether to go on.
pub(super) struct Raid {
    pub(super) device: SocketAddr,
    over: AtomicBool,
    /// Whether the device may restart at any moment, so that what comes or does not says nothing.
    restarts: AtomicBool,
    pub(super) connections: AtomicU64,
    /// Requests of which each was wrong in one thing, and had the answer that it should.
    pub(super) wrong: AtomicU64,
    pub(super) random: AtomicU64,
    /// Clients that were cut off because they stalled: with a head, a body, or an answer.
    pub(super) cut_off: AtomicU64,
}

/// What one of them does, again and again.
pub(super) type Client = fn(&Raid, &mut Random);

/// All of them; of some there are more than one. A device with a login takes the same: what is tried against
/// the login itself (wrong passwords in bulk, sessions of others or of yesterday) belongs here, too.
pub(super) const CLIENTS: [Client; 13] = [
    silent,
    slow_head,
    stalled_body,
    never_reading,
    crowd,
    vanishing,
    listening,
    uploading,
    wrong,
    wrong,
    wrong,
    random,
    random,
];

impl Raid {
    pub(super) fn new(device: SocketAddr) -> Self {
        Self {
            device,
            over: AtomicBool::new(false),
            restarts: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            random: AtomicU64::new(0),
            cut_off: AtomicU64::new(0),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub(super) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// From now on the device may restart.
    pub(super) fn expect_restart(&self) {
        self.restarts.store(true, Ordering::SeqCst);
        self.end();
    }

    /// What ends it when the thread that has this panics.
    pub(super) fn ends_by_panic(&self) -> impl Drop + '_ {
        struct Ends<'r>(&'r Raid);
        impl Drop for Ends<'_> {
            fn drop(&mut self) {
                if panicking() {
                    self.0.end();
                }
            }
        }
        Ends(self)
    }

    /// Whether the device may have restarted by now.
    pub(super) fn may_restart(&self) -> bool {
        self.restarts.load(Ordering::SeqCst)
    }

    /// A connection; none where the device is not there since it restarts.
    fn connect(&self) -> Option<TcpStream> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.there(connect(self.device))
    }

    fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.there(exchange(self.device, bytes)).unwrap_or_default()
    }

    fn there<T>(&self, result: io::Result<T>) -> Option<T> {
        match result {
            Err(error) if !self.may_restart() => panic!("{error}"),
            result => result.ok(),
        }
    }

    /// `is_so` has to be, unless the device may have restarted meanwhile.
    #[track_caller]
    fn check(&self, is_so: bool, sent: &[u8], came: &[u8]) {
        let short = |bytes: &[u8]| bytes[..bytes.len().min(400)].escape_ascii().to_string();
        assert!(
            is_so || self.may_restart(),
            "{:?}\nwas answered with\n{:?}",
            short(sent),
            short(came)
        );
    }

    fn was_cut_off(&self) {
        self.cut_off.fetch_add(1, Ordering::Relaxed);
    }
}

/// Connects and says nothing.
fn silent(raid: &Raid, _: &mut Random) {
    let Some(stream) = raid.connect() else {
        return;
    };
    let came = rest(&stream);
    raid.check(came.is_empty(), b"nothing", &came);
    raid.was_cut_off();
}

/// A byte of a head now and then, and never the last.
fn slow_head(raid: &Raid, _: &mut Random) {
    let Some(mut stream) = raid.connect() else {
        return;
    };
    let head = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(1_000));
    for byte in head.as_bytes() {
        // In the end nobody is there to send to; what was said before is read below.
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        if !is_silent(&stream, 50) {
            break;
        }
    }
    let came = rest(&stream);
    // Sent to a connection that has ended, a byte can take the answer with it.
    raid.check(
        matches!(status(&came), Some(408) | None),
        head.as_bytes(),
        &came,
    );
    raid.was_cut_off();
}

/// A body that begins and does not go on: every other time it is waited for how that ends.
fn stalled_body(raid: &Raid, random: &mut Random) {
    let Some(mut stream) = raid.connect() else {
        return;
    };
    let head = "PUT /api/lamp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Content-Length: 30\r\n\r\n{\"on";
    let _sent = stream.write_all(head.as_bytes());
    if random.below(2) == 0 {
        let came = rest(&stream);
        raid.check(status(&came) == Some(408), head.as_bytes(), &came);
        raid.was_cut_off();
    } else {
        is_silent(&stream, random.below(3_000) as u64);
    }
}

/// Asks for much and reads nothing, until the device lets go.
fn never_reading(raid: &Raid, _: &mut Random) {
    let Some(mut stream) = raid.connect() else {
        return;
    };
    let request = "GET /app.js HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let asked = 90;
    let _sent = stream.write_all(request.repeat(asked).as_bytes());
    // A byte that follows says whether anybody is there; it is not read before the requests.
    while stream.write_all(b"\r").is_ok() {
        sleep(Duration::from_millis(200));
        if raid.is_over() {
            return;
        }
    }
    let came = answers(&rest(&stream));
    raid.check(came < asked, request.as_bytes(), b"all of it");
    raid.was_cut_off();
}

/// More connections at once than the device has, which end when they like to.
fn crowd(raid: &Raid, random: &mut Random) {
    let timeout = Duration::from_millis(50);
    let many = (0..30).filter_map(|_| TcpStream::connect_timeout(&raid.device, timeout).ok());
    let mut many: Vec<_> = many.collect();
    raid.connections
        .fetch_add(many.len() as u64, Ordering::Relaxed);
    for stream in &mut many {
        if random.below(2) == 0 {
            let _sent = stream.write_all(b"GET / HT");
        }
    }
    sleep(Duration::from_millis(500));
    drop(many);
    sleep(Duration::from_millis(1_500));
}

/// Ends in the middle of what it is sent.
fn vanishing(raid: &Raid, random: &mut Random) {
    let Some(mut stream) = raid.connect() else {
        return;
    };
    let target = random.one(&["/app.js", "/", "/api/ota/status", "/api/log"]);
    let _sent = write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut some = vec![0; 1 + random.below(3_000)];
    let _some = stream.read(&mut some);
    sleep(Duration::from_millis(20));
}

/// Takes live connections, and says what is no frame, or nothing.
fn listening(raid: &Raid, random: &mut Random) {
    let Some(mut stream) = raid.connect() else {
        return;
    };
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let target = random.one(&["/api/events", "/api/lamp/socket"]);
    let _sent = write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n"
    );
    let noise = match random.below(3) {
        // A text of 2^63 bytes.
        0 => b"\x81\xff\x80\0\0\0\0\0\0\0\x01\x02\x03\x04".to_vec(),
        1 => random.bytes(64),
        _ => Vec::new(),
    };
    let _sent = stream.write_all(&noise);
    is_silent(&stream, 300);
    sleep(Duration::from_millis(random.below(1_500) as u64));
}

/// What is no frontend, or not what was promised: refused before anything is erased. While an update runs,
/// there is room for no other.
fn uploading(raid: &Raid, random: &mut Random) {
    let upload = |length: usize, more: &str| {
        format!(
            "POST /api/ota/frontend HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/octet-stream\r\nConnection: close\r\n\
             Content-Length: {length}\r\n{more}\r\n"
        )
    };
    let (head, body): (_, &[u8]) = match random.below(5) {
        0 => (upload(8192, ""), &random.bytes(8192)),
        1 => (upload(1 << 20, ""), &random.bytes(100_000)),
        2 => (upload(2 << 20, ""), &[0; 50_000]),
        3 => (upload(4097, ""), &[0; 4097]),
        _ => (
            upload(8192, "Content-Digest: sha-256=:AAAA:\r\n"),
            &[0xff; 8192],
        ),
    };
    let sent = [head.as_bytes(), body].concat();
    let came = raid.exchange(&sent);
    let refused = matches!(status(&came), Some(400 | 409 | 413 | 422));
    raid.check(refused && answers(&came) == 1, &sent, &came);
    raid.wrong.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_millis(200));
}

/// Requests that are wrong in one thing, one after the other, each with one behind it that is right.
fn wrong(raid: &Raid, random: &mut Random) {
    let mut all = heads::all();
    // No two of these clients say the same at the same time.
    let first = random.below(all.len());
    all.rotate_left(first);
    for Wrong { bytes, statuses } in all {
        let came = raid.exchange(&bytes);
        let right = status(&came).is_some_and(|status| statuses.contains(&status));
        raid.check(right && answers(&came) == 1, &bytes, &came);
        raid.wrong.fetch_add(1, Ordering::Relaxed);
        if raid.is_over() {
            return;
        }
    }
}

/// A few requests in a row that may be none.
fn random(raid: &Raid, random: &mut Random) {
    let count = 1 + random.below(5);
    let mut all = Vec::new();
    for _ in 0..count {
        all.extend(heads::random(random));
    }
    let Some(mut stream) = raid.connect() else {
        return;
    };
    let _sent = stream.write_all(&all);
    let _ended = stream.shutdown(std::net::Shutdown::Write);
    let came = rest(&stream);
    raid.check(came.is_empty() || status(&came).is_some(), &all, &came);
    raid.random.fetch_add(count as u64, Ordering::Relaxed);
    // The computer has ports, and other tests to run.
    sleep(Duration::from_millis(3));
}

/// Whether nothing comes for so long.
fn is_silent(stream: &TcpStream, ms: u64) -> bool {
    let old = stream.read_timeout().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(ms.max(1))))
        .unwrap();
    let came = stream.peek(&mut [0]);
    stream.set_read_timeout(old).unwrap();
    came.is_err_and(|error| {
        use std::io::ErrorKind::{TimedOut, WouldBlock};
        matches!(error.kind(), TimedOut | WouldBlock)
    })
}
