//! The body that names a network: `{"ssid": "…", "pass": "…"}`.

use heapless::String;

use crate::{
    http::object::{Malformed, read_object},
    problem::Refusal,
    wifi::{PASS_MAX, PASS_MIN, Ssid},
};

/// A network and how to get into it. No `Debug`: the password goes nowhere else.
pub(crate) struct Credentials {
    pub(crate) ssid: Ssid,
    pub(crate) pass: String<PASS_MAX>,
}

/// Why a body names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is not this JSON; in words.
    Body(&'static str),
    /// No network has this name.
    Ssid,
    /// No network has this password.
    Pass,
}

const SHAPE: Unfit = Unfit::Body(
    r#"the body must be {"ssid": "NAME", "pass": "PASSWORD"}, or "" for an open network"#,
);
const KEYS: Unfit = Unfit::Body("ssid and pass may each be there once, and nothing else");

impl From<Malformed> for Unfit {
    fn from(Malformed: Malformed) -> Self {
        SHAPE
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Body(what) => Self::Body(what),
            Unfit::Ssid => Self::Ssid,
            Unfit::Pass => Self::Pass,
        }
    }
}

impl Credentials {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Unfit> {
        let (mut ssid, mut pass) = (None, None);
        read_object(body, |key, value| {
            let twice = match key {
                Some("ssid") => ssid.replace(value.text()?).is_some(),
                Some("pass") => pass.replace(value.text()?).is_some(),
                _ => true,
            };
            if twice { Err(KEYS) } else { Ok(()) }
        })?;
        // A password that is missing was perhaps forgotten: that is not an open network.
        let (ssid, pass) = ssid.zip(pass).ok_or(SHAPE)?;
        let ssid = ssid.filter(is_ssid).ok_or(Unfit::Ssid)?;
        let pass = pass.filter(is_pass).ok_or(Unfit::Pass)?;
        Ok(Self { ssid, pass })
    }
}

/// NVS ends a string at a NUL, so a name cannot have one.
fn is_ssid(ssid: &Ssid) -> bool {
    !ssid.is_empty() && !ssid.contains('\0')
}

/// As IEEE 802.11-2020, J.4 wants a passphrase; or none.
fn is_pass(pass: &String<PASS_MAX>) -> bool {
    pass.is_empty() || pass.len() >= PASS_MIN && pass.bytes().all(|byte| (32..127).contains(&byte))
}

#[cfg(test)]
mod tests {
    use core::ops::Range;
    use std::{borrow::ToOwned, format, string::String as Text, vec::Vec};

    use serde::Deserialize;

    use super::*;
    use crate::{http::json::Str, limits::WIFI_JSON_MAX};

    fn parse(body: &str) -> Result<(Text, Text), Unfit> {
        Credentials::parse(body.as_bytes()).map(|found| {
            (
                found.ssid.as_str().to_owned(),
                found.pass.as_str().to_owned(),
            )
        })
    }

    fn ok(ssid: &str, pass: &str) -> Result<(Text, Text), Unfit> {
        Ok((ssid.to_owned(), pass.to_owned()))
    }

