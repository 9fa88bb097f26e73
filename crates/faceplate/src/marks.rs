//! Marks: what whoever packed a file says about it, in a LittleFS attribute of its own.
//!
//! How long a browser may keep a file without asking again cannot be told by its name: only the tool
//! that made it knows whether another content would have another name. So the packer says it of
//! every file, and a hash over all marks stands at the root: a mark that was changed, added or lost
//! is found by the same check as content. Firmware and tools that don't know these attributes ignore
//! them, so that their images stay good for all.

use crate::sha256::{Compress, SOFTWARE, Sha256};

/// Attribute of each file: one byte, its [`Marks`]. Attribute of the root directory: the
/// [`MarksHash`] over all of them. An image without the latter has no marks.
pub const MARKS: u8 = 0x63;
/// Bytes of the hash over all marks.
pub const MARKS_HASH_LEN: usize = 32;

/// The bit of a name that changes with the content.
const IMMUTABLE: u8 = 1;

/// What a file is marked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// Another content would have another name: a browser need never ask for this one again.
    pub immutable: bool,
}

impl Marks {
    /// The stored form: bit 0 for immutable, all others 0.
    pub const fn encode(self) -> u8 {
        if self.immutable { IMMUTABLE } else { 0 }
    }

    /// Reads the stored form. Bits that are not known yet are left to later firmware.
    pub const fn decode(byte: u8) -> Self {
        Self {
            immutable: byte & IMMUTABLE != 0,
        }
    }
}

/// The hash over all marks in the making: SHA-256 over every file in the order of a walk through the
/// image (see [`RootHash`](crate::manifest::RootHash)); for each file length of its path (`u16`, little
/// endian), path, the stored byte.
#[derive(Debug, Clone)]
pub struct MarksHash(Sha256);

impl MarksHash {
    /// The hash of no files, in software.
    pub const fn new() -> Self {
        Self::with(SOFTWARE)
    }

    /// The hash of no files.
    pub const fn with(compress: Compress) -> Self {
        Self(Sha256::new(compress))
    }

    /// Adds the next file of the walk, with its mark as it is stored.
    pub fn add(&mut self, path: &str, mark: u8) {
        let len = u16::try_from(path.len()).unwrap_or(u16::MAX);
        self.0.update(&len.to_le_bytes());
        self.0.update(path.as_bytes());
        self.0.update(&[mark]);
    }

    /// The result.
    pub fn finish(self) -> [u8; MARKS_HASH_LEN] {
        self.0.finish()
    }
}

impl Default for MarksHash {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bit_that_is_known_counts() {
        for byte in 0..=u8::MAX {
            assert_eq!(Marks::decode(byte).immutable, byte % 2 == 1, "{byte:#x}");
        }
        for immutable in [false, true] {
            let marks = Marks { immutable };
            assert_eq!(Marks::decode(marks.encode()), marks);
        }
    }
}
