//! The head of a request, written again from its parts.

use crate::http::head::{HeadError, is_token};

/// The headers that Faceplate reads, for a server that must be asked for each by its name. A login or
/// routes of the firmware's own may read others.
pub const HEADERS: [&str; 18] = [
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Connection",
    "Content-Digest",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Expect",
    "Host",
    "If-None-Match",
    "If-Range",
    "Origin",
    "Range",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Transfer-Encoding",
    "Upgrade",
];

/// Writes the head of a request for [`serve_request`](super::serve_request), where another server has
/// taken it apart and kept no bytes of it.
///
/// No part can end its line: what has a line's end or another control character in it makes the whole
/// head an error. Whether the head is right besides is found out by who reads it.
///
/// Every header that the client sent belongs in it ([`HEADERS`] at the least), as often as it was sent,
/// `Content-Length` and `Transfer-Encoding` above all: they say where the request ends.
///
/// ```
/// use faceplate_http::beside::HeadWriter;
/// use faceplate_http::limits::RECEIVE_BUFFER;
///
/// let mut buf = [0; RECEIVE_BUFFER];
/// let mut head = HeadWriter::new(&mut buf, "GET", "/api/ota/status", "HTTP/1.1");
/// head.header("Host", b"provider.local");
/// let bytes = head.end()?;
/// assert_eq!(bytes, b"GET /api/ota/status HTTP/1.1\r\nHost: provider.local\r\n\r\n");
/// # Ok::<(), faceplate_http::head::HeadError>(())
/// ```
#[derive(Debug)]
pub struct HeadWriter<'b> {
    buf: &'b mut [u8],
    /// Bytes so far, or what is wrong with it.
    len: Result<usize, HeadError>,
}

impl<'b> HeadWriter<'b> {
    /// Begins with the request line. A buffer of [`RECEIVE_BUFFER`](crate::limits::RECEIVE_BUFFER) bytes
    /// has room for every head that is answered.
    pub fn new(buf: &'b mut [u8], method: &str, target: &str, version: &str) -> Self {
        let parts = [method, target, version];
        let graphic = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic());
        let mut head = Self { buf, len: Ok(0) };
        match parts.into_iter().all(graphic) {
            true => head.push([method, " ", target, " ", version].map(str::as_bytes)),
            false => head.len = Err(HeadError::RequestLine),
        }
        head
    }

    /// Adds a header.
    pub fn header(&mut self, name: &str, value: &[u8]) {
        if name.is_empty() || !name.bytes().all(is_token) {
            self.fail(HeadError::HeaderLine);
        }
        if value.iter().any(|&b| b.is_ascii_control() && b != b'\t') {
            self.fail(HeadError::ControlCharacter);
        }
        self.push([name.as_bytes(), b": ", value]);
    }

    /// Ends it: the head's bytes.
    ///
    /// # Errors
    /// A part that cannot be in a head, or [`HeadError::TooLong`] for the buffer; answer with
    /// [`HeadError::status`].
    pub fn end(mut self) -> Result<&'b [u8], HeadError> {
        self.push([]);
        let Self { buf, len } = self;
        len.map(|len| &buf[..len])
    }

    /// Adds a line.
    fn push<const N: usize>(&mut self, parts: [&[u8]; N]) {
        for part in parts.into_iter().chain([&b"\r\n"[..]]) {
            let Ok(len) = self.len else { return };
            let end = len + part.len();
            self.len = match self.buf.get_mut(len..end) {
                Some(room) => {
                    room.copy_from_slice(part);
                    Ok(end)
                }
                None => Err(HeadError::TooLong),
            };
        }
    }

    fn fail(&mut self, error: HeadError) {
        // The first one counts.
        self.len = self.len.and(Err(error));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::Path,
        string::{String, ToString},
        vec::Vec,
    };

    use super::*;
    use crate::{
        Method,
        http::head::{Head, find_end},
    };

    fn write(line: [&str; 3], headers: &[(&str, &[u8])]) -> Result<Vec<u8>, HeadError> {
        let mut buf = [0; 128];
        let [method, target, version] = line;
        let mut head = HeadWriter::new(&mut buf, method, target, version);
        for (name, value) in headers {
            head.header(name, value);
        }
        head.end().map(<[u8]>::to_vec)
    }

    const LINE: [&str; 3] = ["POST", "/api/ota/frontend?confirm=device", "HTTP/1.1"];

    #[test]
    fn what_was_written_is_read() {
        let headers: [(&str, &[u8]); 3] = [
            ("Host", b"a"),
            ("Content-Length", b"4096"),
            ("X-Name", "\u{e4}\t".as_bytes()),
        ];
        let bytes = write(LINE, &headers).unwrap();
        assert_eq!(find_end(&bytes), Ok(Some(bytes.len())));
        let head = Head::parse(&bytes).unwrap();
        assert_eq!(
            (head.method, head.path),
            (Method::Post, "/api/ota/frontend")
        );
        assert_eq!((head.query, head.host), ("confirm=device", Some("a")));
        assert_eq!(head.content_length, Some(4096));
        assert_eq!(head.header("x-name"), Some("\u{e4}"));
    }

    #[test]
    fn no_part_ends_its_line() {
        for bad in ["a\r\nHost: b", "a\nb", "a\rb", "a\0", "a b", ""] {
            for at in 0..LINE.len() {
                let mut line = LINE;
                line[at] = bad;
                let wrong = Err(HeadError::RequestLine);
                assert_eq!(write(line, &[("Host", b"a")]), wrong, "{line:?}");
            }
            let wrong = Err(HeadError::HeaderLine);
            assert_eq!(
                write(LINE, &[("Host", b"a"), (bad, b"b")]),
                wrong,
                "{bad:?}"
            );
        }
        for bad in ["a\r\nHost: b", "\n", "\r", "a\0", "\x7f"] {
            let wrong = Err(HeadError::ControlCharacter);
            let headers: [(&str, &[u8]); 2] = [("X", bad.as_bytes()), ("Host", b"a")];
            assert_eq!(write(LINE, &headers), wrong, "{bad:?}");
        }
        assert_eq!(write(LINE, &[("X:", b"")]), Err(HeadError::HeaderLine));
    }

    #[test]
    fn what_has_no_room_is_an_error() {
        let whole = write(LINE, &[("Host", b"a"), ("X", b"")]).unwrap();
        for len in 0..=whole.len() {
            let mut buf = std::vec![0; len];
            let mut head = HeadWriter::new(&mut buf, LINE[0], LINE[1], LINE[2]);
            head.header("Host", b"a");
            head.header("X", b"");
            let want = match len == whole.len() {
                true => Ok(&whole[..]),
                false => Err(HeadError::TooLong),
            };
            assert_eq!(head.end(), want, "{len}");
        }
    }

    /// Names of headers that the sources ask a head for.
    fn asked_for(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                asked_for(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for call in ["header", "all", "single", "has", "is"] {
                let call_of = std::format!(".{call}(\"");
                let calls = text.split(&call_of).skip(1);
                found.extend(calls.filter_map(|rest| {
                    let (name, rest) = rest.split_once('"')?;
                    let reads = rest.starts_with(')') || call == "has";
                    let is_name = name.starts_with(|first: char| first.is_ascii_uppercase());
                    (reads && is_name).then(|| name.to_string())
                }));
            }
        }
    }

    #[test]
    fn the_headers_are_those_that_are_read() {
        let mut found = BTreeSet::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        asked_for(&sources, &mut found);
        let listed: BTreeSet<_> = HEADERS.iter().map(ToString::to_string).collect();
        assert_eq!(found, listed);
    }
}
