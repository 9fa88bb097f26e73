//! The head of a request: found, checked and taken apart, strictly (RFC 9112).
//!
//! A server that is lenient where a proxy is strict, or the other way round, ends up parsing a
//! body as a request. So everything unusual is an error here, and an error closes the connection.

use core::fmt;

use crate::limits::{PATH_WITH_BODY_MAX, RECEIVE_BUFFER, TARGET_MAX};

/// The methods that anything here answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD: like GET, without the body.
    Head,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// OPTIONS.
    Options,
    /// Any other.
    Other,
}

impl Method {
    /// As it is written; nothing for those that nothing answers to.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => "",
        }
    }
}

/// What an `Expect` header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Nothing,
    /// `100-continue`: the client waits for a word before it sends its body.
    Continue,
    /// Something that nobody here knows.
    Unknown,
}

/// Why bytes are not the head of a request. The connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadError {
    /// A control character, or a line that does not end in CR LF.
    ControlCharacter,
    /// Not `METHOD SP target SP HTTP/x.y`.
    RequestLine,
    /// The target is neither a path nor an `http` URL.
    Target,
    /// The target is longer than [`TARGET_MAX`].
    TargetTooLong,
    /// HTTP, but neither 1.0 nor 1.1.
    Version,
    /// Not `name: value`; also a folded line, or a space before the colon.
    HeaderLine,
    /// None or several `Host` headers, or one that disagrees with the target.
    Host,
    /// A header that must be there once is there several times.
    Duplicate(&'static str),
    /// A `Content-Length` that is no plain decimal number.
    ContentLength,
    /// Both `Content-Length` and `Transfer-Encoding`, or the latter in HTTP/1.0.
    Framing,
    /// Longer than the receive buffer.
    TooLong,
}

impl HeadError {
    /// The status that answers it.
    pub const fn status(self) -> u16 {
        match self {
            Self::TargetTooLong => 414,
            Self::TooLong => 431,
            Self::Version => 505,
            _ => 400,
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlCharacter => {
                f.write_str("the request has a control character or a line without CR LF")
            }
            Self::RequestLine => f.write_str("the request line is not METHOD, target, version"),
            Self::Target => f.write_str("the request target is neither a path nor an http URL"),
            Self::TargetTooLong => {
                write!(
                    f,
                    "the request target is longer than {TARGET_MAX} bytes, or its path than {PATH_WITH_BODY_MAX} before a body"
                )
            }
            Self::Version => f.write_str("HTTP/1.1 and HTTP/1.0 are spoken here"),
            Self::HeaderLine => f.write_str("a header line is not `Name: value`"),
            Self::Host => f.write_str("the request must name exactly one host"),
            Self::Duplicate(name) => write!(f, "there is more than one {name}"),
            Self::ContentLength => f.write_str("Content-Length is not a decimal number"),
            Self::Framing => {
                f.write_str("Transfer-Encoding with Content-Length or in HTTP/1.0 is ambiguous")
            }
            Self::TooLong => write!(
                f,
                "the request line and headers are longer than {RECEIVE_BUFFER} bytes"
            ),
        }
    }
}

impl core::error::Error for HeadError {}

/// The head of a request, borrowed from the bytes it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'b> {
    /// What to do.
    pub method: Method,
    /// The path, still percent-encoded; starts with `/`, or is `*`.
    pub path: &'b str,
    /// What comes after the first `?`, or nothing.
    pub query: &'b str,
    /// The host that the client means, with its port; `None` only in HTTP/1.0.
    pub host: Option<&'b str>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
    /// Whether there is a `Transfer-Encoding`; none is supported.
    pub transfer_encoding: bool,
    /// What the client waits for before it sends the body.
    pub expect: Expect,
    /// Whether the client speaks HTTP/1.1, not 1.0.
    pub http11: bool,
    /// Whether the client allows another request on this connection.
    pub keep_alive: bool,
    headers: Headers<'b>,
}

/// Where the head in `bytes` ends, just behind its empty line; `None` when it is not all there.
///
/// Empty lines before a request are part of its head (RFC 9112, 2.2).
///
/// # Errors
/// [`HeadError::ControlCharacter`] as soon as the bytes so far cannot become a head, whatever
/// follows.
pub fn find_end(bytes: &[u8]) -> Result<Option<usize>, HeadError> {
    let mut at = leading(bytes);
    let mut line_start = at;
    while at < bytes.len() {
        match bytes[at] {
            b'\r' => match bytes.get(at + 1) {
                None => return Ok(None),
                Some(b'\n') if at == line_start => return Ok(Some(at + 2)),
                Some(b'\n') => {
                    at += 2;
                    line_start = at;
                }
                Some(_) => return Err(HeadError::ControlCharacter),
            },
            b'\t' | b' '..=b'~' | 0x80.. => at += 1,
            _ => return Err(HeadError::ControlCharacter),
        }
    }
    Ok(None)
}

