//! `Content-Digest` (RFC 9530): the SHA-256 that a client says its body has.

use crate::{http::head::Head, problem::Refusal};

/// The header is there and cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::Digest
    }
}

/// The SHA-256 of the body, if the client sent one. Other algorithms are ignored.
pub(crate) fn content_digest(head: &Head<'_>) -> Result<Option<[u8; 32]>, Malformed> {
    let mut found = None;
    // Several lines are one dictionary (RFC 8941, 4.2); of equal keys the last counts.
    for line in head.all("Content-Digest") {
        for member in line.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            let equals = member
                .iter()
                .position(|&byte| byte == b'=')
                .ok_or(Malformed)?;
            let (key, value) = (&member[..equals], &member[equals + 1..]);
            if !is_key(key) {
                return Err(Malformed);
            }
            let base64 = byte_sequence(value).ok_or(Malformed)?;
            if key == b"sha-256" {
                found = Some(sha256(base64).ok_or(Malformed)?);
            }
        }
    }
    Ok(found)
}

fn is_key(key: &[u8]) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte == b'*';
    let rest =
        |byte: u8| first(byte) || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    key.split_first()
        .is_some_and(|(head, tail)| first(*head) && tail.iter().all(|&b| rest(b)))
}

/// What stands between the colons. Parameters, which RFC 9530 does not define, are an error.
fn byte_sequence(value: &[u8]) -> Option<&[u8]> {
    let base64 = value.strip_prefix(b":")?.strip_suffix(b":")?;
    base64
        .iter()
        .all(|&byte| byte == b'=' || sextet(byte).is_some())
        .then_some(base64)
}

/// Decodes exactly 32 bytes: 43 digits, and the padding that RFC 8941 lets one leave out.
fn sha256(base64: &[u8]) -> Option<[u8; 32]> {
    let digits = base64.strip_suffix(b"=").unwrap_or(base64);
    if digits.len() != 43 {
        return None;
    }
    let mut out = [0; 32];
    let mut bits = 0_u32;
    let mut count = 0;
    let mut bytes = out.iter_mut();
    for &digit in digits {
        bits = bits << 6 | u32::from(sextet(digit)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            *bytes.next()? = (bits >> count) as u8;
            bits &= (1 << count) - 1;
        }
    }
    // Bits that are left over must be zero, or two texts would mean the same.
    (bits == 0).then_some(out)
}

const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of nothing, from FIPS 180-4's examples, and its base64.
    const EMPTY: [u8; 32] = [
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ];
    const BASE64: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn digest(lines: &[&str]) -> Result<Option<[u8; 32]>, Malformed> {
        let mut text = std::string::String::from("GET / HTTP/1.0\r\n");
        for line in lines {
            text += &std::format!("Content-Digest: {line}\r\n");
        }
        text += "\r\n";
        content_digest(&Head::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_sha_256_is_found_wherever_it_stands() {
        let ours = std::format!("sha-256=:{BASE64}:");
        for lines in [
            [ours.as_str()].as_slice(),
            &[&std::format!("sha-512=:AAAA:, {ours}")],
            &[&std::format!("{ours},md5=:AAAA:")],
            &["unixsum=:AAAA:", &ours],
        ] {
            assert_eq!(digest(lines), Ok(Some(EMPTY)), "{lines:?}");
        }
        let unpadded = std::format!("sha-256=:{}:", BASE64.trim_end_matches('='));
        assert_eq!(digest(&[&unpadded]), Ok(Some(EMPTY)));
    }

    #[test]
    fn other_algorithms_alone_say_nothing() {
        assert_eq!(digest(&[]), Ok(None));
        assert_eq!(digest(&["sha-512=:AAAA:"]), Ok(None));
    }

    #[test]
    fn what_is_no_dictionary_of_digests_is_malformed() {
        for line in [
            "",
            "sha-256",
            "sha-256=",
            "sha-256=abc",
            "sha-256=::",
            "sha-256=:AAAA:",
            "sha-256=:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=:",
            "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=:",
            "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA:",
            "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "SHA-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
            "sha-512=1",
            "sha-512=:AAAA:,",
        ] {
            assert_eq!(digest(&[line]), Err(Malformed), "{line}");
        }
    }
}
