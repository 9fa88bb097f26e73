//! Why an upload failed.

use core::fmt;

use crate::{
    BeginError,
    patch::PatchError,
    text::Text,
    verify::{BadLength, Problem},
};

/// Why an upload failed. The active slot is untouched in every case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadError {
    /// The first bytes are not a usable LittleFS image. Nothing was erased.
    NotAnImage(Text),
    /// No image has this length, and these are not the first bytes of one. Nothing was erased.
    BadLength,
    /// The end of the image is missing, as its first bytes tell. Nothing was erased.
    Truncated(Text),
    /// More bytes came than were announced.
    TooLong,
    /// Fewer bytes came than were announced.
    Incomplete {
        /// Bytes that came.
        received: u32,
        /// Bytes that were announced.
        total: u32,
    },
    /// What a patch says of itself cannot be. Nothing was touched.
    Begin(BeginError),
    /// The patch cannot be followed, or does not make what it says.
    Patch(PatchError),
    /// The SHA-256 of the bytes is not the one that the client sent.
    Digest,
    /// All bytes arrived, but they are no whole frontend.
    Rejected(Problem),
    /// The flash does not take the bytes.
    Flash(Text),
    /// The choice of the new slot cannot be stored.
    Nvs(Text),
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage(what) | Self::Truncated(what) => f.write_str(what),
            Self::BadLength => BadLength.fmt(f),
            Self::TooLong => f.write_str("more bytes came than were announced"),
            Self::Incomplete { received, total } => {
                write!(f, "the upload ended after {received} of {total} bytes")
            }
            Self::Begin(error) => error.fmt(f),
            Self::Patch(error) => error.fmt(f),
            Self::Digest => f.write_str("the bytes do not match the Content-Digest"),
            Self::Rejected(problem) => problem.fmt(f),
            Self::Flash(what) => f.write_str(what),
            Self::Nvs(what) => write!(f, "the settings store (NVS) failed: {what}"),
        }
    }
}

impl core::error::Error for UploadError {}