    #[test]
    fn a_network_is_named_with_a_password_which_may_be_empty() {
        for (body, want) in [
            (
                r#"{"ssid":"Home","pass":"12345678"}"#,
                ok("Home", "12345678"),
            ),
            (
                r#"{"pass":"12345678","ssid":"Home"}"#,
                ok("Home", "12345678"),
            ),
            (r#"{"ssid":"Open","pass":""}"#, ok("Open", "")),
            (
                " {\t\"ssid\" :\r\n\"a b\" ,\"pass\":\"\" }\n",
                ok("a b", ""),
            ),
            (r#"{"\u0073sid":"x","pass":""}"#, ok("x", "")),
        ] {
            assert_eq!(parse(body), want, "{body}");
        }
    }

    #[test]
    fn escapes_are_what_they_stand_for() {
        for (text, want) in [
            (r#"\"\\\/"#, "\"\\/"),
            (r"\b\f\n\r\t", "\x08\x0c\n\r\t"),
            (r"\u0041\u00e9\u20AC\uffff", "Aé€\u{ffff}"),
            (r"\ud83d\ude00", "😀"),
            (r"\uD800\uDC00\udbff\udfff", "\u{10000}\u{10ffff}"),
            ("é€😀\u{7f}", "é€😀\u{7f}"),
        ] {
            let body = format!(r#"{{"ssid":"{text}","pass":""}}"#);
            assert_eq!(parse(&body), ok(want, ""), "{body}");
        }
    }

    #[test]
    fn what_is_not_this_json_is_refused() {
        for body in [
            "",
            " ",
            "{}",
            "[]",
            "null",
            "\"ssid\"",
            "{",
            r#"{"ssid""#,
            r#"{"ssid":"#,
            r#"{"ssid":"x"#,
            r#"{"ssid":"x""#,
            r#"{"ssid":"x",}"#,
            r#"{"ssid":"x"}}"#,
            r#"{"ssid":"x"}{"ssid":"x"}"#,
            r#"{,"ssid":"x"}"#,
            r#"{"ssid":"x" "pass":""}"#,
            r#"{"ssid" "x"}"#,
            r#"{"pass":"12345678"}"#,
            r#"{"ssid":"x"}"#,
            r#"{"ssid":null}"#,
            r#"{"ssid":7}"#,
            r#"{"ssid":["x"]}"#,
            r#"{"ssid":{"ssid":"x"}}"#,
            r#"{"ssid":[[[[[[[[[[[[[[[["#,
            r#"{"ssid":"x","pass":null}"#,
            r#"{'ssid':'x'}"#,
            r#"{ssid:"x"}"#,
            r#"{"ssid":"x" /* y */}"#,
            "\u{feff}{\"ssid\":\"x\"}",
            "{\"ssid\":\"a\nb\"}",
            "{\"ssid\":\"a\0b\"}",
            "{\u{a0}\"ssid\":\"x\"}",
            "{\"ssid\":\"x\"}\0",
            r#"{"ssid":"\x41"}"#,
            r#"{"ssid":"\u004"}"#,
            r#"{"ssid":"\u00g0"}"#,
            r#"{"ssid":"\u+041"}"#,
            r#"{"ssid":"\ud83d"}"#,
            r#"{"ssid":"\ud83dx"}"#,
            r#"{"ssid":"\ud83d\n"}"#,
            r#"{"ssid":"\ud83d\u0041"}"#,
            r#"{"ssid":"\ud83d\ud83d"}"#,
            r#"{"ssid":"\ude00"}"#,
            r#"{"ssid":"\"}"#,
        ] {
            assert_eq!(parse(body), Err(SHAPE), "{body}");
        }
        assert_eq!(
            Credentials::parse(b"{\"ssid\":\"\xff\"}").err(),
            Some(SHAPE)
        );
        assert_eq!(
            Credentials::parse(b"{\"ssid\":\"\xed\xa0\xbd\"}").err(),
            Some(SHAPE)
        );
    }

    #[test]
    fn a_key_is_known_and_there_once() {
        for body in [
            r#"{"ssid":"x","ssid":"y"}"#,
            r#"{"ssid":"x","\u0073sid":"y"}"#,
            r#"{"pass":"","ssid":"x","pass":""}"#,
            r#"{"ssid":"x","name":"y"}"#,
            r#"{"SSID":"x"}"#,
            r#"{"ssid":"x","password":"12345678"}"#,
            r#"{"":"x"}"#,
        ] {
            assert_eq!(parse(body), Err(KEYS), "{body}");
        }
    }

    #[test]
    fn a_name_has_1_to_32_bytes_and_no_nul() {
        let with = |ssid: &str| parse(&format!(r#"{{"ssid":"{ssid}","pass":""}}"#));
        assert_eq!(with(&"x".repeat(32)), ok(&"x".repeat(32), ""));
        assert_eq!(with(&"😀".repeat(8)), ok(&"😀".repeat(8), ""));
        for ssid in ["", r"\u0000", r"a\u0000b", &"x".repeat(33), &"€".repeat(11)] {
            assert_eq!(with(ssid), Err(Unfit::Ssid), "{ssid}");
        }
    }

    #[test]
    fn a_password_is_empty_or_has_8_to_63_printable_ascii_characters() {
        let with = |pass: &str| parse(&format!(r#"{{"ssid":"x","pass":"{pass}"}}"#));
        for pass in ["a b~ !#8", &"x".repeat(8), &"x".repeat(63)] {
            assert_eq!(with(pass), ok("x", pass));
        }
        for pass in [
            "1234567",
            " ",
            &"x".repeat(64),
            "12345678é",
            r"12345678\n",
            r"12345678\u0000",
            "12345678\u{7f}",
        ] {
            assert_eq!(with(pass), Err(Unfit::Pass), "{pass}");
        }
    }

    #[test]
    fn what_is_malformed_is_told_before_what_is_unfit() {
        let long = "x".repeat(33);
        assert_eq!(
            parse(&format!(r#"{{"ssid":"{long}","pass":"1"}}"#)),
            Err(Unfit::Ssid)
        );
        assert_eq!(parse(&format!(r#"{{"ssid":"{long}"}}"#)), Err(SHAPE));
        assert_eq!(parse(&format!(r#"{{"ssid":"{long}"!"#)), Err(SHAPE));
    }

    #[test]
    fn the_longest_credentials_fit_in_a_body_however_they_are_escaped() {
        let escaped = |n: usize| r"\u0078".repeat(n);
        let body = format!(r#"{{"ssid":"{}","pass":"{}"}}"#, escaped(32), escaped(63));
        assert!(body.len() <= WIFI_JSON_MAX, "{}", body.len());
        assert_eq!(parse(&body), ok(&"x".repeat(32), &"x".repeat(63)));
    }

    #[test]
    fn what_is_written_here_is_read_here() {
        let ssid = "\"\\/\x01\x1f\u{7f}é😀";
        let body = format!(r#"{{"ssid":{},"pass":""}}"#, Str(ssid));
        assert_eq!(parse(&body), ok(ssid, ""));
    }

    /// What another parser makes of a body.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Reference {
        ssid: Text,
        pass: Text,
    }

    fn reference(body: &[u8]) -> Option<Reference> {
        let object = body.trim_ascii_start().starts_with(b"{"); // It takes arrays, too.
        serde_json::from_slice(body).ok().filter(|_| object)
    }

    /// Compares with the other parser; tells whether the body was well-formed.
    fn compare(body: &[u8]) -> bool {
        let found = Credentials::parse(body);
        match (reference(body), found) {
            (None, Err(Unfit::Body(_))) => false,
            (Some(want), Ok(found)) => {
                assert_eq!(
                    (found.ssid.as_str(), found.pass.as_str()),
                    (&*want.ssid, &*want.pass)
                );
                assert!((1..=32).contains(&want.ssid.len()));
                true
            }
            (Some(want), Err(Unfit::Ssid)) => {
                let unfit = want.ssid.is_empty() || want.ssid.len() > 32;
                assert!(unfit || want.ssid.contains('\0'), "{}", body.escape_ascii());
                true
            }
            (Some(want), Err(Unfit::Pass)) => {
                let printable = want.pass.bytes().all(|byte| (b' '..=b'~').contains(&byte));
                let fits = want.pass.is_empty() || (8..=63).contains(&want.pass.len());
                assert!(!fits || !printable, "{}", body.escape_ascii());
                true
            }
            (want, _) => panic!("{} for {}", want.is_some(), body.escape_ascii()),
        }
    }

    struct Random(u64);

    impl Random {
        /// Xorshift (Marsaglia 2003): the same numbers each time.
        fn below(&mut self, range: Range<usize>) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            range.start + (self.0 % range.len() as u64) as usize
        }
    }

    #[test]
    fn any_bytes_are_read_as_another_parser_reads_them_without_a_panic() {
        const PARTS: [&[u8]; 34] = [
            b"{",
            b"}",
            b"\"",
            b"\"ssid\"",
            b"\"pass\"",
            b":",
            b",",
            b" ",
            b"\n",
            b"\\",
            b"\\u",
            b"\\\"",
            b"\\n",
            b"\\u0041",
            b"\\ud83d",
            b"\\ude00",
            b"\\u0000",
            b"\xf0\x9f\x98\x80",
            b"\xc3\xa9",
            b"\xff",
            b"\0",
            b"x",
            b"12345678",
            b"[",
            b"]",
            b"null",
            b"7",
            b"\x7f",
            b"{\"ssid\":\"",
            b"\",\"pass\":\"",
            b"\"}",
            b"{\"ssid\":\"Home\",\"pass\":\"\"",
            b"/",
            b"\xed\xa0",
        ];
        const SEEDS: [&[u8]; 3] = [
            br#"{"ssid":"Home","pass":"12345678"}"#,
            br#"{ "pass" : "\u0041\\\"345678", "ssid" : "\ud83d\ude00 \u00e9" }"#,
            br#"{"ssid":"0123456789012345678901234567890","pass":""}"#,
        ];
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let (mut good, mut bad) = (0, 0);
        for round in 0..200_000 {
            let mut body = Vec::new();
            if round % 2 == 0 {
                for _ in 0..random.below(0..16) {
                    body.extend_from_slice(PARTS[random.below(0..PARTS.len())]);
                }
            } else {
                body.extend_from_slice(SEEDS[random.below(0..SEEDS.len())]);
                for _ in 0..random.below(1..4) {
                    let at = random.below(0..body.len().max(1)).min(body.len());
                    match random.below(0..4) {
                        0 => body.truncate(at),
                        1 => body.insert(at, random.below(0..256) as u8),
                        2 if at < body.len() => body[at] = random.below(0..256) as u8,
                        _ => {
                            let part = PARTS[random.below(0..PARTS.len())];
                            body.splice(at..at, part.iter().copied());
                        }
                    }
                }
            }
            match compare(&body) {
                true => good += 1,
                false => bad += 1,
            }
        }
        assert!(
            good > 5_000 && bad > 50_000,
            "{good} well-formed, {bad} not"
        );
    }
}
