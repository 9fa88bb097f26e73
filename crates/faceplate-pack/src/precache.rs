//! Service workers keep a list of files with a hash of each: MD5 as Workbox makes it, SHA-1 as
//! Angular does, which even refuses a file with another one. Where a stamp changes a page, its hash
//! has to change along, or browsers would keep the old page, or take none.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use md5::Md5;
use sha1::Sha1;
use sha2::Digest;

use crate::{
    files::{Files, is_page},
    gzip::unpacked,
};

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
        for (start, digits) in words(file) {
            if let Some(by) = self.0.get(digits) {
                // Both are of the same kind, and so of the same length.
                replaced.get_or_insert_with(|| file.to_vec())[start..start + digits.len()]
                    .copy_from_slice(by.as_bytes());
            }
        }
        replaced
    }
}

/// The pages of a build, known by their hashes.
///
/// A file with one of these changes whenever that page does, and a stamped page does with any file. Whoever
/// named it by its content did so earlier: the name stays, and browsers must go on asking for it.
pub(crate) struct Pages(BTreeSet<String>);

impl Pages {
    pub(crate) fn of(files: &Files) -> Self {
        let contents = files.iter().map(|(path, bytes)| content(path, bytes));
        let pages = contents.filter(|(path, _)| is_page(path));
        Self(pages.flat_map(|(_, page)| hashes(&page)).collect())
    }

    /// Whether a file tells the hash of one.
    pub(crate) fn are_listed_in(&self, path: &str, bytes: &[u8]) -> bool {
        let (path, list) = content(path, bytes);
        is_list(path) && words(&list).any(|(_, digits)| self.0.contains(digits))
    }
}

/// A file as clients see it, unpacked where it is there in its compressed form.
fn content<'a>(path: &'a str, bytes: &'a [u8]) -> (&'a str, Cow<'a, [u8]>) {
    let packed = path.strip_suffix(".gz");
    match packed
        .filter(|of| is_page(of) || is_list(of))
        .zip(unpacked(bytes))
    {
        Some((of, content)) => (of, content.into()),
        None => (path, bytes.into()),
    }
}

/// What may be a hash of a page in a file, and where it begins.
fn words(file: &[u8]) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    let words = file.split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let placed = words.map(move |word| {
        let start = next;
        next += word.len() + 1;
        (start, std::str::from_utf8(word).unwrap_or_default())
    });
    placed.filter(|(_, word)| DIGITS.contains(&word.len()))
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
    fn a_file_lists_pages_where_it_tells_the_hash_of_one() {
        let files = [("a/b.htm", &b"old"[..]), ("c.css", b"new")];
        let files = files.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
        let pages = Pages::of(&files.into());
        for digits in OLD {
            let list = format!("x(\"{digits}\")");
            let packed = crate::gzip::compress(list.as_bytes());
            assert!(pages.are_listed_in("assets/x.js", list.as_bytes()));
            assert!(pages.are_listed_in("x.json.gz", &packed));
            assert!(!pages.are_listed_in("x.css", list.as_bytes()));
            assert!(!pages.are_listed_in("x.js.gz", list.as_bytes()));
        }
        // That of a file whose name may well change with it.
        assert!(!pages.are_listed_in("x.js", NEW[0].as_bytes()));
    }

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
