//! Just enough of an HTTP/1.1 client (RFC 9112) for devices: one request on each connection, a time
//! limit on everything, bodies as they are sent.
//!
//! General clients are not used since an upload has to see an answer that comes *before* its body is
//! sent, and since what a device stores compressed is compared as it is.

use std::{
    fmt,
    io::{self, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    time::{Duration, Instant},
};

use faceplate::sha256::{SOFTWARE, Sha256};

use super::{
    Address,
    answer::{Response, read_response},
    login::signed,
};
use crate::text::base64;

/// How often a wait looks whether it should end.
const POLL: Duration = Duration::from_millis(50);
/// Longest wait for a connection: a device that is there answers at once, or after one lost packet.
const CONNECT: Duration = Duration::from_secs(4);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// The name leads nowhere.
    Resolve(io::Error),
    /// No connection.
    Connect(io::Error),
    /// It took too long.
    TimedOut,
    /// The connection ended before the answer did.
    Closed,
    /// A proxy on the way says with this status that the device does not answer.
    Proxy(u16),
    /// What came is not HTTP, or none that a device speaks.
    NotHttp(&'static str),
    /// Who answers wants a password to be proven, and does not know it.
    Impostor,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(error) => write!(f, "the name is not known here ({error})"),
            Self::Connect(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => f.write_str("it refuses connections"),
                io::ErrorKind::TimedOut => f.write_str("it does not answer"),
                _ => write!(f, "no connection ({error})"),
            },
            Self::TimedOut => f.write_str("it does not answer"),
            Self::Closed => f.write_str("it closed the connection"),
            Self::Proxy(status) => write!(
                f,
                "the proxy on the way gets no answer from it (status {status})"
            ),
            Self::NotHttp(what) => write!(f, "it does not speak HTTP as a device does: {what}"),
            Self::Impostor => f.write_str(
                "what answers there does not know the password: it is not the device, or somebody \
                 is between",
            ),
        }
    }
}

impl std::error::Error for ClientError {}

/// Sends a request and gives the answer, all within a time; logs in for it, where the device wants that.
pub(crate) fn request(
    address: &Address,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: &[u8],
    within: Duration,
) -> Result<Response, ClientError> {
    // Who is on the way could put another body behind the signature.
    let digest = match body {
        [] => String::new(),
        body => content_digest(&sha256(body)),
    };
    signed(address, [method, path, &digest], |signature| {
        let mut fields = [fields, &authorization(signature)].concat();
        if signature.is_some() && !digest.is_empty() {
            fields.push(("Content-Digest", &digest));
        }
        send(address, method, path, &fields, body, within)
    })
}

/// The value of `Content-Digest` (RFC 9530).
pub(crate) fn content_digest(sha256: &[u8]) -> String {
    format!("sha-256=:{}:", base64(sha256))
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new(SOFTWARE);
    hasher.update(bytes);
    hasher.finish()
}

/// The field of a signature, if there is one.
pub(super) fn authorization(signature: Option<&str>) -> Vec<(&str, &str)> {
    Vec::from_iter(signature.map(|signature| ("Authorization", signature)))
}

/// Sends a request as it is.
pub(super) fn send(
    address: &Address,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: &[u8],
    within: Duration,
) -> Result<Response, ClientError> {
    let until = Instant::now() + within;
    let in_time = || Instant::now() < until;
    let stream = connect(address, within)?;
    let mut message = head(address, method, path, fields, body.len()).into_bytes();
    message.extend_from_slice(body);
    let mut rest = &message[..];
    while !rest.is_empty() {
        match (&stream).write(rest) {
            Ok(n) => rest = &rest[n..],
            Err(error) if is_wait(&error) && in_time() => {}
            Err(error) if is_wait(&error) => return Err(ClientError::TimedOut),
            // It may have answered all the same.
            Err(_) => break,
        }
    }
    read_response(&stream, in_time)
}

/// A connection whose reads and writes return after [`POLL`] at the latest.
pub(super) fn connect(address: &Address, within: Duration) -> Result<TcpStream, ClientError> {
    let until = Instant::now() + within.min(CONNECT);
    let found = (&*address.host, address.port)
        .to_socket_addrs()
        .map_err(ClientError::Resolve)?;
    let mut last = ClientError::Resolve(io::ErrorKind::NotFound.into());
    for address in found {
        let left = until.saturating_duration_since(Instant::now()).max(POLL);
        let connected = TcpStream::connect_timeout(&address, left).and_then(|stream| {
            stream.set_read_timeout(Some(POLL))?;
            stream.set_write_timeout(Some(POLL))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => last = ClientError::Connect(error),
        }
    }
    Err(last)
}

/// The head of a request.
pub(super) fn head(
    address: &Address,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: usize,
) -> String {
    // No `Connection: close`: who closes first has to remember the connection for a while (RFC 9293,
    // TIME-WAIT), and a device has few of them.
    let (prefix, host) = (&address.prefix, address.authority());
    let mut head = format!("{method} {prefix}{path} HTTP/1.1\r\nHost: {host}\r\n");
    head.push_str(concat!(
        "User-Agent: faceplate/",
        env!("CARGO_PKG_VERSION"),
        "\r\n"
    ));
    if method != "GET" {
        head.push_str(&format!("Content-Length: {body}\r\n"));
    }
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    for header in &address.headers {
        head.push_str(&header.line());
    }
    head.push_str("\r\n");
    head
}

/// Whether a read or write only has to be tried again.
pub(super) fn is_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
