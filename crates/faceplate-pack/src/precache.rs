//! Service workers keep a list of files with a hash of each: MD5 as Workbox makes it, SHA-1 as
//! Angular does, which even refuses a file with another one. Where a stamp changes a page, its hash
//! has to change along, or browsers would keep the old page, or take none.

use std::{collections::BTreeMap, fmt::Write};

use md5::Md5;
use sha1::Sha1;
use sha2::Digest;

/// Digits of MD5 and of SHA-1.
const DIGITS: [usize; 2] = [32, 40];

/// What to write in place of the hashes of pages; all in hexadecimal digits.
///
/// Where two pages are the same, but not once they are stamped, the first one counts.
#[derive(Debug, Default)]
pub(crate) struct Hashes(BTreeMap<String, String>);

impl Hashes {
    /// Has the hashes of `page` replaced by those of `by`.
    pub(crate) fn add(&mut self, page: &[u8], by: &[u8]) {
        if page == by {
            return;
        }
        for (from, to) in hashes(page).into_iter().zip(hashes(by)) {
            self.0.entry(from).or_insert(to);
        }
    }

    /// The file with all hashes replaced; `None` when it has none of them, or is no list.
    pub(crate) fn replace(&self, path: &str, file: &[u8]) -> Option<Vec<u8>> {
        if self.0.is_empty() || !is_list(path) {
            return None;
        }
        let mut replaced: Option<Vec<u8>> = None;
        let mut start = 0;
        for digits in file.split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            let end = start + digits.len();
            let known = DIGITS.contains(&digits.len());
            let digits = std::str::from_utf8(digits).unwrap_or_default();
            if let Some(by) = self.0.get(digits).filter(|_| known) {
                // Both are of the same kind, and so of the same length.
                replaced.get_or_insert_with(|| file.to_vec())[start..end]
                    .copy_from_slice(by.as_bytes());
            }
            start = end + 1;
        }
        replaced
    }
}

/// Whether a file may be such a list.
pub(crate) fn is_list(path: &str) -> bool {
    [".js", ".mjs", ".json"]
        .iter()
        .any(|extension| path.ends_with(extension))
}

fn hashes(page: &[u8]) -> [String; 2] {
    [hex(&Md5::digest(page)), hex(&Sha1::digest(page))]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `md5sum` and `sha1sum` tell of `old` and of `new`.
    const OLD: [&str; 2] = [
        "149603e6c03516362a8da23f624db945",
        "c00dbbc9dadfbe1e232e93a729dd4752fade0abf",
    ];
    const NEW: [&str; 2] = [
        "22af645d1859cb5ca6da0c484f1f37ea",
        "c2a6b03f190dfb2b4aa91f8af8d477a9bc3401dc",
    ];

    #[test]
    fn the_hashes_of_a_page_are_replaced_wherever_they_stand_alone() {
        let mut hashes = Hashes::default();
        hashes.add(b"old", b"new");
        hashes.add(b"same", b"same");
        for (old, new) in OLD.into_iter().zip(NEW) {
            for around in [
                "|",
                "\"|\",\"|\"",
                "{url:\"x\",revision:\"|\"}z|",
                "\u{e9}|\u{ff}",
            ] {
                let (list, want) = (around.replace('|', old), around.replace('|', new));
                let got = hashes.replace("a/sw.js", list.as_bytes());
                assert_eq!(got, Some(want.into_bytes()));
            }
            // Part of something longer, in capitals, in a file of another kind.
            for other in [format!("{old}0"), format!("a{old}"), old.to_uppercase()] {
                assert_eq!(hashes.replace("sw.js", other.as_bytes()), None, "{other}");
            }
            assert_eq!(hashes.replace("page.html", old.as_bytes()), None);
        }
        assert_eq!(Hashes::default().replace("sw.js", OLD[0].as_bytes()), None);
    }
}
