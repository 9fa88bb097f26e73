//! The manifest: LittleFS user attributes that tell a frontend's version and prove its content.
//!
//! LittleFS protects its own structures with checksums, but not the bytes of files. So each file
//! carries a hash of its stored bytes, and the root directory a record with a hash over all of
//! them. Tools that don't know these attributes ignore them.

use core::fmt;

use heapless::String;

use crate::{
    BuildId,
    sha256::{Compress, SOFTWARE, Sha256},
};

/// Attribute of each file: the first [`FILE_HASH_LEN`] bytes of the SHA-256 of its stored bytes.
pub const FILE_HASH: u8 = 0x66;
/// Attribute of the root directory: the encoded [`Manifest`].
pub const MANIFEST: u8 = 0x6d;
/// Attribute of the root directory: how many blocks the image has (`u32`, little endian), so that one
/// whose end is missing is known by its first block.
pub const LENGTH: u8 = 0x6c;
/// Attribute of the root directory: a [`Signature`](crate::signature::Signature).
pub const SIGNATURE: u8 = 0x73;

/// Bytes of a file's hash: 128 bits, as strong against accidents as anyone needs.
pub const FILE_HASH_LEN: usize = 16;
/// Longest version string, bytes.
pub const VERSION_MAX: usize = 64;

/// A frontend's version, for people; at most [`VERSION_MAX`] bytes.
pub type Version = String<VERSION_MAX, u8>;
/// A file's hash.
pub type FileHash = [u8; FILE_HASH_LEN];

/// The format without a build id and a sequence.
const PLAIN: u8 = 1;
/// The format with them.
const WITH_BUILD: u8 = 2;
/// Bytes before the version in every format: format, two API numbers, root hash.
const FIXED: usize = 1 + 2 + 2 + 32;
/// Bytes that [`WITH_BUILD`] has more: build id, sequence.
const BUILD: usize = BuildId::LEN + 4;

/// In place of the build id of an image that has none.
const NO_BUILD: BuildId = BuildId([0; BuildId::LEN]);

/// What the root directory says about the whole image.
///
/// Stored as: format, minimum and maximum API (`u16`, little endian), root hash (32 bytes);
/// in format 2 build id (8 bytes, 0 where it has none) and sequence (`u32`, little endian);
/// version (UTF-8, the rest). Format 1 is that of an image with neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What is worth knowing about the frontend.
    pub about: About,
    /// See [`RootHash`].
    pub root_hash: [u8; 32],
}

/// What a manifest says about the frontend: all that is kept of it once the files are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Lowest firmware API that the frontend works with.
    pub api_min: u16,
    /// Highest firmware API that the frontend works with.
    pub api_max: u16,
    /// Which build it is, if its pages say so.
    pub build: Option<BuildId>,
    /// How new it is: a later frontend has a higher number. 0 where nobody counts.
    pub sequence: u32,
    /// What people call this frontend.
    pub version: Version,
}

/// Why bytes are not a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestError {
    /// Shorter than its fixed part.
    Short,
    /// A format that this firmware does not know.
    Format(u8),
    /// The version is too long, not UTF-8, or has control characters.
    Version,
    /// Minimum above maximum.
    ApiRange {
        /// As stored.
        min: u16,
        /// As stored.
        max: u16,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(f, "the manifest is cut short"),
            Self::Format(format) => write!(
                f,
                "manifest format {format} is unknown, want {PLAIN} or {WITH_BUILD}"
            ),
            Self::Version => write!(
                f,
                "the version must be printable UTF-8 of at most {VERSION_MAX} bytes"
            ),
            Self::ApiRange { min, max } => {
                write!(f, "the lowest API {min} is above the highest {max}")
            }
        }
    }
}

impl core::error::Error for ManifestError {}

impl Manifest {
    /// Bytes of the longest encoded manifest.
    pub const MAX_LEN: usize = FIXED + BUILD + VERSION_MAX;

    /// A manifest from its parts.
    ///
    /// # Errors
    /// When the version or the range of APIs cannot be stored.
    pub fn new(
        version: &str,
        (api_min, api_max): (u16, u16),
        build: Option<BuildId>,
        sequence: u32,
        root_hash: [u8; 32],
    ) -> Result<Self, ManifestError> {
        if version.chars().any(char::is_control) {
            return Err(ManifestError::Version);
        }
        if api_min > api_max {
            return Err(ManifestError::ApiRange {
                min: api_min,
                max: api_max,
            });
        }
        let version = Version::try_from(version).map_err(|_| ManifestError::Version)?;
        let about = About {
            api_min,
            api_max,
            build,
            sequence,
            version,
        };
        Ok(Self { about, root_hash })
    }

