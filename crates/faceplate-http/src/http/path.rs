//! The path of a request, decoded, as the name of a file in the image.

/// Why a path names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathError {
    /// Not percent-encoded UTF-8, or with control characters.
    Malformed,
    /// A `.` or `..` segment, however its slashes are written, which browsers take out by themselves;
    /// or longer than any path.
    NoSuchFile,
}

/// Bytes of the path of a request target, decoded.
pub(crate) fn decoded_len(encoded: &str) -> usize {
    let escapes = encoded.bytes().filter(|byte| *byte == b'%').count();
    encoded.len().saturating_sub(2 * escapes)
}

/// A path that is built in a borrowed buffer.
pub(crate) struct Path<'s> {
    buf: &'s mut [u8],
    len: usize,
    names_a_file: bool,
}

impl<'s> Path<'s> {
    /// Decodes the path of a request target, into a buffer as long as it came. A `/` at the end stays, for a
    /// directory.
    pub(crate) fn decode(encoded: &str, buf: &'s mut [u8]) -> Result<Self, PathError> {
        let encoded = encoded.strip_prefix('/').ok_or(PathError::Malformed)?;
        let mut path = Path {
            buf,
            len: 0,
            names_a_file: true,
        };
        path.push(b"/").ok_or(PathError::NoSuchFile)?;
        let mut bytes = encoded.bytes();
        let mut escaped_slash = false;
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'%' => {
                    let mut digit = || char::from(bytes.next()?).to_digit(16);
                    let (Some(high), Some(low)) = (digit(), digit()) else {
                        return Err(PathError::Malformed);
                    };
                    let byte = (high << 4 | low) as u8;
                    escaped_slash |= byte == b'/';
                    byte
                }
                byte => byte,
            };
            if byte.is_ascii_control() {
                return Err(PathError::Malformed);
            }
            path.push(&[byte]).ok_or(PathError::NoSuchFile)?;
        }
        if core::str::from_utf8(&path.buf[..path.len]).is_err() {
            return Err(PathError::Malformed);
        }
        let name = path.as_str();
        let name = name.strip_suffix('/').unwrap_or(name);
        if name.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(PathError::NoSuchFile);
        }
        // The root is the one empty path; "//" is not.
        let empty = !path.as_str().is_empty() && name.split('/').any(str::is_empty);
        path.names_a_file = !escaped_slash && !empty;
        Ok(path)
    }

    /// Whether a file can be called like that. No file is where a segment is empty or has a `/` inside:
    /// such a path is a route of an app, or nothing.
    pub(crate) const fn names_a_file(&self) -> bool {
        self.names_a_file
    }

    /// The path so far, as a file is called: without the `/` at its start.
    pub(crate) fn as_str(&self) -> &str {
        self.whole().get(1..).unwrap_or_default()
    }

    /// The path so far.
    pub(crate) fn whole(&self) -> &str {
        // Only UTF-8 is ever put in; checked after decoding, and only text is added.
        core::str::from_utf8(&self.buf[..self.len]).unwrap_or_default()
    }

    /// The path, for as long as the buffer is borrowed.
    pub(crate) fn into_whole(self) -> &'s str {
        core::str::from_utf8(&self.buf[..self.len]).unwrap_or_default()
    }

    /// Bytes so far.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Takes back what was added since it was `len` bytes long.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Adds to it; `None`, and nothing added, when that is too long.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len + bytes.len();
        self.buf.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};

    use super::*;

    fn decode(encoded: &str) -> Result<String, PathError> {
        let mut buf = [0; 64];
        Path::decode(encoded, &mut buf).map(|path| path.as_str().to_string())
    }

    #[test]
    fn escapes_are_decoded_once() {
        for (encoded, want) in [
            ("/", ""),
            ("/a/b.js", "a/b.js"),
            ("/a%20b", "a b"),
            ("/%C3%A4/", "ä/"),
            ("/a+b", "a+b"),
            ("/%2541", "%41"),
            ("/...", "..."),
            ("/a..b/.c", "a..b/.c"),
            ("/a%5Cb", "a\\b"),
        ] {
            assert_eq!(decode(encoded).as_deref(), Ok(want), "{encoded}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_root() {
        for encoded in [
            "/..",
            "/../",
            "/../x",
            "/a/../b",
            "/a/..",
            "/%2e%2e/x",
            "/.%2E/x",
            "/./x",
            "/a/.",
            "/..%2fx",
            "/a%2F..",
            "/a%2f%2e%2e%2fb",
            "/a//../b",
            "/a%2F.",
            "/a//.",
        ] {
            assert_eq!(decode(encoded), Err(PathError::NoSuchFile), "{encoded}");
        }
    }

    #[test]
    fn no_file_is_called_by_a_route_with_empty_segments_or_a_slash_in_one() {
        let mut buf = [0; 64];
        for (encoded, names) in [
            ("/", true),
            ("/a", true),
            ("/a/", true),
            ("/a/192.168.1.5", true),
            ("/a%5Cb", true),
            ("/a%252Fb", true),
            ("//", false),
            ("//x", false),
            ("/a//b", false),
            ("/a//", false),
            ("/a%2Fb", false),
            ("/%2f", false),
            ("/a/b%2F", false),
        ] {
            let path = Path::decode(encoded, &mut buf).unwrap();
            assert_eq!(path.names_a_file(), names, "{encoded}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for encoded in [
            "/%", "/%4", "/%zz", "/%+1", "/%00", "/a%0d", "/%7f", "/%ff", "/%c3", "*",
        ] {
            assert_eq!(decode(encoded), Err(PathError::Malformed), "{encoded}");
        }
    }

    #[test]
    fn a_suffix_that_does_not_fit_is_no_path() {
        let mut buf = [0; 5];
        let mut path = Path::decode("/abc", &mut buf).unwrap();
        assert_eq!(path.push(b"de"), None);
        assert_eq!(path.as_str(), "abc");
        assert_eq!(path.push(b"d"), Some(()));
        assert_eq!(path.as_str(), "abcd");
        path.truncate(4);
        assert_eq!((path.as_str(), path.whole()), ("abc", "/abc"));
        assert_eq!(
            decode(&std::format!("/{}", "x".repeat(65))),
            Err(PathError::NoSuchFile)
        );
    }
}