/// Bytes of the empty lines that come before the request line.
fn leading(bytes: &[u8]) -> usize {
    bytes
        .chunks_exact(2)
        .take_while(|pair| pair == b"\r\n")
        .count()
        * 2
}

impl<'b> Head<'b> {
    /// Takes a whole head apart, as long as [`find_end`] says.
    ///
    /// # Errors
    /// Whatever is unusual; see [`HeadError`].
    pub fn parse(bytes: &'b [u8]) -> Result<Self, HeadError> {
        let bytes = &bytes[leading(bytes)..];
        let (line, headers) = split_line(bytes).ok_or(HeadError::RequestLine)?;
        let line = RequestLine::parse(line)?;
        let headers = Headers(headers);
        let asked = Asked::of(headers)?;

        let content_length = match asked.content_length.get("Content-Length")? {
            Some(value) => Some(decimal(value).ok_or(HeadError::ContentLength)?),
            None => None,
        };
        let transfer_encoding = asked.transfer_encoding;
        if transfer_encoding && (content_length.is_some() || !line.http11) {
            return Err(HeadError::Framing);
        }
        let host = match asked.host.get("Host").map_err(|_| HeadError::Host)? {
            Some(host) => Some(core::str::from_utf8(host).map_err(|_| HeadError::Host)?),
            None if line.http11 => return Err(HeadError::Host),
            None => None,
        };
        // RFC 9112, 3.2.2: an absolute target names the host; a Host header that says otherwise
        // makes the request ambiguous.
        let host = match (line.authority, host) {
            (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => {
                return Err(HeadError::Host);
            }
            (Some(authority), _) => Some(authority),
            (None, host) => host,
        };
        let expect = match asked.expect.get("Expect")? {
            Some(value) if !line.http11 || value.is_empty() => Expect::Nothing,
            Some(value) if value.eq_ignore_ascii_case(b"100-continue") => Expect::Continue,
            Some(_) => Expect::Unknown,
            None => Expect::Nothing,
        };
        Ok(Self {
            method: line.method,
            path: line.path,
            query: line.query,
            host,
            content_length,
            transfer_encoding,
            expect,
            http11: line.http11,
            keep_alive: line.http11 && !asked.close,
            headers,
        })
    }

    /// The value of a header that is there once and is text; its name in any case.
    pub fn header(&self, name: &str) -> Option<&'b str> {
        let mut all = self.headers.all(name);
        match (all.next(), all.next()) {
            (Some(value), None) => core::str::from_utf8(value).ok(),
            _ => None,
        }
    }

    /// Whether a header that is a list, such as `Connection`, has this element.
    pub(crate) fn has(&self, name: &'static str, element: &str) -> bool {
        let mut elements = self.all(name).flat_map(list);
        elements.any(|one| one.eq_ignore_ascii_case(element.as_bytes()))
    }

    /// The values of all headers of this name.
    pub fn all(&self, name: &'static str) -> impl Iterator<Item = &'b [u8]> {
        self.headers.all(name)
    }

    /// The value of a header that must not be there twice.
    ///
    /// # Errors
    /// When it is.
    pub fn single(&self, name: &'static str) -> Result<Option<&'b [u8]>, HeadError> {
        self.headers.single(name)
    }

    /// Whether bytes follow that belong to this request.
    pub const fn has_body(&self) -> bool {
        self.transfer_encoding || matches!(self.content_length, Some(1..))
    }
}

struct RequestLine<'b> {
    method: Method,
    authority: Option<&'b str>,
    path: &'b str,
    query: &'b str,
    http11: bool,
}

impl<'b> RequestLine<'b> {
    fn parse(line: &'b [u8]) -> Result<Self, HeadError> {
        let line = core::str::from_utf8(line).map_err(|_| HeadError::RequestLine)?;
        let mut parts = line.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(HeadError::RequestLine);
        };
        if method.is_empty() || !method.bytes().all(is_token) {
            return Err(HeadError::RequestLine);
        }
        let http11 = match version.as_bytes() {
            b"HTTP/1.0" => false,
            // A higher minor version is one that also understands 1.1 (RFC 9110, 2.5).
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => true,
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                return Err(HeadError::Version);
            }
            _ => return Err(HeadError::RequestLine),
        };
        if target.len() > TARGET_MAX {
            return Err(HeadError::TargetTooLong);
        }
        if !target
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#')
        {
            return Err(HeadError::Target);
        }
        let method = match method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            _ => Method::Other,
        };
        let (authority, rest) = split_target(target).ok_or(HeadError::Target)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self {
            method,
            authority,
            path,
            query,
            http11,
        })
    }
}

