//! Which files of a build are packed, and which of them are worth compressing.

use faceplate::media;

use crate::files::{SCRIPT_NAME, is_page};

/// Files that operating systems leave in folders they show.
const LITTER: [&str; 3] = ["Thumbs.db", "desktop.ini", "Icon\r"];

/// Whether a file is left out of the image: one that is hidden (its name or that of a folder above
/// it begins with a dot, but `.well-known` counts as visible, being part of the web), or that an
/// operating system made for itself.
#[must_use]
pub fn is_skipped(path: &str) -> bool {
    path.split('/').any(|name| {
        // `.` and `..` are mistakes to be reported, not hidden files.
        let hidden = name.starts_with('.') && !matches!(name, ".well-known" | "." | "..");
        hidden || LITTER.contains(&name)
    })
}

/// Where SvelteKit puts what it names by content, and nothing else.
const SVELTEKIT: &str = "_app/immutable/";

/// Whether the name of a file is known to change with its content, whoever built it.
pub(crate) fn is_content_named(path: &str) -> bool {
    path.starts_with(SVELTEKIT)
}

/// Whether a file has the same name in every build: pages, which people keep the addresses of and
/// which name all that is named by content, and the script that confirms.
#[must_use]
pub fn keeps_its_name(path: &str) -> bool {
    let path = path.strip_suffix(".gz").unwrap_or(path);
    is_page(path) || path == SCRIPT_NAME
}

/// Whether a file is tried to be stored compressed: by its type, or where the name tells none, by
/// whether it is text.
pub(crate) fn is_compressible(path: &str, bytes: &[u8]) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    match name.rsplit_once('.') {
        Some(_) => media::of(name).is_some_and(|known| known.shrinks),
        None => !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_and_litter_are_skipped_but_well_known_is_not() {
        for path in [
            ".DS_Store",
            "a/.gitkeep",
            ".vite/manifest.json",
            "img/Thumbs.db",
            "..a",
        ] {
            assert!(is_skipped(path), "{path}");
        }
        for path in [
            "index.html",
            ".well-known/security.txt",
            "a.b/c",
            "../index.html",
            "./a",
        ] {
            assert!(!is_skipped(path), "{path}");
        }
    }

    #[test]
    fn text_is_compressible_in_any_case_and_compressed_types_are_not() {
        for path in ["index.html", "A/B.JS", "x.min.css", "font.ttf", "logo.svg"] {
            assert!(is_compressible(path, b"\0"), "{path}");
        }
        for path in ["a.png", "b.woff2", "c.js.gz", "dir.js/name.bin"] {
            assert!(!is_compressible(path, b"text"), "{path}");
        }
    }

    #[test]
    fn a_file_whose_name_tells_no_type_is_compressible_when_it_is_text() {
        assert!(is_compressible("a.b/LICENSE", "© someone".as_bytes()));
        assert!(!is_compressible("LICENSE", b"a\0b"));
        assert!(!is_compressible("js", b"\xff\xfe"));
    }
}
