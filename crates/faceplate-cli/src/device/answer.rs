//! Reading answers: heads and bodies as they come, with limits on both.

use std::{io::Read as _, net::TcpStream};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ClientError, http::is_wait};
use crate::text;

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

    /// All header fields: names in lower case, values.
    pub(crate) fn fields(&self) -> &[(String, String)] {
        &self.fields
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

/// Reads the only answer of a connection, for as long as `go_on` says so.
pub(super) fn read_response(
    stream: &TcpStream,
    go_on: impl Fn() -> bool,
) -> Result<Response, ClientError> {
    next_response(stream, &mut Vec::new(), false, go_on)
}

/// Reads the next answer; `ahead` has what was read behind the one before, and then what was read behind
/// this one. The answer to HEAD has no body, whatever its head says.
pub(super) fn next_response(
    stream: &TcpStream,
    ahead: &mut Vec<u8>,
    to_head: bool,
    go_on: impl Fn() -> bool,
) -> Result<Response, ClientError> {
    let mut response = loop {
        match next_head(stream, ahead, &go_on)? {
            // 100 and 103 announce the answer.
            head if head.status < 200 => {}
            head => break head,
        }
    };
    if !to_head {
        response.body = read_body(stream, ahead, &response, &go_on)?;
    }
    match response.status {
        // No device answers so (RFC 9110, 15.6.3 and 15.6.5).
        status @ (502 | 504) => Err(ClientError::Proxy(status)),
        _ => Ok(response),
    }
}

/// Reads the next head, which may be one that announces the answer.
pub(super) fn next_head(
    stream: &TcpStream,
    ahead: &mut Vec<u8>,
    go_on: &impl Fn() -> bool,
) -> Result<Response, ClientError> {
    loop {
        match parse_head(ahead)? {
            Some((head, len)) => {
                ahead.drain(..len);
                return Ok(head);
            }
            None if ahead.len() > HEAD_MAX => return Err(ClientError::NotHttp("an endless head")),
            None if read_more(stream, ahead, go_on)? == 0 => return Err(ClientError::Closed),
            None => {}
        }
    }
}

fn read_body(
    stream: &TcpStream,
    ahead: &mut Vec<u8>,
    response: &Response,
    go_on: &impl Fn() -> bool,
) -> Result<Vec<u8>, ClientError> {
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
    while want.is_none_or(|want| ahead.len() < want) {
        if ahead.len() > BODY_MAX {
            return Err(ClientError::NotHttp("an endless answer"));
        }
        match read_more(stream, ahead, go_on)? {
            0 if want.is_none() => break,
            0 => return Err(ClientError::Closed),
            _ => {}
        }
    }
    let len = want.unwrap_or(ahead.len());
    Ok(ahead.drain(..len).collect())
}

/// Reads what is there; 0 at the end.
pub(super) fn read_more(
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
