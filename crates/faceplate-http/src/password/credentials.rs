//! What a request says of who sends it.

use crate::http::head::{Head, HeadError, Method};

/// Longest plain password with its user name, bytes.
pub(super) const PLAIN_MAX: usize = 192;

/// Who a request says that it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credentials<'h> {
    /// It says nothing.
    None,
    /// `Faceplate SESSION.NUMBER.MAC`, in the header or the query.
    Session(Signed<'h>),
    /// `Basic …`, in base64.
    Basic(&'h str),
    /// One of the two, and it cannot be understood.
    Malformed,
}

/// A request that a session signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signed<'h> {
    pub(super) session: u64,
    pub(super) number: u64,
    pub(super) mac: [u8; 16],
    /// The path and the query, without these.
    pub(super) target: [&'h str; 2],
}

/// The largest number: what JavaScript counts exactly.
const NUMBER_MAX: u64 = (1 << 53) - 1;
/// The parameter of those who cannot send headers: `EventSource`, `WebSocket`.
const PARAMETER: &str = "auth=";

impl<'h> Credentials<'h> {
    /// Reads the head. `query`: is that of a request whose target has its `?` and all behind it.
    pub(super) fn of(head: &Head<'h>) -> Result<Self, HeadError> {
        let value = head.single("Authorization")?.map(core::str::from_utf8);
        let whole = [head.path, head.query];
        match value {
            // A change can send headers, and its query may mean something else.
            None if head.method != Method::Get => Ok(Self::None),
            None => Ok(match split_query(head.query) {
                Some((query, text)) => Self::session(text, [head.path, query]),
                None => Self::None,
            }),
            Some(Err(_)) => Ok(Self::Malformed),
            Some(Ok(value)) => {
                let (scheme, text) = value.split_once(' ').unwrap_or((value, ""));
                let is = |name: &str| scheme.eq_ignore_ascii_case(name);
                Ok(match text.trim_start_matches(' ') {
                    text if is("Faceplate") => Self::session(text, whole),
                    text if is("Basic") => Self::Basic(text),
                    // The firmware's own login may understand it.
                    _ => Self::None,
                })
            }
        }
    }

    fn session(text: &str, target: [&'h str; 2]) -> Self {
        let parts = || {
            let mut parts = text.split('.');
            let parts = [
                parts.next()?,
                parts.next()?,
                parts.next()?,
                parts.next().unwrap_or(""),
            ];
            let [session, number, mac, ""] = parts else {
                return None;
            };
            let number = decimal(number).filter(|number| (1..=NUMBER_MAX).contains(number))?;
            Some(Signed {
                session: u64::from_be_bytes(hex(session)?),
                number,
                mac: hex(mac)?,
                target,
            })
        };
        parts().map_or(Self::Malformed, Self::Session)
    }
}

/// The query before the last parameter, and what that says, if it is ours.
fn split_query(query: &str) -> Option<(&str, &str)> {
    let at = query.rfind('&').map_or(0, |at| at + 1);
    let text = query.get(at..)?.strip_prefix(PARAMETER)?;
    Some((query[..at].trim_end_matches('&'), text))
}

fn decimal(text: &str) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Exactly `N` bytes in lower-case digits.
pub(super) fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| match digits[at] {
            byte @ b'0'..=b'9' => Some(byte - b'0'),
            byte @ b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    const TEXT: &str = "0123456789abcdef.42.000102030405060708090a0b0c0d0e0f";

    fn signed<'h>(path: &'h str, query: &'h str) -> Credentials<'h> {
        Credentials::Session(Signed {
            session: 0x0123_4567_89ab_cdef,
            number: 42,
            mac: core::array::from_fn(|at| at as u8),
            target: [path, query],
        })
    }

    fn check(target: &str, lines: &str, want: Result<Credentials<'_>, ()>) {
        let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let head = Head::parse(text.as_bytes()).unwrap();
        let found = Credentials::of(&head).map_err(|_| ());
        assert_eq!(found, want, "{target} {lines}");
    }

    #[test]
    fn they_are_in_the_header_or_last_in_the_query() {
        let line = format!("Authorization: Faceplate {TEXT}\r\n");
        check("/x", &line, Ok(signed("/x", "")));
        check("/x?a=b&auth=c", &line, Ok(signed("/x", "a=b&auth=c")));
        let line = format!("authorization: FACEPLATE   {TEXT}\r\n");
        check("/x", &line, Ok(signed("/x", "")));
        for (query, rest) in [
            ("", ""),
            ("a=b&", "a=b"),
            ("a&&", "a"),
            ("auth=x&", "auth=x"),
        ] {
            check(
                &format!("/x?{query}auth={TEXT}"),
                "",
                Ok(signed("/x", rest)),
            );
        }
        for target in [
            "/",
            "/x?",
            "/x?a=b",
            "/x?auth",
            "/x?xauth=a",
            "/x?auth=a&b=c",
        ] {
            check(target, "", Ok(Credentials::None));
        }
    }

    #[test]
    fn other_schemes_are_for_others() {
        check("/", "Authorization: Bearer x\r\n", Ok(Credentials::None));
        check(
            "/",
            "Authorization: Faceplates x\r\n",
            Ok(Credentials::None),
        );
        check(
            "/",
            "Authorization: Basic Og==\r\n",
            Ok(Credentials::Basic("Og==")),
        );
        check("/", "Authorization: basic\r\n", Ok(Credentials::Basic("")));
        check("/", "Authorization: a\r\nAuthorization: b\r\n", Err(()));
    }

    #[test]
    fn what_cannot_be_understood_is_not_taken_for_nothing() {
        for text in [
            "",
            "x",
            "0123456789abcdef.42",
            "0123456789abcdef.0.000102030405060708090a0b0c0d0e0f",
            "0123456789abcdef.+42.000102030405060708090a0b0c0d0e0f",
            "0123456789abcdef.9007199254740992.000102030405060708090a0b0c0d0e0f",
            "0123456789abcdef.99999999999999999999.000102030405060708090a0b0c0d0e0f",
            "0123456789ABCDEF.42.000102030405060708090a0b0c0d0e0f",
            "0123456789abcde.42.000102030405060708090a0b0c0d0e0f",
            "0123456789abcdef.42.000102030405060708090a0b0c0d0e",
            "0123456789abcdef.42.000102030405060708090a0b0c0d0e0f.1",
        ] {
            let line = format!("Authorization: Faceplate {text}\r\n");
            check("/", &line, Ok(Credentials::Malformed));
            check(&format!("/?auth={text}"), "", Ok(Credentials::Malformed));
        }
        check("/", "Authorization: \u{e4}\r\n", Ok(Credentials::None));
    }
}
