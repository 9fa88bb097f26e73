//! The on-disk format of LittleFS v2: constants, tags, checksum, order of names (littlefs SPEC.md).

use core::{cmp::Ordering, fmt};

/// Bytes of a block. Faceplate images use the erase sector of SPI NOR flash.
pub const BLOCK_SIZE: usize = 4096;

/// Content of the superblock's name tag; in every image at offset 8 of block 0 and of block 1.
pub const MAGIC: [u8; 8] = *b"littlefs";

/// Disk version 2.0, major in the upper 16 bits.
pub const VERSION_2_0: u32 = 0x0002_0000;
/// Disk version 2.1, which added forward checksums (FCRC tags).
pub const VERSION_2_1: u32 = 0x0002_0001;

/// The block address that means "none"; a tail of two of them ends the list of metadata pairs.
pub const BLOCK_NULL: u32 = 0xffff_ffff;

/// The pair of blocks at which every image starts.
pub const FIRST_PAIR: [u32; 2] = [0, 1];

/// The id of tags that belong to the whole metadata pair rather than to one entry.
pub const ID_NONE: u16 = 0x3ff;

/// The length field of a tag that removes what an earlier tag said; it has no data.
pub const LENGTH_DELETED: u16 = 0x3ff;

/// Largest data of a tag, bytes: one less than [`LENGTH_DELETED`].
pub const LENGTH_MAX: u16 = 0x3fe;

/// Longest name that is accepted, bytes: the C library's default `LFS_NAME_MAX`.
pub const NAME_MAX: u32 = 255;

/// Largest file, bytes: the C library's `LFS_FILE_MAX`, the largest signed 32-bit number.
pub const FILE_MAX: u32 = 0x7fff_ffff;

/// Largest user attribute, bytes: the C library's `LFS_ATTR_MAX`, what a tag can hold.
pub const ATTR_MAX: u32 = 1022;

/// Value before the first tag of a block, with which that tag is XORed.
pub const TAG_SEED: u32 = 0xffff_ffff;

/// Value of a running [`crc32`] before its first byte.
pub const CRC_SEED: u32 = 0xffff_ffff;

/// Tag types, 11 bits: the upper 3 bits are the class, the lower 8 say more.
pub mod kind {
    /// Name of a regular file.
    pub const REG: u16 = 0x001;
    /// Name of a directory.
    pub const DIR: u16 = 0x002;
    /// Name of the superblock entry, [`MAGIC`](super::MAGIC).
    pub const SUPERBLOCK: u16 = 0x0ff;
    /// Content of a directory: its metadata pair, two 32-bit block addresses.
    pub const DIR_STRUCT: u16 = 0x200;
    /// Content of a small file, or the superblock's fields: the bytes themselves.
    pub const INLINE_STRUCT: u16 = 0x201;
    /// Content of a larger file: 32-bit address of its last block, 32-bit size in bytes.
    pub const CTZ_STRUCT: u16 = 0x202;
    /// User attribute 0; add the attribute's number, 0 to 255.
    pub const USER_ATTR: u16 = 0x300;
    /// Makes an id, moving those from it upwards by one.
    pub const CREATE: u16 = 0x401;
    /// Removes an id, moving those above it downwards by one.
    pub const DELETE: u16 = 0x4ff;
    /// Ends a commit by a checksum; its lowest bit flips the valid bit of the next commit's tags.
    pub const CRC: u16 = 0x500;
    /// Checksum of the erased bytes after a commit (disk version 2.1).
    pub const FCRC: u16 = 0x5ff;
    /// Next metadata pair in the list of all pairs, which begins another directory.
    pub const SOFT_TAIL: u16 = 0x600;
    /// Next metadata pair in the list of all pairs, which continues this directory.
    pub const HARD_TAIL: u16 = 0x601;
    /// This pair's share of the global state: 12 bytes, XORed over all pairs.
    pub const MOVE_STATE: u16 = 0x7ff;

    /// Class of names.
    pub const CLASS_NAME: u16 = 0x000;
    /// Class of contents.
    pub const CLASS_STRUCT: u16 = 0x200;
    /// Class of user attributes.
    pub const CLASS_USER_ATTR: u16 = 0x300;
    /// Class of [`CREATE`] and [`DELETE`].
    pub const CLASS_SPLICE: u16 = 0x400;
    /// Class of checksums.
    pub const CLASS_CRC: u16 = 0x500;
    /// Class of tails.
    pub const CLASS_TAIL: u16 = 0x600;
    /// Class of global state.
    pub const CLASS_GLOBAL: u16 = 0x700;
}

