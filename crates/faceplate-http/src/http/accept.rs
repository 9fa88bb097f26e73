//! What a client takes (RFC 9110, 12.5): a page, and compressed content.

use crate::http::head::{Head, list};

/// Whether a browser asks for a page, and not a script or a program for data: `*/*` does not count.
pub(crate) fn accepts_html(head: &Head<'_>) -> bool {
    head.all("Accept").flat_map(list).any(|range| {
        let (media_type, refused) = weighed(range);
        let html = media_type.eq_ignore_ascii_case(b"text/html")
            || media_type.eq_ignore_ascii_case(b"application/xhtml+xml");
        html && !refused
    })
}

/// Whether gzip may be sent. A client that does not say what it takes may get anything; what it
/// says of gzip counts more than what it says of all.
pub(crate) fn accepts_gzip(head: &Head<'_>) -> bool {
    if head.all("Accept-Encoding").next().is_none() {
        return true;
    }
    let (mut gzip, mut all) = (None, None);
    for coding in head.all("Accept-Encoding").flat_map(list) {
        let (name, refused) = weighed(coding);
        if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") {
            gzip = Some(!refused);
        } else if name == b"*" {
            all = Some(!refused);
        }
    }
    gzip.or(all).unwrap_or(false)
}

/// What comes before the parameters, and whether one of these says that it is not acceptable.
fn weighed(element: &[u8]) -> (&[u8], bool) {
    let mut parts = element.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().unwrap_or_default();
    (name, parts.any(is_zero_weight))
}

/// `q=0`, `q=0.0` and so on: not acceptable.
fn is_zero_weight(parameter: &[u8]) -> bool {
    match parameter {
        [b'q' | b'Q', b'=', b'0', rest @ ..] => rest.iter().all(|byte| matches!(byte, b'.' | b'0')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(lines: &[&str]) -> bool {
        let mut text = std::string::String::from("GET / HTTP/1.0\r\n");
        for line in lines {
            text += &std::format!("Accept-Encoding: {line}\r\n");
        }
        text += "\r\n";
        accepts_gzip(&Head::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn gzip_is_taken_by_who_says_so_and_by_who_says_nothing() {
        for lines in [
            &[][..],
            &["gzip"],
            &["gzip, deflate, br"],
            &["br", "GZIP"],
            &["x-gzip"],
            &["*"],
            &["identity;q=1, *;q=0.1"],
            &["gzip;q=0.001"],
            &["gzip ; q=1.0 , *;q=0"],
            &["*;q=0, gzip"],
        ] {
            assert!(gzip(lines), "{lines:?}");
        }
        for lines in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip; Q=0.000, *",
            "*;q=0",
            "identity;q=1, *;q=0",
            "deflate, gzipped",
        ] {
            assert!(!gzip(&[lines]), "{lines}");
        }
    }
}
