//! The files of a build and of an image, and what their names tell.

use std::collections::BTreeMap;

/// Files by their paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// One file of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// Its path in the build.
    pub path: String,
    /// Its path in the image.
    pub stored_as: String,
    /// Its bytes in the build.
    pub raw: u64,
    /// Its bytes in the image.
    pub stored: u64,
    /// Whether it is marked as one whose name changes with its content.
    pub immutable: bool,
}

/// Where the script that confirms is in the image.
pub const SCRIPT_NAME: &str = "faceplate-confirm.js";

/// Whether a file is a page, by its name.
pub(crate) fn is_page(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["html", "htm"]
        .iter()
        .any(|page| extension.eq_ignore_ascii_case(page))
}