/// A tag, the 32-bit head of each record in a metadata block, after the XOR with the one before.
///
/// From the top: valid bit (0 = valid), type (11 bits), id (10 bits), length (10 bits). On disk tags
/// are big-endian and XORed with the tag before, while all other numbers are little-endian.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag(pub u32);

impl Tag {
    /// Puts a valid tag together; bits that do not fit their field are cut off.
    #[must_use]
    pub const fn new(kind: u16, id: u16, length: u16) -> Self {
        Tag((kind as u32 & 0x7ff) << 20 | (id as u32 & 0x3ff) << 10 | (length as u32 & 0x3ff))
    }

    /// Whether the valid bit says so (it is 0).
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.0 >> 31 == 0
    }

    /// The type, one of [`kind`].
    #[must_use]
    pub const fn kind(self) -> u16 {
        (self.0 >> 20 & 0x7ff) as u16
    }

    /// The upper 3 bits of the type, one of the classes in [`kind`].
    #[must_use]
    pub const fn class(self) -> u16 {
        self.kind() & 0x700
    }

    /// The entry that the tag is about, or [`ID_NONE`].
    #[must_use]
    pub const fn id(self) -> u16 {
        (self.0 >> 10 & 0x3ff) as u16
    }

    /// The length field as it stands, [`LENGTH_DELETED`] included.
    #[must_use]
    pub const fn length(self) -> u16 {
        (self.0 & 0x3ff) as u16
    }

    /// Whether the tag removes what an earlier one said.
    #[must_use]
    pub const fn is_deleted(self) -> bool {
        self.length() == LENGTH_DELETED
    }

    /// Bytes of data behind the tag: its length, none for a deleting tag.
    #[must_use]
    pub const fn data_len(self) -> u16 {
        if self.is_deleted() { 0 } else { self.length() }
    }

    /// Bytes that the record takes: the tag and its data.
    #[must_use]
    pub const fn size(self) -> u16 {
        4 + self.data_len()
    }

    /// Whether the tag ends a commit (0x500 to 0x57f: [`kind::FCRC`] does not).
    #[must_use]
    pub const fn is_commit_end(self) -> bool {
        self.kind() & 0x780 == kind::CRC
    }

    /// The valid bit that the first tag after this commit's end must be XORed with.
    #[must_use]
    pub const fn next_valid_bit(self) -> u32 {
        (self.kind() as u32 & 1) << 31
    }

    /// The bytes of this tag on disk when `previous` (with its valid bit) stands before it.
    #[must_use]
    pub const fn encode(self, previous: u32) -> [u8; 4] {
        (self.0 ^ previous).to_be_bytes()
    }

    /// The tag whose bytes stand on disk behind `previous`.
    #[must_use]
    pub const fn decode(bytes: [u8; 4], previous: u32) -> Self {
        Tag(u32::from_be_bytes(bytes) ^ previous)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let valid = if self.is_valid() { "" } else { "!" };
        write!(
            f,
            "{valid}{:#05x}:{:#x}+{}",
            self.kind(),
            self.id(),
            self.length()
        )
    }
}

/// Continues a CRC-32 (polynomial 0xEDB88320, reflected, no final XOR) from [`CRC_SEED`] on.
#[must_use]
pub const fn crc32(mut crc: u32, bytes: &[u8]) -> u32 {
    // One entry for each half byte: 64 bytes of table are fast enough for metadata.
    const TABLE: [u32; 16] = {
        let mut table = [0; 16];
        let mut value = 0;
        while value < 16 {
            let mut entry = value as u32;
            let mut bit = 0;
            while bit < 4 {
                entry = if entry & 1 == 1 {
                    entry >> 1 ^ 0xedb8_8320
                } else {
                    entry >> 1
                };
                bit += 1;
            }
            table[value] = entry;
            value += 1;
        }
        table
    };
    let mut at = 0;
    while at < bytes.len() {
        crc ^= bytes[at] as u32;
        crc = crc >> 4 ^ TABLE[(crc & 0xf) as usize];
        crc = crc >> 4 ^ TABLE[(crc & 0xf) as usize];
        at += 1;
    }
    crc
}

