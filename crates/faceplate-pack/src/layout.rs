//! Where the files of an image lie on flash. Not where a reader sees them: directories have an order of their own.
//!
//! A file that grows by a block moves those behind it, and with it the links at the head of each of their blocks.

use std::collections::BTreeMap;

use faceplate::media;
use littlefs_image::format::ctz_blocks;

use crate::{
    error::ImageError,
    inspect::{File, inspect},
};

/// Where a file of an older image lies, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Old {
    pub(crate) path: String,
    /// The first of its blocks.
    pub(crate) block: u32,
}

/// The files of an image that have blocks of their own.
pub(crate) fn of_image(image: &[u8]) -> Result<Vec<Old>, ImageError> {
    Ok(inspect(image)?.files.iter().filter_map(old).collect())
}

fn old(file: &File) -> Option<Old> {
    Some(Old {
        path: file.path.clone(),
        block: file.block?,
    })
}

/// The first block of a file whose last is `last`, in an image that was built at once.
pub(crate) fn first_block(last: u32, size: u32) -> Option<u32> {
    last.checked_sub(ctz_blocks(size).checked_sub(1)?)
}

/// The rank of each file: those that seldom grow come first, scripts last, for nearly every edit is one of a script.
/// Among the same kind the names decide, without the hashes that change with the content: nothing else of
/// a build stays, and its sizes would swap places.
pub(crate) fn ranks<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut order: Vec<_> = paths.enumerate().collect();
    order.sort_by_cached_key(|&(_, path)| (kind(path), bare(path), path));
    let mut ranks = vec![0; order.len()];
    for (rank, (index, _)) in (0..).zip(order) {
        ranks[index] = rank;
    }
    ranks
}

/// Media, fonts and archives; then pages, data and pictures that shrink; styles; scripts.
fn kind(path: &str) -> u8 {
    let name = plain(path);
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js" | "mjs" | "cjs" | "wasm") => 3,
        Some("css") => 2,
        _ => u8::from(media::of(name).is_none_or(|known| known.shrinks)),
    }
}

/// Where each of the files of an image should begin: where it was in the older one, or where what it
/// succeeds was, which has the same name but for a hash.
pub(crate) fn kept<'a>(
    paths: impl Iterator<Item = &'a str> + Clone,
    old: &[Old],
) -> Vec<Option<u32>> {
    let mut left: BTreeMap<&str, u32> = BTreeMap::new();
    left.extend(old.iter().map(|old| (&*old.path, old.block)));
    let same = paths.clone().map(|path| left.remove(path));
    let mut kept: Vec<_> = same.collect();
    let mut succeeded: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    // So that the first of several comes out first.
    for (path, block) in left.into_iter().rev() {
        succeeded.entry(bare(path)).or_default().push(block);
    }
    for (path, kept) in paths.zip(&mut kept) {
        if kept.is_none() {
            *kept = succeeded.get_mut(&bare(path)).and_then(Vec::pop);
        }
    }
    kept
}

/// A path as it is in the build.
fn plain(path: &str) -> &str {
    path.strip_suffix(".gz").unwrap_or(path)
}

/// A path without what looks like a hash of the content at the end of the name's first part: `assets/index-.js`
/// of `assets/index-Bx3k9.js.gz`. Where it is none, two files have one place, of which one gets it.
fn bare(path: &str) -> String {
    let path = plain(path);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let end = stem.rfind(['-', '.', '_']).map_or(0, |at| at + 1);
    // Those of Vite have 8 characters, of which some may be separators.
    let fixed = stem.len().checked_sub(8).filter(|&start| {
        let before = stem.as_bytes().get(start.wrapping_sub(1));
        start == 0 || matches!(before, Some(b'-' | b'.'))
    });
    let hash = [fixed, Some(end)].into_iter().flatten();
    // A whole name is one of people's more often than not.
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let mut hash = hash.filter(|&start| start > 0 || stem.bytes().any(is_digit));
    let start = hash.find(|&start| stem.get(start..).is_some_and(is_hash));
    let stem = start.map_or(stem, |start| &stem[..start]);
    format!("{folder}/{stem}.{extension}")
}

/// Whether a part of a name is no word that anybody wrote: with a digit, or a capital behind the first letter.
fn is_hash(text: &str) -> bool {
    let bytes = text.as_bytes();
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let odd = bytes.iter().skip(1).any(u8::is_ascii_uppercase);
    (5..=40).contains(&bytes.len())
        && bytes.iter().all(fits)
        && (odd || bytes.iter().any(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_known_without_its_hash() {
        for (path, known) in [
            ("assets/index-Bx3k9.js", "assets/index-.js"),
            ("assets/index-Bx3k9abc.js.gz", "assets/index-.js"),
            ("assets/index-B-3kX_9a.js", "assets/index-.js"),
            ("main.3f2a1b0c9d.js", "/main..js"),
            ("main-ABCDEFGH.css", "/main-.css"),
            (
                "_app/immutable/chunks/BxYz1234.js",
                "_app/immutable/chunks/.js",
            ),
            (
                "_app/immutable/entry/start.CxDf12Ab.js",
                "_app/immutable/entry/start..js",
            ),
            ("media/logo.0f1e2d3c4b5a69788796.svg", "media/logo..svg"),
            ("index.html", "/index.html"),
            ("assets/date-picker.js", "assets/date-picker.js"),
            ("assets/roboto-latin.woff2", "assets/roboto-latin.woff2"),
            ("faceplate-confirm.js.gz", "/faceplate-confirm.js"),
            ("a-1234.js", "/a-1234.js"),
            ("LICENSE", "/LICENSE."),
            ("ünï-Köln1234.js", "/ünï-Köln1234.js"),
        ] {
            assert_eq!(bare(path), known, "{path}");
        }
    }

    #[test]
    fn what_seldom_grows_comes_first_and_scripts_last() {
        let mut paths = [
            "assets/vendor-Aaaa1111.js.gz",
            "logo.svg.gz",
            "assets/index-Zzzz9999.js.gz",
            "font.woff2",
            "assets/style-Bbbb2222.css.gz",
            "index.html.gz",
            "data",
        ];
        let ranks = ranks(paths.iter().copied());
        let mut order: Vec<_> = ranks.into_iter().zip(&mut paths).collect();
        order.sort();
        let order: Vec<_> = order.into_iter().map(|(_, path)| *path).collect();
        assert_eq!(
            order,
            [
                "font.woff2",
                "data",
                "index.html.gz",
                "logo.svg.gz",
                "assets/style-Bbbb2222.css.gz",
                "assets/index-Zzzz9999.js.gz",
                "assets/vendor-Aaaa1111.js.gz",
            ]
        );
    }

    #[test]
    fn a_file_stays_where_it_or_what_it_succeeds_was() {
        let old = [
            ("a-Xaaa1111.js", 4),
            ("a-Xbbb2222.js", 6),
            ("a-Xccc3333.js", 8),
            ("b.css", 10),
            ("gone.txt", 12),
        ];
        let old = old.map(|(path, block)| Old {
            path: path.to_owned(),
            block,
        });
        let new = [
            "a-Xaaa0000.js",
            "a-Xbbb2222.js",
            "a-Xddd4444.js",
            "a-Xeee5555.js",
            "b.css",
            "new.txt",
        ];
        let kept = kept(new.into_iter(), &old);
        assert_eq!(kept, [Some(4), Some(6), Some(8), None, Some(10), None]);
    }
}
