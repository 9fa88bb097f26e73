//! The on-disk format of LittleFS v2: constants, tags, checksums (littlefs SPEC.md).

/// Bytes of a block. Faceplate images use the erase sector of SPI NOR flash.
pub const BLOCK_SIZE: usize = 4096;

/// What the superblock of an image says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Superblock {
    /// Disk version, major in the upper 16 bits: 0x0002_0000 or 0x0002_0001.
    pub version: u32,
    /// Number of blocks that the file system may use.
    pub block_count: u32,
    /// Longest name of a file or directory, bytes.
    pub name_max: u32,
    /// Largest file, bytes.
    pub file_max: u32,
    /// Largest user attribute, bytes.
    pub attr_max: u32,
}