/// The order in which LittleFS keeps the names of a directory.
///
/// Byte order, but a longer name stands *before* its own beginning: `app.js.gz` before `app.js`.
#[must_use]
pub fn name_order(a: &[u8], b: &[u8]) -> Ordering {
    let common = a.len().min(b.len());
    a[..common].cmp(&b[..common]).then(b.len().cmp(&a.len()))
}

/// Whether a name may stand in an image: 1 to [`NAME_MAX`] bytes of UTF-8, not `.` or `..`, without
/// `/` and control characters.
#[must_use]
pub fn name_is_sound(name: &[u8]) -> bool {
    (1..=NAME_MAX as usize).contains(&name.len())
        && name != b"."
        && name != b".."
        && !name
            .iter()
            .any(|byte| *byte == b'/' || byte.is_ascii_control())
        && core::str::from_utf8(name).is_ok()
}

/// Pointers at the head of the block with this index in a CTZ list: 32 bits each, the first to
/// index - 1, the next to index - 2, index - 4 and so on. Block 0 has none.
#[must_use]
pub const fn ctz_pointers(index: u32) -> u32 {
    if index == 0 {
        0
    } else {
        index.trailing_zeros() + 1
    }
}

/// Where byte `position` of a CTZ file stands: index of the block, and offset in that block.
#[must_use]
pub const fn ctz_locate(position: u32) -> (u32, u32) {
    // Up to block n the pointers take 4 * (2n - popcount(n)) bytes: SPEC.md, "CTZ skip-lists".
    const ROOM: u32 = BLOCK_SIZE as u32 - 8;
    let mut index = position / ROOM;
    if index == 0 {
        return (0, position);
    }
    index = (position - 4 * ((index - 1).count_ones() + 2)) / ROOM;
    (index, position - ROOM * index - 4 * index.count_ones())
}

/// Number of blocks of a CTZ file of `size` bytes.
#[must_use]
pub const fn ctz_blocks(size: u32) -> u32 {
    if size == 0 {
        0
    } else {
        ctz_locate(size - 1).0 + 1
    }
}

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

impl Superblock {
    /// Bytes of the superblock's fields on disk.
    pub const SIZE: usize = 24;

    /// The fields as they stand on disk.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let fields = [
            self.version,
            BLOCK_SIZE as u32,
            self.block_count,
            self.name_max,
            self.file_max,
            self.attr_max,
        ];
        let mut bytes = [0; Self::SIZE];
        for (chunk, field) in bytes.chunks_exact_mut(4).zip(fields) {
            chunk.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    /// Reads and judges the fields.
    ///
    /// # Errors
    /// When a field is outside what this crate reads.
    pub fn decode(bytes: &[u8; Self::SIZE]) -> Result<Self, SuperblockError> {
        let [
            version,
            block_size,
            block_count,
            name_max,
            file_max,
            attr_max,
        ] = core::array::from_fn(|i| {
            let at = 4 * i;
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        });
        if version != VERSION_2_0 && version != VERSION_2_1 {
            return Err(SuperblockError::Version(version));
        }
        if block_size != BLOCK_SIZE as u32 {
            return Err(SuperblockError::BlockSize(block_size));
        }
        if block_count < 2 {
            return Err(SuperblockError::BlockCount(block_count));
        }
        if !(1..=NAME_MAX).contains(&name_max) {
            return Err(SuperblockError::NameMax(name_max));
        }
        if !(1..=FILE_MAX).contains(&file_max) {
            return Err(SuperblockError::FileMax(file_max));
        }
        if attr_max > ATTR_MAX {
            return Err(SuperblockError::AttrMax(attr_max));
        }
        // The C library takes 0 for "not said".
        let attr_max = if attr_max == 0 { ATTR_MAX } else { attr_max };
        Ok(Superblock {
            version,
            block_count,
            name_max,
            file_max,
            attr_max,
        })
    }
}

/// A field of the superblock that is outside what this crate reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuperblockError {
    /// The disk version, major in the upper 16 bits.
    Version(u32),
    /// The block size, bytes.
    BlockSize(u32),
    /// The number of blocks.
    BlockCount(u32),
    /// The longest name, bytes.
    NameMax(u32),
    /// The largest file, bytes.
    FileMax(u32),
    /// The largest attribute, bytes.
    AttrMax(u32),
    /// A limit is larger than in the superblock before, which the C library refuses.
    Grown,
}