/// Splits a target into its authority, if it is an absolute URL, and path with query.
pub(crate) fn split_target(target: &str) -> Option<(Option<&str>, &str)> {
    const SCHEME: &str = "http://";
    if target.starts_with('/') || target == "*" {
        return Some((None, target));
    }
    let scheme = target.get(..SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let rest = &target[SCHEME.len()..];
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    Some((Some(&rest[..end]), &rest[end..]))
}

/// The header lines, each known to be `name: value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Headers<'b>(&'b [u8]);

impl<'b> Headers<'b> {
    fn lines(self) -> impl Iterator<Item = &'b [u8]> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (line, after) = split_line(rest)?;
            rest = after;
            (!line.is_empty()).then_some(line)
        })
    }

    fn all(self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        // Each line was looked at before: what has the name and a colon in front is that header.
        self.lines().filter_map(move |line| {
            let (key, rest) = line.split_at_checked(name.len())?;
            let value = rest.strip_prefix(b":")?;
            key.eq_ignore_ascii_case(name.as_bytes())
                .then(|| value.trim_ascii())
        })
    }

    fn single(self, name: &'static str) -> Result<Option<&'b [u8]>, HeadError> {
        let mut found = Single::default();
        self.all(name).for_each(|value| found.add(value));
        found.get(name)
    }
}

/// A header that must not be there twice.
#[derive(Default)]
struct Single<'b> {
    value: Option<&'b [u8]>,
    again: bool,
}

impl<'b> Single<'b> {
    fn add(&mut self, value: &'b [u8]) {
        self.again |= self.value.replace(value).is_some();
    }

    fn get(&self, name: &'static str) -> Result<Option<&'b [u8]>, HeadError> {
        match self.again {
            true => Err(HeadError::Duplicate(name)),
            false => Ok(self.value),
        }
    }
}

/// The name of a header.
struct Name<'b>(&'b [u8]);

impl Name<'_> {
    fn is(&self, known: &str) -> bool {
        self.0.eq_ignore_ascii_case(known.as_bytes())
    }
}

/// What every head is asked for: where the request ends, whose it is, and what comes after it. All of it in one go,
/// since a head is taken apart several times.
#[derive(Default)]
struct Asked<'b> {
    content_length: Single<'b>,
    transfer_encoding: bool,
    host: Single<'b>,
    expect: Single<'b>,
    close: bool,
}

impl<'b> Asked<'b> {
    /// Finds that, and that each line is a header.
    fn of(headers: Headers<'b>) -> Result<Self, HeadError> {
        let mut found = Self::default();
        for line in headers.lines() {
            let (name, value) = split_header(line).ok_or(HeadError::HeaderLine)?;
            let name = Name(name);
            if name.is("Content-Length") {
                found.content_length.add(value);
            } else if name.is("Host") {
                found.host.add(value);
            } else if name.is("Expect") {
                found.expect.add(value);
            } else if name.is("Connection") {
                found.close |= list(value).any(|one| one.eq_ignore_ascii_case(b"close"));
            } else {
                found.transfer_encoding |= name.is("Transfer-Encoding");
            }
        }
        Ok(found)
    }
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        // Looking for one byte is a fraction of looking for two, and heads are looked through often.
        let end = from + bytes[from..].iter().position(|&byte| byte == b'\r')?;
        if let Some(after) = bytes[end + 1..].strip_prefix(b"\n") {
            return Some((&bytes[..end], after));
        }
        from = end + 1;
    }
}

fn split_header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    (!name.is_empty() && name.iter().copied().all(is_token)).then(|| (name, value.trim_ascii()))
}

/// The non-empty elements of a comma-separated value.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

/// Digits and nothing else.
fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// RFC 9110, 5.6.2.
pub(crate) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
