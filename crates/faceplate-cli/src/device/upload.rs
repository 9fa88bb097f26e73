//! Sending an image, or what differs of it, ready to hear "no" at any moment.

use std::{
    io::Write as _,
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    Address, ClientError, Response,
    answer::read_response,
    http::{authorization, connect, head, is_wait},
    login::signed,
};

/// Bytes handed over at a time.
const CHUNK: usize = 16 * 1024;
/// After a connection broke while sending, the answer that explains it may still arrive.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How far the sending is; shared with whoever watches.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    /// Bytes that the network took.
    pub(crate) sent: AtomicU64,
    /// Set to give up.
    pub(crate) abort: AtomicBool,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a> {
    /// `POST` for an image, `PATCH` for what differs.
    pub(crate) method: &'a str,
    /// Its type.
    pub(crate) media_type: &'a str,
    /// The bytes.
    pub(crate) bytes: &'a [u8],
    /// Their `Content-Digest`.
    pub(crate) digest: &'a str,
}

/// Sends `body` and gives the answer. It has no time limit of its own: `sending.abort` ends it.
pub(crate) fn upload(
    address: &Address,
    query: &str,
    body: Body<'_>,
    sending: &Sending,
) -> Result<Response, ClientError> {
    let Body { method, digest, .. } = body;
    let path = format!("/api/ota/frontend{query}");
    signed(address, [method, &path, digest], |signature| {
        let mut fields = vec![
            ("Content-Type", body.media_type),
            ("Content-Digest", digest),
        ];
        fields.extend(authorization(signature));
        let head = head(address, method, &path, &fields, body.bytes.len());
        sending.sent.store(0, Ordering::Relaxed);
        send(address, &head, body.bytes, sending)
    })
}

fn send(
    address: &Address,
    head: &str,
    body: &[u8],
    sending: &Sending,
) -> Result<Response, ClientError> {
    let stream = connect(address, Duration::MAX)?;
    let answered = AtomicBool::new(false);
    let broken = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let response = read(&stream, sending, &broken);
            answered.store(true, Ordering::Relaxed);
            response
        });
        let stop = || answered.load(Ordering::Relaxed) || sending.abort.load(Ordering::Relaxed);
        let sent = write(&stream, head.as_bytes(), None, stop)
            && write(&stream, body, Some(&sending.sent), stop);
        broken.store(!sent, Ordering::Relaxed);
        // A reader that panicked has no answer.
        reader.join().unwrap_or(Err(ClientError::Closed))
    })
}

/// Reads the answer until it is there, or it is time to give up.
fn read(
    stream: &TcpStream,
    sending: &Sending,
    broken: &AtomicBool,
) -> Result<Response, ClientError> {
    let begin = Instant::now();
    let broke_at = AtomicU64::new(u64::MAX);
    read_response(stream, || {
        if broken.load(Ordering::Relaxed) {
            let now = begin.elapsed().as_millis() as u64;
            let at = broke_at.fetch_min(now, Ordering::Relaxed).min(now);
            if u128::from(now - at) > LAST_WORDS.as_millis() {
                return false;
            }
        }
        !sending.abort.load(Ordering::Relaxed)
    })
}

/// Writes all; `false` when the connection broke or it was stopped.
fn write(
    mut stream: &TcpStream,
    bytes: &[u8],
    count: Option<&AtomicU64>,
    stop: impl Fn() -> bool,
) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        if stop() {
            return false;
        }
        match stream.write(&rest[..rest.len().min(CHUNK)]) {
            Ok(0) => return false,
            Ok(n) => {
                rest = &rest[n..];
                if let Some(count) = count {
                    count.fetch_add(n as u64, Ordering::Relaxed);
                }
            }
            Err(error) if is_wait(&error) => {}
            Err(_) => return false,
        }
    }
    true
}
