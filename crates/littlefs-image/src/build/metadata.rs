//! One commit of a metadata block: a revision, tags with their data, a checksum.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::format::{
    BLOCK_SIZE, CRC_SEED, ID_NONE, MAGIC, NAME_MAX, Superblock, TAG_SEED, Tag, crc32, kind,
};

/// Bytes of a tag without its data.
pub(super) const TAG_SIZE: usize = 4;

/// Largest file that is kept in its directory's metadata, bytes: an eighth of a block, which is
/// C littlefs' own limit. Its other limit, the cache, is for those who change the file: the file
/// has to fit into it then. (esp_littlefs has 512.)
pub(super) const INLINE_MAX: usize = BLOCK_SIZE / 8;

/// Bytes that the attributes of one path may take: what a block leaves beside the longest name
/// and the largest inline file. (The superblock's entry is smaller than these two.)
pub(super) const ATTRS_BYTES_MAX: usize =
    Commit::CAPACITY - (TAG_SIZE + NAME_MAX as usize) - (TAG_SIZE + INLINE_MAX);

/// User attributes by kind.
pub(super) type Attributes = BTreeMap<u8, Vec<u8>>;

/// Bytes that attributes take in a metadata block.
pub(super) fn attributes_bytes(attributes: &Attributes) -> usize {
    attributes
        .values()
        .map(|value| TAG_SIZE + value.len())
        .sum()
}

/// A metadata block in the making: the one commit that a block of a new image has.
pub(super) struct Commit {
    bytes: Vec<u8>,
    /// The tag before, which the next one is XORed with.
    previous: u32,
}

/// How the list of metadata pairs continues.
#[derive(Clone, Copy)]
pub(super) enum Tail {
    /// With another pair of the same directory.
    Hard,
    /// With the first pair of another directory.
    Soft,
}

impl Commit {
    /// Bytes for entries: a block without the revision, a tail and the checksum.
    pub(super) const CAPACITY: usize = BLOCK_SIZE - 4 - (TAG_SIZE + 8) - (TAG_SIZE + 4);

    /// Bytes that the superblock's entry takes.
    pub(super) const SUPERBLOCK_BYTES: usize = TAG_SIZE + MAGIC.len() + TAG_SIZE + Superblock::SIZE;

    /// Begins a block. Of two blocks of a pair the one with the higher revision counts.
    pub(super) fn new(revision: u32) -> Self {
        let mut bytes = Vec::with_capacity(BLOCK_SIZE);
        bytes.extend_from_slice(&revision.to_le_bytes());
        Self {
            bytes,
            previous: TAG_SEED,
        }
    }

    /// The superblock's entry, the first of the root directory.
    pub(super) fn superblock(&mut self, superblock: &Superblock) {
        self.tag(kind::SUPERBLOCK, 0, &MAGIC);
        self.tag(kind::INLINE_STRUCT, 0, &superblock.encode());
    }

    /// A file whose content stands here.
    pub(super) fn inline_file(&mut self, id: u16, name: &[u8], data: &[u8]) {
        self.tag(kind::REG, id, name);
        self.tag(kind::INLINE_STRUCT, id, data);
    }

    /// A file of `size` bytes in a list of blocks, of which `head` is the last.
    pub(super) fn ctz_file(&mut self, id: u16, name: &[u8], head: u32, size: u32) {
        self.tag(kind::REG, id, name);
        self.tag(kind::CTZ_STRUCT, id, &two(head, size));
    }

    /// A directory that begins in a metadata pair.
    pub(super) fn directory(&mut self, id: u16, name: &[u8], pair: [u32; 2]) {
        self.tag(kind::DIR, id, name);
        self.tag(kind::DIR_STRUCT, id, &two(pair[0], pair[1]));
    }

    /// The user attributes of an entry.
    pub(super) fn attributes(&mut self, id: u16, attributes: &Attributes) {
        for (&number, value) in attributes {
            self.tag(kind::USER_ATTR + u16::from(number), id, value);
        }
    }

    /// The metadata pair that comes next.
    pub(super) fn tail(&mut self, tail: Tail, pair: [u32; 2]) {
        let kind = match tail {
            Tail::Hard => kind::HARD_TAIL,
            Tail::Soft => kind::SOFT_TAIL,
        };
        self.tag(kind, ID_NONE, &two(pair[0], pair[1]));
    }

    /// Ends the commit and writes it to the beginning of an erased block.
    ///
    /// The lowest bit of the checksum's type is 0: erased bytes behind it are no valid tag then,
    /// so the log ends there. A forward checksum (2.1) would only help one who appends.
    pub(super) fn write(mut self, block: &mut [u8]) {
        self.head(Tag::new(kind::CRC, ID_NONE, 4));
        let crc = crc32(CRC_SEED, &self.bytes);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        block[..self.bytes.len()].copy_from_slice(&self.bytes);
    }

    fn tag(&mut self, kind: u16, id: u16, data: &[u8]) {
        self.head(Tag::new(kind, id, data.len() as u16));
        self.bytes.extend_from_slice(data);
    }

    fn head(&mut self, tag: Tag) {
        self.bytes.extend_from_slice(&tag.encode(self.previous));
        self.previous = tag.0;
    }
}

/// Two 32-bit numbers as they stand on disk.
fn two(a: u32, b: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    let (first, second) = bytes.split_at_mut(4);
    first.copy_from_slice(&a.to_le_bytes());
    second.copy_from_slice(&b.to_le_bytes());
    bytes
}
