//! Compressing so that what did not change has the same bytes as before.

use std::io::Write as _;

use flate2::{Compression, Crc, write::DeflateEncoder};

use super::cuts::{Cut, cuts};

/// Magic, deflate, no flags, no time, best compression, and "unknown" for the system (RFC 1952, section 2.3):
/// the header must not tell when or where it was made.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

/// How far back compressed text refers to.
const WINDOW: usize = 32 << 10;

/// Why writing to memory is not looked at.
const MEMORY: &str = "writing to memory does not fail";

/// One member, compressed as well as gzip can, but for a *sync* flush at each of the [`cuts`].
pub(crate) fn compress(text: &[u8]) -> Vec<u8> {
    let mut compressed = HEADER.to_vec();
    let mut deflate = behind(&[]);
    let mut start = 0;
    for Cut { at, anew } in cuts(text) {
        deflate.write_all(&text[start..at]).expect(MEMORY);
        deflate.flush().expect(MEMORY);
        if anew {
            compressed.append(deflate.get_mut());
            deflate = behind(&text[..at]);
        }
        start = at;
    }
    deflate.write_all(&text[start..]).expect(MEMORY);
    compressed.extend(deflate.finish().expect(MEMORY));
    let mut crc = Crc::new();
    crc.update(text);
    compressed.extend_from_slice(&crc.sum().to_le_bytes());
    compressed.extend_from_slice(&crc.amount().to_le_bytes());
    compressed
}

/// A compressor that knows the end of a text, and has written nothing.
///
/// With the same text in front, one that has come a long way finds other matches now and then: it forgets
/// some at each 64 KiB of its way. One such match gives a whole stretch other codes.
fn behind(text: &[u8]) -> DeflateEncoder<Vec<u8>> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    if !text.is_empty() {
        let window = &text[text.len().saturating_sub(WINDOW)..];
        deflate.write_all(window).expect(MEMORY);
        // So that its output ends with a whole byte, as does what this goes on from.
        deflate.flush().expect(MEMORY);
        deflate.get_mut().clear();
    }
    deflate
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::gzip::is_one_member_of;

    /// Text like a script, of words that come again.
    pub(crate) fn script(len: usize) -> Vec<u8> {
        let mut seed = 1_u32;
        let mut next = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % below
        };
        let mut text = Vec::new();
        while text.len() < len {
            let (name, other, number) = (next(900), next(900), next(10_000));
            let line = format!("const n{name:x}=f{other:x}({number},\"k{}\");", next(50));
            text.extend_from_slice(line.as_bytes());
        }
        text.truncate(len);
        text
    }

    #[test]
    fn the_header_names_no_time_no_system_and_no_file() {
        assert_eq!(compress(b"hello")[..10], HEADER);
    }

    #[test]
    fn any_length_is_one_member_with_the_same_content() {
        let text = script(300 << 10);
        let more = [vec![0; 100_000], text.clone(), vec![b' '; 100_000]].concat();
        for text in [&more[..], &text, &text[..16 << 10], &text[..100], &[]] {
            let compressed = compress(text);
            assert!(is_one_member_of(&compressed, text), "{} bytes", text.len());
            assert_eq!(compress(text), compressed);
        }
    }

    #[test]
    fn short_text_is_compressed_as_gzip_does() {
        let text = script(10_000);
        let mut plain = flate2::GzBuilder::new()
            .operating_system(255)
            .write(Vec::new(), Compression::best());
        plain.write_all(&text).unwrap();
        assert_eq!(compress(&text), plain.finish().unwrap());
    }

    #[test]
    fn a_statement_in_the_middle_leaves_nearly_all_bytes_as_they_were() {
        let text = script(200 << 10);
        let before = compress(&text);
        for percent in [1, 30, 50, 90] {
            let at = text.len() * percent / 100;
            let after = compress(&[&text[..at], b"globalThis.edited=1;", &text[at..]].concat());
            let new = unknown(&before, &after);
            // Such text repeats itself more than any real one. Never begun anew, it would be 15,158 at 30 %.
            assert!(new < 10_000, "{percent} %: {new} of {}", after.len());
        }
    }

    /// Bytes of `new` that no run of 16 and more of `old` has.
    fn unknown(old: &[u8], new: &[u8]) -> usize {
        const RUN: usize = 16;
        let runs: std::collections::HashMap<_, _> = old
            .windows(RUN)
            .enumerate()
            .map(|(at, run)| (run, at))
            .collect();
        let (mut unknown, mut at) = (0, 0);
        while at < new.len() {
            let known = new.get(at..at + RUN).and_then(|run| runs.get(run));
            let same = |from: usize| {
                let pairs = old[from..].iter().zip(&new[at..]);
                pairs.take_while(|(a, b)| a == b).count()
            };
            let run = known.map_or(0, |&from| same(from));
            unknown += usize::from(run == 0);
            at += run.max(1);
        }
        unknown
    }
}
