//! Entity tags, and the requests that depend on them (RFC 9110, 8.8.3 and 13.1.2).

use core::fmt;

use faceplate::manifest::FileHash;

use crate::http::head::Head;

/// A strong entity tag: the hash of the bytes that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ETag(pub(crate) FileHash);

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("\"")
    }
}

impl ETag {
    /// Whether the text between the quotes is this tag.
    fn is(self, opaque: &[u8]) -> bool {
        let hex = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 15)];
        opaque.len() == 2 * self.0.len()
            && opaque
                .chunks_exact(2)
                .zip(self.0)
                .all(|(pair, byte)| pair == [hex(byte >> 4), hex(byte)])
    }
}

/// Whether the client has this content already: `If-None-Match` is there and matches. What cannot
/// be understood matches nothing.
pub(crate) fn not_modified(head: &Head<'_>, etag: ETag) -> bool {
    head.all("If-None-Match")
        .any(|value| value == b"*" || any_tag(value, |tag| etag.is(tag)))
}

/// Whether a value is exactly this tag, and not a weak one: what the client has and what would be sent
/// are the same bytes.
pub(crate) fn is_strong_match(value: &[u8], etag: ETag) -> bool {
    let opaque = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    opaque.is_some_and(|opaque| etag.is(opaque))
}

/// Whether any tag of a list passes. A tag may contain commas, so it is not a plain split.
fn any_tag(mut rest: &[u8], is: impl Fn(&[u8]) -> bool) -> bool {
    loop {
        rest = rest.trim_ascii_start();
        // Weak comparison is right for If-None-Match.
        rest = rest.strip_prefix(b"W/").unwrap_or(rest);
        let Some(after) = rest.strip_prefix(b"\"") else {
            return false;
        };
        let Some(end) = after.iter().position(|&byte| byte == b'"') else {
            return false;
        };
        if is(&after[..end]) {
            return true;
        }
        rest = after[end + 1..].trim_ascii_start();
        match rest.strip_prefix(b",") {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: ETag = ETag([0xa0, 0x0b, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff]);
    const TEXT: &str = "\"a00b02030405060708090a0b0c0d0eff\"";

    fn matches(lines: &[&str]) -> bool {
        let mut text = std::string::String::from("GET / HTTP/1.0\r\n");
        for line in lines {
            text += &std::format!("If-None-Match: {line}\r\n");
        }
        text += "\r\n";
        not_modified(&Head::parse(text.as_bytes()).unwrap(), TAG)
    }

    #[test]
    fn a_tag_is_quoted_hex() {
        assert_eq!(std::format!("{TAG}"), TEXT);
    }

    #[test]
    fn lists_weak_tags_and_the_star_match() {
        assert!(matches(&[TEXT]));
        assert!(matches(&["*"]));
        assert!(matches(&[&std::format!("W/{TEXT}")]));
        assert!(matches(&[&std::format!("\"a,b\" , W/\"\",{TEXT}")]));
        assert!(matches(&["\"x\"", TEXT]));
    }

    #[test]
    fn other_tags_and_nonsense_match_nothing() {
        assert!(!matches(&[]));
        assert!(!matches(&["\"a00b02030405060708090a0b0c0d0efe\""]));
        assert!(!matches(&[TEXT.trim_matches('"')]));
        assert!(!matches(&[&TEXT.to_uppercase()]));
        assert!(!matches(&["\"x"]));
        assert!(!matches(&["w/\"x\""]));
        assert!(!matches(&[&std::format!("\"x\" {TEXT}")]));
        assert!(!matches(&["\"\""]));
    }
}
