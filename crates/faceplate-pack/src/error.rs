//! Why files cannot be packed, and why bytes are not an image.

use std::fmt;

use faceplate::{BuildId, SECTOR, SLOT_MAX, manifest::ManifestError, verify::Problem};
use littlefs_image::build::BuildError;

use crate::files::{PackedFile, SCRIPT_NAME};

/// Bytes of the largest slot.
pub const SIZE_MAX: u32 = SLOT_MAX;

/// Why files cannot be packed. Prints as a paragraph that says what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackError {
    /// The size asked for is not that of any slot.
    Size {
        /// What was asked for, bytes.
        size: u32,
    },
    /// No `index.html` at the top.
    NoIndex {
        /// A folder that has one.
        nested: Option<String>,
    },
    /// `index.html` is there in a form alone that browsers do not take.
    BrotliIndex,
    /// The files need more room than the slot has.
    DoesNotFit {
        /// Bytes needed, in whole blocks.
        needed: u64,
        /// Bytes of the slot.
        size: u32,
        /// The largest files as they would be stored, largest first.
        largest: Vec<PackedFile>,
    },
    /// Pages of two builds, of which only one could ever confirm itself.
    TwoBuilds {
        /// The page that is not of the build of `index.html`.
        path: String,
        /// What it says.
        build: BuildId,
        /// What `index.html` says.
        index: Option<BuildId>,
    },
    /// `index.html` has the id of a build that the files are not of.
    OtherBuild {
        /// What `index.html` says.
        build: BuildId,
        /// What the files are.
        found: BuildId,
    },
    /// `index.html` is there in its compressed form alone, which cannot be unpacked for the stamp.
    PackedIndex,
    /// `index.html` has no place for the stamp, so that it could never confirm the build.
    NoPlace {
        /// It is in UTF-16; else it has no tag that one could stand in front of.
        wide: bool,
    },
    /// A file has the name of the script that confirms, and is another.
    ForeignScript,
    /// The image that files should stay at their places of is none.
    Base(ImageError),
    /// The version or the API range cannot be stored.
    Manifest(ManifestError),
    /// A name or a file cannot be stored.
    Build(BuildError),
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { size } => write!(
                f,
                "no slot is {size} bytes large: it must be a multiple of {SECTOR}, from {} to \
                 {SIZE_MAX}",
                2 * SECTOR
            ),
            Self::NoIndex { nested: None } => f.write_str(
                "there is no index.html at the top; pack the folder that your build puts it in",
            ),
            Self::NoIndex {
                nested: Some(folder),
            } => write!(
                f,
                "there is no index.html at the top, but one in {folder}/; pack that folder instead"
            ),
            Self::BrotliIndex => f.write_str(
                "index.html is there only as index.html.br, but browsers accept no Brotli over plain \
                 HTTP; have the build write index.html itself",
            ),
            Self::DoesNotFit {
                needed,
                size,
                largest,
            } => {
                let over = needed.saturating_sub(u64::from(*size)).div_ceil(1024);
                write!(
                    f,
                    "does not fit: needs {} KiB, the slot has {} KiB, {over} KiB too much",
                    needed / 1024,
                    size / 1024
                )?;
                for (index, file) in largest.iter().enumerate() {
                    let intro = if index == 0 {
                        ". The largest as stored: "
                    } else {
                        ", "
                    };
                    let kib = file.stored.div_ceil(1024);
                    write!(f, "{intro}{} ({kib} KiB)", file.stored_as)?;
                }
                Ok(())
            }
            Self::TwoBuilds { path, build, index } => {
                write!(f, "{path} is of build {build}, but index.html ")?;
                match index {
                    Some(index) => write!(f, "of build {index}")?,
                    None => f.write_str("has no build id")?,
                }
                f.write_str(
                    ": the folder holds files of two builds; empty it and build again, or stamp \
                     all pages anew",
                )
            }
            Self::OtherBuild { build, found } => write!(
                f,
                "index.html has the build id {build}, but the files are of another build \
                 ({found}): something changed them after they were stamped; pack with --stamp, or \
                 build again"
            ),
            Self::PackedIndex => f.write_str(
                "index.html.gz cannot be unpacked, so that no build id can be written into it: it \
                 is no gzip file, or too large; put index.html as it is in its place",
            ),
            Self::NoPlace { wide: true } => f.write_str(
                "index.html is in UTF-16, so that no build id can be written into it, and it could \
                 never confirm itself: save it in UTF-8",
            ),
            Self::NoPlace { wide: false } => f.write_str(
                "index.html has no place for a build id, so that it could never confirm itself: a \
                 comment or a tag in it does not end",
            ),
            Self::ForeignScript => write!(
                f,
                "{SCRIPT_NAME} is the name of the script that confirms a new frontend, but the \
                 file of that name is another; give it another name"
            ),
            Self::Base(error) => write!(f, "the base: {error}"),
            Self::Manifest(error) => error.fmt(f),
            Self::Build(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PackError {}

/// Why bytes are not an image that a device would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageError {
    /// No image has this length.
    Length {
        /// Bytes.
        len: usize,
    },
    /// It begins as an image does, but ends in the middle of a block, or behind the first.
    CutOff {
        /// Bytes.
        len: usize,
    },
    /// Longer than the largest slot.
    TooLarge {
        /// Bytes.
        len: usize,
    },
    /// The device's own check fails.
    Problem(Problem),
    /// The check passed and yet it cannot be read.
    Unreadable {
        /// What failed.
        what: String,
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { len } => write!(
                f,
                "not an image: {len} bytes long, but an image is a multiple of {SECTOR} bytes, and \
                 at least {}",
                2 * SECTOR
            ),
            Self::CutOff { len } => {
                write!(f, "the image is truncated: {len} bytes long, ")?;
                match len.is_multiple_of(SECTOR as usize) {
                    true => write!(f, "but the shortest has {}", 2 * SECTOR),
                    false => f.write_str("which ends in the middle of a block"),
                }
            }
            Self::TooLarge { len } => write!(
                f,
                "not an image for any slot: {len} bytes long, the largest slot has {SIZE_MAX}"
            ),
            Self::Problem(problem) => problem.fmt(f),
            Self::Unreadable { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for ImageError {}

impl From<Problem> for ImageError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
