//! Just enough of an HTTP/1.1 client (RFC 9112) for devices: one request on each connection, a time
//! limit on everything, bodies as they are sent.
//!
//! General clients are not used since an upload has to see an answer that comes *before* its body is
//! sent, and since what a device stores compressed is compared as it is.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs as _},
    time::{Duration, Instant},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Address;
use crate::text;

/// How often a wait looks whether it should end.
const POLL: Duration = Duration::from_millis(50);
/// Longest wait for a connection: a device that is there answers at once, or after one lost packet.
const CONNECT: Duration = Duration::from_secs(4);
/// Longest head of a response; a device's has some 300 bytes.
const HEAD_MAX: usize = 16 * 1024;
/// Most header fields of a response.
const FIELDS_MAX: usize = 64;
/// Longest body: a file cannot be longer than a slot, here with room for slots to come.
const BODY_MAX: usize = 16 << 20;

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    /// Like 200.
    pub(crate) status: u16,
    /// Names in lower case, values.
    fields: Vec<(String, String)>,
    /// The bytes as they came.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The value of a header field, by its name in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| &**value)
    }

    /// The JSON in the body, as it came; `None` where it is none.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What the JSON in the body says. Its texts may be printed, whatever the device wrote; `None` where
    /// it is something else.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        let mut json = self.json()?;
        make_harmless(&mut json);
        serde_json::from_value(json).ok()
    }
}

/// Makes all texts in it such that they may be printed.
fn make_harmless(json: &mut Value) {
    match json {
        Value::String(said) => *said = text::harmless(said),
        Value::Array(items) => items.iter_mut().for_each(make_harmless),
        Value::Object(fields) => fields.values_mut().for_each(make_harmless),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

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
        }
    }
}

impl std::error::Error for ClientError {}

/// Sends a request and gives the answer, all within a time.
pub(crate) fn request(
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

/// Reads the answer, for as long as `go_on` says so.
pub(super) fn read_response(
    stream: &TcpStream,
    go_on: impl Fn() -> bool,
) -> Result<Response, ClientError> {
    let mut bytes = Vec::new();
    let mut response = loop {
        match parse_head(&bytes)? {
            // 100 and 103 announce the answer.
            Some((head, len)) if head.status < 200 => drop(bytes.drain(..len)),
            Some((head, len)) => {
                bytes.drain(..len);
                break head;
            }
            None if bytes.len() > HEAD_MAX => return Err(ClientError::NotHttp("an endless head")),
            None if read_more(stream, &mut bytes, &go_on)? == 0 => return Err(ClientError::Closed),
            None => {}
        }
    };
    if response.field("transfer-encoding").is_some() {
        return Err(ClientError::NotHttp(
            "an answer in chunks (where a proxy compresses, switch that off for the device)",
        ));
    }
    let want = match response.field("content-length").map(str::parse::<usize>) {
        _ if matches!(response.status, 204 | 304) => Some(0),
        Some(Ok(len)) if len <= BODY_MAX => Some(len),
        Some(_) => return Err(ClientError::NotHttp("a wrong or huge Content-Length")),
        None => None,
    };
    while want.is_none_or(|want| bytes.len() < want) {
        if bytes.len() > BODY_MAX {
            return Err(ClientError::NotHttp("an endless answer"));
        }
        match read_more(stream, &mut bytes, &go_on)? {
            0 if want.is_none() => break,
            0 => return Err(ClientError::Closed),
            _ => {}
        }
    }
    bytes.truncate(want.unwrap_or(bytes.len()));
    response.body = bytes;
    match response.status {
        // No device answers so (RFC 9110, 15.6.3 and 15.6.5).
        status @ (502 | 504) => Err(ClientError::Proxy(status)),
        _ => Ok(response),
    }
}

/// Reads what is there; 0 at the end.
fn read_more(
    mut stream: &TcpStream,
    bytes: &mut Vec<u8>,
    go_on: &impl Fn() -> bool,
) -> Result<usize, ClientError> {
    let mut chunk = [0; 16 * 1024];
    while go_on() {
        match stream.read(&mut chunk) {
            Ok(n) => {
                bytes.extend_from_slice(&chunk[..n]);
                return Ok(n);
            }
            Err(error) if is_wait(&error) => {}
            Err(_) => return Err(ClientError::Closed),
        }
    }
    Err(ClientError::TimedOut)
}

/// The head at the start of `bytes` and its length; `None` while it is incomplete.
fn parse_head(bytes: &[u8]) -> Result<Option<(Response, usize)>, ClientError> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Response::new(&mut fields);
    match head.parse(bytes) {
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(len)) => {
            let field = |field: &httparse::Header<'_>| {
                let value = String::from_utf8_lossy(field.value).trim().to_owned();
                (field.name.to_ascii_lowercase(), value)
            };
            let fields = head.headers.iter().map(field).collect();
            let status = head.code.unwrap_or_default();
            Ok(Some((
                Response {
                    status,
                    fields,
                    body: Vec::new(),
                },
                len,
            )))
        }
        Err(_) => Err(ClientError::NotHttp("something else came")),
    }
}
