//! Why a tree can't become an image.

use alloc::string::String;
use core::fmt;

use crate::{
    format::{ATTR_MAX, BLOCK_SIZE, FILE_MAX, NAME_MAX},
    read::{DEPTH_MAX, ENTRIES_MAX, PATH_MAX},
};

/// Why a tree can't become an image. Prints as one line that says what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// A path has a name that LittleFS, or a web server, can't carry.
    BadName {
        /// The whole path as it was given.
        path: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// A name is longer than the image allows.
    NameTooLong {
        /// The path that ends in the name.
        path: String,
        /// Longest name that the image allows, bytes.
        name_max: u32,
    },
    /// A path is longer than [`PATH_MAX`] bytes.
    PathTooLong {
        /// The path.
        path: String,
    },
    /// A path leads through more than [`DEPTH_MAX`] directories.
    TooDeep {
        /// The path.
        path: String,
    },
    /// The path is in the tree already.
    Duplicate {
        /// The path.
        path: String,
    },
    /// Something was to be put below a file.
    NotADirectory {
        /// The path of that file.
        path: String,
    },
    /// An attribute or a place was given for a path that is not in the tree.
    NotFound {
        /// The path.
        path: String,
    },
    /// A file is larger than LittleFS allows.
    FileTooLarge {
        /// The path of the file.
        path: String,
    },
    /// The path has an attribute of this kind already.
    DuplicateAttribute {
        /// The path; empty for the root directory.
        path: String,
        /// Kind of the attribute.
        kind: u8,
    },
    /// An attribute is larger than LittleFS allows.
    AttributeTooLarge {
        /// The path; empty for the root directory.
        path: String,
        /// Kind of the attribute.
        kind: u8,
        /// Its bytes.
        size: usize,
    },
    /// The attributes of a path don't fit into one metadata block.
    TooManyAttributes {
        /// The path; empty for the root directory.
        path: String,
    },
    /// [`Options::name_max`](super::Options::name_max) is 0 or above 255.
    BadNameMax {
        /// What was asked for.
        name_max: u32,
    },
    /// There are more files and directories than [`ENTRIES_MAX`].
    TooManyEntries {
        /// How many there are.
        entries: usize,
    },
    /// The image needs more blocks than it may have.
    DoesNotFit {
        /// Blocks that the tree needs.
        needed_blocks: u64,
        /// Blocks that the image may have.
        block_count: u32,
    },
}

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameProblem {
    /// It is empty: an empty path, a slash at an end, or two slashes in a row.
    Empty,
    /// It is `.` or `..`.
    Dots,
    /// It has a NUL or another control character.
    Control,
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a name is empty (write assets/app.js, without slashes at the ends)",
            Self::Dots => "\".\" and \"..\" can't be names",
            Self::Control => "a name has a control character",
        })
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName { path, problem } => write!(f, "bad path {path:?}: {problem}"),
            Self::NameTooLong { path, name_max } => {
                write!(f, "{path:?}: the name is longer than {name_max} bytes")
            }
            Self::PathTooLong { path } => {
                write!(
                    f,
                    "{path:?}: the path has {} bytes, {PATH_MAX} is the limit",
                    path.len()
                )
            }
            Self::TooDeep { path } => {
                write!(
                    f,
                    "{path:?}: nested too deep, {DEPTH_MAX} directories is the limit"
                )
            }
            Self::Duplicate { path } => write!(f, "{path:?} is there twice"),
            Self::NotADirectory { path } => {
                write!(f, "{path:?} is a file, nothing can be put below it")
            }
            Self::NotFound { path } => {
                write!(
                    f,
                    "no {path:?} to say something of: add the file or directory first"
                )
            }
            Self::FileTooLarge { path } => {
                write!(
                    f,
                    "{path:?} is larger than {FILE_MAX} bytes, the limit of LittleFS"
                )
            }
            Self::DuplicateAttribute { path, kind } => {
                write!(f, "{path:?} has two attributes of kind {kind:#04x}")
            }
            Self::AttributeTooLarge { path, kind, size } => {
                write!(
                    f,
                    "attribute {kind:#04x} of {path:?} has {size} bytes, {ATTR_MAX} is the limit"
                )
            }
            Self::TooManyAttributes { path } => {
                write!(
                    f,
                    "the attributes of {path:?} don't fit into one block of metadata"
                )
            }
            Self::BadNameMax { name_max } => {
                write!(f, "longest name {name_max}: must be 1 to {NAME_MAX} bytes")
            }
            Self::TooManyEntries { entries } => {
                write!(
                    f,
                    "{entries} files and directories, {ENTRIES_MAX} is the limit"
                )
            }
            Self::DoesNotFit {
                needed_blocks,
                block_count,
            } => {
                let kib = (BLOCK_SIZE / 1024) as u64;
                write!(
                    f,
                    "needs {needed_blocks} blocks ({} KiB), the image may have {block_count} ({} KiB)",
                    needed_blocks.saturating_mul(kib),
                    u64::from(*block_count) * kib,
                )
            }
        }
    }
}

impl core::error::Error for BuildError {}
