//! The head of a request, written again: httpd has taken it apart.

use alloc::{boxed::Box, vec::Vec};
use core::ffi::CStr;

use faceplate_http::{
    beside::{HEADERS, HeadWriter},
    head::HeadError,
    limits::RECEIVE_BUFFER,
};

use super::{
    port::{self, Request, Socket},
    socket::copied,
};
use crate::{code::Code, text};

/// Bytes of a header's name, and its NUL.
const NAME_ROOM: usize = 32;

/// Why there is no head.
pub(super) enum NoHead {
    /// There is no memory for it.
    NoMemory,
    /// It cannot be written again.
    Wrong(HeadError),
}

/// Writes the head of a request that httpd gave. It does not tell the version: a client of HTTP/1.0 is answered
/// as one of HTTP/1.1, which it has to bear.
pub(super) fn head(socket: &Socket, request: Request) -> Result<Box<[u8]>, NoHead> {
    let mut buf = room()?;
    let mut value = room()?;
    let (method, target, _) = socket.line();
    let mut head = HeadWriter::new(&mut buf, method, target, "HTTP/1.1");
    for name in HEADERS {
        match header(request, name, &mut value) {
            // The body has begun: a word that it may is no longer waited for.
            Ok(Some(value)) if name == "Expect" && value.eq_ignore_ascii_case(b"100-continue") => {}
            Ok(Some(value)) => head.header(name, value),
            Ok(None) => {}
            Err(_) => return Err(NoHead::Wrong(HeadError::TooLong)),
        }
    }
    let head = head.end().map_err(NoHead::Wrong)?;
    copied(head).ok_or(NoHead::NoMemory)
}

/// Memory for as long as a head is written.
fn room() -> Result<Vec<u8>, NoHead> {
    let mut room = Vec::new();
    room.try_reserve_exact(RECEIVE_BUFFER)
        .map_err(|_| NoHead::NoMemory)?;
    room.resize(RECEIVE_BUFFER, 0);
    Ok(room)
}

/// The value of a header, if there is one.
fn header<'v>(request: Request, name: &str, value: &'v mut [u8]) -> Result<Option<&'v [u8]>, Code> {
    let mut for_c = [0; NAME_ROOM];
    text::fill(&mut for_c, name);
    let for_c = CStr::from_bytes_until_nul(&for_c).unwrap_or_default();
    match port::header(request, for_c, value) {
        Ok(()) => {
            let len = value.iter().position(|&byte| byte == 0);
            Ok(Some(&value[..len.unwrap_or(0)]))
        }
        Err(Code::NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}
