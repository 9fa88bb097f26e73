//! Why a slot does not hold a whole frontend.

use core::fmt;

use crate::{KeyId, SECTOR, layout::LayoutError, manifest::ManifestError, text::Text};

/// Why a slot does not hold a whole frontend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There are no slots.
    Layout(LayoutError),
    /// The flash cannot be read.
    Flash(Text),
    /// There was no memory to verify the signature: another time there may be.
    NoMemory,
    /// The slot was never written.
    Empty,
    /// No image has this length, and this is not the beginning of one.
    Length,
    /// The end of the image is missing.
    Truncated(Text),
    /// Not a sound LittleFS image; the text names the block and what is wrong with it.
    Structure(Text),
    /// The bytes do not have the SHA-256 that was announced for them.
    Digest,
    /// No `/index.html` and no `/index.html.gz`.
    NoIndex,
    /// No manifest, and this firmware insists on one.
    NoManifest,
    /// The manifest cannot be read.
    Manifest(ManifestError),
    /// The frontend is made for other firmware.
    Api {
        /// Lowest API it works with.
        min: u16,
        /// Highest API it works with.
        max: u16,
        /// The API of this firmware.
        ours: u16,
    },
    /// An older frontend than one that was confirmed.
    StepBack {
        /// Its sequence.
        sequence: u32,
        /// The highest that was confirmed.
        confirmed: u32,
    },
    /// Nobody signed it, and this firmware insists on that.
    NotSigned,
    /// Who signed it is nobody whom this firmware knows.
    OtherKey(KeyId),
    /// It was changed since it was signed by this key, or never was.
    Signature(KeyId),
    /// This file has no hash, though the image has a manifest.
    NoFileHash(Text),
    /// The bytes of this file are not those that were packed.
    FileHash(Text),
    /// Files were added, removed, renamed or replaced since the image was packed.
    RootHash,
    /// This file has no mark, though the image says that its files are marked.
    NoMark(Text),
    /// The marks of files are not those that they were packed with.
    Marks,
    /// The bytes are no longer those that were verified, and have no manifest to prove them.
    Changed,
    /// An upload into this slot was not finished.
    Incomplete,
}

impl Problem {
    /// Whether it says nothing about what is in the slot, which may be found whole another time.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Flash(_) | Self::NoMemory)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(error) => error.fmt(f),
            Self::Flash(error) => write!(f, "flash cannot be read: {error}"),
            Self::NoMemory => f.write_str("no memory to verify the signature"),
            Self::Structure(what) | Self::Truncated(what) => f.write_str(what),
            Self::Length => BadLength.fmt(f),
            Self::Digest => f.write_str("the bytes do not match the announced SHA-256"),
            Self::Empty => f.write_str("empty"),
            Self::NoIndex => f.write_str("no index.html in the image's root"),
            Self::NoManifest => {
                f.write_str("the image has no manifest; make it with `faceplate pack`")
            }
            Self::Manifest(error) => error.fmt(f),
            Self::Api { min, max, ours } => {
                write!(
                    f,
                    "needs firmware API {min} to {max}, this device has {ours}"
                )
            }
            Self::StepBack {
                sequence,
                confirmed,
            } => write!(
                f,
                "a step back: its sequence is {sequence}, and {confirmed} was confirmed here"
            ),
            Self::NotSigned => f.write_str("not signed, and this device takes signed images alone"),
            Self::OtherKey(key) => {
                write!(f, "signed by key {key}, which this device does not know")
            }
            Self::Signature(key) => {
                write!(f, "the signature is not one by key {key} for this image")
            }
            Self::NoFileHash(path) => write!(f, "{path}: has no hash in the manifest"),
            Self::FileHash(path) => write!(f, "{path}: content does not match its hash"),
            Self::RootHash => f.write_str("the set of files does not match the manifest"),
            Self::NoMark(path) => write!(
                f,
                "{path}: has no mark, though the image says that its files do"
            ),
            Self::Marks => f.write_str("the marks of the files do not match the image's"),
            Self::Changed => f.write_str("the content changed since it was verified"),
            Self::Incomplete => f.write_str("an upload into it did not complete"),
        }
    }
}

impl core::error::Error for Problem {}

/// What is wrong with a length that no image has.
pub(crate) struct BadLength;

impl fmt::Display for BadLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an image has a multiple of {SECTOR} bytes, at least {}: this one may be truncated",
            2 * SECTOR
        )
    }
}