    /// Writes the stored form to the start of `out` and returns its length.
    pub fn encode(&self, out: &mut [u8; Self::MAX_LEN]) -> usize {
        let About {
            api_min,
            api_max,
            build,
            sequence,
            version,
        } = &self.about;
        out[1..3].copy_from_slice(&api_min.to_le_bytes());
        out[3..5].copy_from_slice(&api_max.to_le_bytes());
        out[5..FIXED].copy_from_slice(&self.root_hash);
        let (format, fixed) = match (build, sequence) {
            (None, 0) => (PLAIN, FIXED),
            (build, sequence) => {
                let BuildId(id) = build.unwrap_or(NO_BUILD);
                let (build, count) = out[FIXED..FIXED + BUILD].split_at_mut(id.len());
                build.copy_from_slice(&id);
                count.copy_from_slice(&sequence.to_le_bytes());
                (WITH_BUILD, FIXED + BUILD)
            }
        };
        out[0] = format;
        out[fixed..fixed + version.len()].copy_from_slice(version.as_bytes());
        fixed + version.len()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let (fixed, rest) = bytes.split_at_checked(FIXED).ok_or(ManifestError::Short)?;
        let (build, sequence, version) = match fixed[0] {
            PLAIN => (None, 0, rest),
            WITH_BUILD => {
                let (more, version) = rest.split_at_checked(BUILD).ok_or(ManifestError::Short)?;
                let (mut id, mut count) = ([0; BuildId::LEN], [0; 4]);
                id.copy_from_slice(&more[..BuildId::LEN]);
                count.copy_from_slice(&more[BuildId::LEN..]);
                let build = Some(BuildId(id)).filter(|build| *build != NO_BUILD);
                (build, u32::from_le_bytes(count), version)
            }
            format => return Err(ManifestError::Format(format)),
        };
        let version = core::str::from_utf8(version).map_err(|_| ManifestError::Version)?;
        let api = (
            u16::from_le_bytes([fixed[1], fixed[2]]),
            u16::from_le_bytes([fixed[3], fixed[4]]),
        );
        let mut root_hash = [0; 32];
        root_hash.copy_from_slice(&fixed[5..]);
        Self::new(version, api, build, sequence, root_hash)
    }
}

/// The root hash in the making: SHA-256 over every file in the order of a walk through the image.
///
/// That order is LittleFS's own: each directory's entries by name, where a longer name comes before
/// its own prefix, and a directory's content in its place. So one pass without sorting verifies
/// it, and it depends on the tree alone. For each file: length of its path (`u16`), path,
/// size (`u32`), hash; numbers little endian.
#[derive(Debug, Clone)]
pub struct RootHash(Sha256);

impl RootHash {
    /// The hash of no files, in software.
    pub const fn new() -> Self {
        Self::with(SOFTWARE)
    }

    /// The hash of no files.
    pub const fn with(compress: Compress) -> Self {
        Self(Sha256::new(compress))
    }

    /// Adds the next file of the walk.
    pub fn add(&mut self, path: &str, size: u32, hash: &FileHash) {
        let len = u16::try_from(path.len()).unwrap_or(u16::MAX);
        self.0.update(&len.to_le_bytes());
        self.0.update(path.as_bytes());
        self.0.update(&size.to_le_bytes());
        self.0.update(hash);
    }

    /// The result.
    pub fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}

impl Default for RootHash {
    fn default() -> Self {
        Self::new()
    }
}

/// The hash of a file's stored bytes, in the making.
#[derive(Debug, Clone)]
pub struct FileHasher(Sha256);

impl FileHasher {
    /// The hash of no bytes, in software.
    pub const fn new() -> Self {
        Self::with(SOFTWARE)
    }

    /// The hash of no bytes.
    pub const fn with(compress: Compress) -> Self {
        Self(Sha256::new(compress))
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The result.
    pub fn finish(self) -> FileHash {
        let full = self.0.finish();
        let mut hash = [0; FILE_HASH_LEN];
        hash.copy_from_slice(&full[..FILE_HASH_LEN]);
        hash
    }
}

impl Default for FileHasher {
    fn default() -> Self {
        Self::new()
    }
}
