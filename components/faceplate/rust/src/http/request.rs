//! A request that the firmware judges: `faceplate_request_t`.

use core::ffi::{CStr, c_char};

use faceplate_http::Head;

use super::port;
use crate::{
    code::Code,
    text::{fill, given},
};

/// A request, until the hook returns.
pub struct Request<'r> {
    pub(super) path: &'r str,
    pub(super) head: &'r Head<'r>,
    pub(super) httpd: Option<port::Request>,
}

/// # Safety
/// `request` is null, or the one that a hook has; `path` is null or for `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_request_path(
    request: *const Request<'_>,
    path: *mut c_char,
    len: usize,
) -> Code {
    // SAFETY: as the caller says.
    match unsafe { (request.as_ref(), room(path, len)) } {
        (Some(request), Some(room)) => copy(request.path, room),
        _ => Code::INVALID_ARG,
    }
}

/// # Safety
/// `request` is null, or the one that a hook has; `name` is null or ends with NUL; `value` is null or for
/// `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn faceplate_request_header(
    request: *const Request<'_>,
    name: *const c_char,
    value: *mut c_char,
    len: usize,
) -> Code {
    // SAFETY: as the caller says; none is kept.
    let (request, name, room) = unsafe { (request.as_ref(), given(name), room(value, len)) };
    match (request, name, room) {
        (Some(request), Some(name), Some(room)) => header(request, name, room),
        _ => Code::INVALID_ARG,
    }
}

fn header(request: &Request<'_>, name: &CStr, room: &mut [u8]) -> Code {
    let Ok(text) = name.to_str() else {
        return Code::INVALID_ARG;
    };
    if let Some(value) = request.head.header(text) {
        return copy(value, room);
    }
    match request.httpd {
        Some(request) => port::header(request, name, room).into(),
        None => Code::NOT_FOUND,
    }
}

fn copy(text: &str, room: &mut [u8]) -> Code {
    fill(room, text);
    match text.len() < room.len() {
        true => Code::OK,
        false => Code::INVALID_SIZE,
    }
}

/// # Safety
/// `to` is null or for `len` bytes.
unsafe fn room<'r>(to: *mut c_char, len: usize) -> Option<&'r mut [u8]> {
    if to.is_null() || len == 0 {
        return None;
    }
    // SAFETY: as the caller says. What is in there does not matter.
    Some(unsafe { core::slice::from_raw_parts_mut(to.cast(), len) })
}
