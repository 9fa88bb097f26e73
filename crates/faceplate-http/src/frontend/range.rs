//! A part of a file (RFC 9110, 14): media seek, and downloads go on where they broke off.

use core::fmt;

use crate::{
    frontend::conditional::{ETag, is_strong_match},
    http::head::{Head, Method},
};

/// What of a file a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// All of it: no part is asked for, several are, or the request is not understood, which the
    /// standard allows to ignore.
    Whole,
    /// These bytes.
    Part(Part),
    /// Bytes that it does not have.
    Outside,
}

/// One part: at least one byte, and all of it in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) from: u32,
    pub(crate) len: u32,
    /// Bytes of the whole file.
    pub(crate) of: u32,
}

/// As `Content-Range` says it.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "bytes {}-{}/{}",
            self.from,
            self.from + (self.len - 1),
            self.of
        )
    }
}

/// What a request wants of a file of `size` bytes, which is as `etag` says now.
pub(crate) fn range(head: &Head<'_>, size: u32, etag: ETag) -> Range {
    if head.method != Method::Get {
        return Range::Whole;
    }
    let Ok(Some(range)) = head.single("Range") else {
        return Range::Whole;
    };
    match head.single("If-Range") {
        Ok(None) => parse(range, size).unwrap_or(Range::Whole),
        // A date matches nothing: files have none here. What the client has is another file then.
        Ok(Some(value)) if is_strong_match(value, etag) => {
            parse(range, size).unwrap_or(Range::Whole)
        }
        _ => Range::Whole,
    }
}

/// `None` for what is not one range of bytes.
fn parse(value: &[u8], size: u32) -> Option<Range> {
    let equals = value.iter().position(|&byte| byte == b'=')?;
    let (unit, spec) = (&value[..equals], value[equals + 1..].trim_ascii());
    if !unit.eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    let dash = spec.iter().position(|&byte| byte == b'-')?;
    let (first, last) = (&spec[..dash], &spec[dash + 1..]);
    let (from, end) = match (first, last) {
        (b"", last) => match number(last)? {
            0 => return Some(Range::Outside),
            // Nothing to name in an empty file, so all of it.
            _ if size == 0 => return None,
            n => (size.saturating_sub(n), size),
        },
        (first, b"") => (number(first)?, size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, size.min(last.saturating_add(1)))
        }
    };
    if from >= size {
        return Some(Range::Outside);
    }
    Some(Range::Part(Part {
        from,
        len: end - from,
        of: size,
    }))
}

/// Digits and nothing else. What is larger than any file is as large as the largest.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: ETag = ETag([0; 16]);
    const TEXT: &str = "\"00000000000000000000000000000000\"";

    fn asked(headers: &str, size: u32) -> Range {
        let text = std::format!("GET / HTTP/1.0\r\n{headers}\r\n");
        range(&Head::parse(text.as_bytes()).unwrap(), size, TAG)
    }

    fn bytes(spec: &str, size: u32) -> Range {
        asked(&std::format!("Range: bytes={spec}\r\n"), size)
    }

    #[test]
    fn one_range_is_that_part_of_the_file() {
        for (spec, from, len) in [
            ("0-0", 0, 1),
            ("0-", 0, 100),
            ("10-19", 10, 10),
            ("99-99", 99, 1),
            ("99-", 99, 1),
            ("50-1000", 50, 50),
            ("0-4294967295", 0, 100),
            ("0-99999999999999999999", 0, 100),
            ("-1", 99, 1),
            ("-100", 0, 100),
            ("-99999999999999999999", 0, 100),
            (" 10-19 ", 10, 10),
        ] {
            let part = Part { from, len, of: 100 };
            assert_eq!(bytes(spec, 100), Range::Part(part), "{spec}");
        }
        let part = Part {
            from: 10,
            len: 10,
            of: 100,
        };
        assert_eq!(std::format!("{part}"), "bytes 10-19/100");
        assert_eq!(asked("Range: BYTES=10-19\r\n", 100), Range::Part(part));
    }

    #[test]
    fn what_the_file_does_not_have_is_outside() {
        for (spec, size) in [
            ("100-", 100),
            ("100-200", 100),
            ("99999999999999999999-", 100),
            ("-0", 100),
            ("0-", 0),
            ("0-0", 0),
            ("-0", 0),
        ] {
            assert_eq!(bytes(spec, size), Range::Outside, "{spec} of {size}");
        }
        assert_eq!(bytes("-5", 0), Range::Whole);
        assert_eq!(bytes("4294967295-", u32::MAX), Range::Outside);
    }

    #[test]
    fn what_is_not_one_range_of_bytes_is_ignored() {
        for spec in [
            "", "-", "a-b", "1", "5-4", "+1-2", "1--2", "0x1-2", "0-1,3-4", "0-1,", ", 0-1",
            "1 - 2",
        ] {
            assert_eq!(bytes(spec, 100), Range::Whole, "{spec}");
        }
        for headers in [
            "",
            "Range: lines=0-1\r\n",
            "Range: bytes 0-1\r\n",
            "Range: bytes=0-1\r\nRange: bytes=2-3\r\n",
        ] {
            assert_eq!(asked(headers, 100), Range::Whole, "{headers}");
        }
        let head = "HEAD / HTTP/1.0\r\nRange: bytes=0-1\r\n\r\n";
        let head = Head::parse(head.as_bytes()).unwrap();
        assert_eq!(range(&head, 100, TAG), Range::Whole);
    }

    #[test]
    fn a_part_is_sent_if_the_rest_is_still_of_the_same_file() {
        let part = Range::Part(Part {
            from: 1,
            len: 1,
            of: 100,
        });
        for (condition, want) in [
            (TEXT, part),
            ("\"00000000000000000000000000000001\"", Range::Whole),
            (&std::format!("W/{TEXT}"), Range::Whole),
            (&std::format!("{TEXT}, \"x\""), Range::Whole),
            ("*", Range::Whole),
            ("", Range::Whole),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Range::Whole),
            (&std::format!("{TEXT}\r\nIf-Range: {TEXT}"), Range::Whole),
        ] {
            let headers = std::format!("Range: bytes=1-1\r\nIf-Range: {condition}\r\n");
            assert_eq!(asked(&headers, 100), want, "{condition}");
        }
        let outside = std::format!("Range: bytes=100-\r\nIf-Range: {TEXT}\r\n");
        assert_eq!(asked(&outside, 100), Range::Outside);
        let changed = "Range: bytes=100-\r\nIf-Range: \"x\"\r\n";
        assert_eq!(asked(changed, 100), Range::Whole);
    }
}
