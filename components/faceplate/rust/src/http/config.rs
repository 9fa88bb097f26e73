//! What the firmware decides about HTTP: `faceplate_http_config_t`.

use alloc::{string::String, vec::Vec};
use core::ffi::{c_char, c_void};

use super::request::Request;
use crate::{code::Code, text::given};

/// Bytes of a label in a name of the DNS.
const NAME_MAX: usize = 63;

/// Bytes of a version, as images have it at most.
const VERSION_MAX: usize = 64;

/// Bytes of a challenge.
const CHALLENGE_MAX: usize = 100;

/// Bytes of a host and its port: those of a name in the DNS, and `:65535`.
const HOST_MAX: usize = 259;

/// How many hosts, at most.
const HOSTS_MAX: usize = 16;

/// The hook that judges requests; its result is a `faceplate_verdict_t`.
pub(super) type Authorize = unsafe extern "C" fn(*const Request<'_>, u32, *mut c_void) -> u32;

/// `faceplate_http_config_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HttpConfig {
    name: *const c_char,
    firmware: *const c_char,
    hosts: *const *const c_char,
    pub(super) authorize: Option<Authorize>,
    challenge: *const c_char,
    pub(super) ctx: *mut c_void,
}

/// The texts of a configuration, of our own.
pub(super) struct Texts {
    pub(super) name: String,
    /// `None`: what the firmware says of itself elsewhere.
    pub(super) firmware: Option<String>,
    pub(super) hosts: Vec<String>,
    pub(super) challenge: String,
}

impl HttpConfig {
    /// `FACEPLATE_HTTP_CONFIG_DEFAULT()`.
    pub(super) const DEFAULT: Self = Self {
        name: core::ptr::null(),
        firmware: core::ptr::null(),
        hosts: core::ptr::null(),
        authorize: None,
        challenge: core::ptr::null(),
        ctx: core::ptr::null_mut(),
    };

    /// Copies the texts.
    ///
    /// # Safety
    /// They are null or end with NUL, and the hosts null or end with null.
    pub(super) unsafe fn texts(&self) -> Result<Texts, Code> {
        // SAFETY: as the caller says.
        let text = |theirs, usual, max| unsafe { copied(theirs, usual, max) };
        let name = text(self.name, Some("faceplate"), NAME_MAX)?.unwrap_or_default();
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let usual = Some(r#"Basic realm="faceplate""#);
        let challenge = text(self.challenge, usual, CHALLENGE_MAX)?.unwrap_or_default();
        let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        if !name.bytes().all(of_a_name) || !challenge.bytes().all(printable) {
            return Err(Code::INVALID_ARG);
        }
        let mut hosts = Vec::new();
        let mut next = self.hosts;
        // SAFETY: as the caller says: null ends them, which is not gone beyond.
        while let Some(host) = unsafe { next.as_ref() }.filter(|host| !host.is_null()) {
            let host = text(*host, None, HOST_MAX)?.unwrap_or_default();
            if hosts.len() == HOSTS_MAX || !host.is_ascii() {
                return Err(Code::INVALID_ARG);
            }
            hosts.try_reserve(1).map_err(|_| Code::NO_MEM)?;
            hosts.push(host);
            // SAFETY: it was not the last.
            next = unsafe { next.add(1) };
        }
        Ok(Texts {
            name,
            firmware: text(self.firmware, None, VERSION_MAX)?,
            hosts,
            challenge,
        })
    }
}

/// A copy of a text that is not empty and has at most `max` bytes, or of the usual one.
///
/// # Safety
/// It is null or ends with NUL.
unsafe fn copied(
    theirs: *const c_char,
    usual: Option<&str>,
    max: usize,
) -> Result<Option<String>, Code> {
    // SAFETY: as the caller says.
    let theirs = unsafe { given(theirs) };
    let theirs = theirs.map(|theirs| theirs.to_str().map_err(|_| Code::INVALID_ARG));
    let Some(text) = theirs.transpose()?.or(usual) else {
        return Ok(None);
    };
    if !(1..=max).contains(&text.len()) {
        return Err(Code::INVALID_ARG);
    }
    let mut copy = String::new();
    copy.try_reserve_exact(text.len())
        .map_err(|_| Code::NO_MEM)?;
    copy.push_str(text);
    Ok(Some(copy))
}