impl fmt::Display for SuperblockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            SuperblockError::Version(v) => write!(
                f,
                "LittleFS disk version {}.{} is not supported, 2.0 and 2.1 are",
                v >> 16,
                v & 0xffff
            ),
            SuperblockError::BlockSize(n) => write!(
                f,
                "the image has blocks of {n} bytes: make it with a block size of {BLOCK_SIZE}"
            ),
            SuperblockError::BlockCount(n) => {
                write!(f, "the superblock's block count of {n} is too small")
            }
            SuperblockError::NameMax(n) => {
                write!(
                    f,
                    "the superblock's name_max of {n} is not within 1 and {NAME_MAX}"
                )
            }
            SuperblockError::Grown => {
                f.write_str("the last superblock allows more than the one before it")
            }
            SuperblockError::FileMax(n) => {
                write!(
                    f,
                    "the superblock's file_max of {n} is not within 1 and {FILE_MAX}"
                )
            }
            SuperblockError::AttrMax(n) => {
                write!(
                    f,
                    "the superblock's attr_max of {n} is more than {ATTR_MAX}"
                )
            }
        }
    }
}

impl core::error::Error for SuperblockError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32_without_the_final_xor() {
        // "123456789" is the check string of the CRC catalogue: CRC-32/JAMCRC gives 0x340bc6d9.
        assert_eq!(crc32(CRC_SEED, b"123456789"), 0x340b_c6d9);
        assert_eq!(crc32(crc32(CRC_SEED, b"1234"), b"56789"), 0x340b_c6d9);
    }

    #[test]
    fn a_tag_keeps_its_fields() {
        let tag = Tag::new(kind::CTZ_STRUCT, 0x155, 8);
        assert_eq!((tag.kind(), tag.id(), tag.length()), (0x202, 0x155, 8));
        assert!(tag.is_valid());
        assert_eq!(Tag::decode(tag.encode(0x1234_5678), 0x1234_5678), tag);
        assert_eq!(Tag::new(kind::USER_ATTR, 0, LENGTH_DELETED).size(), 4);
        assert!(Tag::new(kind::CRC + 1, ID_NONE, 4).is_commit_end());
        assert!(!Tag::new(kind::FCRC, ID_NONE, 8).is_commit_end());
    }

    #[test]
    fn a_longer_name_stands_before_its_own_beginning() {
        let mut names = ["app.js", "app.js.map", "app", "b", "app.js.gz"];
        names.sort_by(|a, b| name_order(a.as_bytes(), b.as_bytes()));
        assert_eq!(names, ["app.js.gz", "app.js.map", "app.js", "app", "b"]);
    }

    #[test]
    fn positions_of_a_ctz_file_follow_its_blocks() {
        let (mut index, mut offset) = (0, 0);
        for position in 0..3_000_000 {
            if offset == BLOCK_SIZE as u32 {
                index += 1;
                offset = 4 * ctz_pointers(index);
            }
            assert_eq!(ctz_locate(position), (index, offset), "byte {position}");
            offset += 1;
        }
        assert_eq!(
            (ctz_blocks(0), ctz_blocks(4096), ctz_blocks(4097)),
            (0, 1, 2)
        );
    }

    #[test]
    fn a_superblock_outside_the_limits_is_refused() {
        let good = Superblock {
            version: VERSION_2_1,
            block_count: 2,
            name_max: 255,
            file_max: FILE_MAX,
            attr_max: 1022,
        };
        assert_eq!(Superblock::decode(&good.encode()), Ok(good));
        for (field, value, error) in [
            (0, 0x0002_0002, SuperblockError::Version(0x0002_0002)),
            (0, 0x0001_0001, SuperblockError::Version(0x0001_0001)),
            (1, 512, SuperblockError::BlockSize(512)),
            (2, 1, SuperblockError::BlockCount(1)),
            (3, 0, SuperblockError::NameMax(0)),
            (3, 256, SuperblockError::NameMax(256)),
            (4, 0x8000_0000, SuperblockError::FileMax(0x8000_0000)),
            (5, 1023, SuperblockError::AttrMax(1023)),
        ] {
            let mut bytes = good.encode();
            bytes[4 * field..4 * field + 4].copy_from_slice(&u32::to_le_bytes(value));
            assert_eq!(Superblock::decode(&bytes), Err(error));
        }
    }
}
