//! The check of one metadata pair: its records, its entries, and the blocks of its files.

use core::convert::Infallible;

use super::{Error, Sector, blocks::Owners, lift};
use crate::{
    format::{
        BLOCK_SIZE, ID_NONE, TAG_SEED, Tag, ctz_blocks, ctz_pointers,
        kind::{self, CLASS_NAME, CLASS_STRUCT, CLASS_USER_ATTR},
        name_is_sound, name_order,
    },
    log::{Commits, Cursor, FIRST_TAG, Log},
    read::{Content, ENTRIES_MAX, Entry, File, Image, NamePlace, Node, PATH_MAX},
    storage::Storage,
};

/// What is summed up over all pairs.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) files: u32,
    pub(super) dirs: u32,
    pub(super) bytes: u64,
    /// XOR of the pairs' shares; not zero while a move or orphans are to be dealt with.
    pub(super) global_state: [u32; 3],
}

/// The last name of the pair before in the same directory.
pub(super) struct LastName {
    pub(super) bytes: [u8; crate::format::NAME_MAX as usize],
    pub(super) length: usize,
}

impl LastName {
    pub(super) fn set(&mut self, name: &[u8]) {
        self.length = name.len().min(self.bytes.len());
        self.bytes[..self.length].copy_from_slice(&name[..self.length]);
    }
}

/// Which part of the tree a pair belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A superblock that was left behind when the root moved on.
    Superblock,
    /// The first pair of the root directory.
    Root,
    /// Anything else.
    Directory,
}

/// Length of the path of an entry in a directory whose path has `parent` bytes.
pub(super) fn path_length(parent: usize, name: usize) -> usize {
    parent + usize::from(parent > 0) + name
}

impl NamePlace {
    /// The name, out of the block that it stands in.
    pub(super) fn bytes_in<'a>(&self, block: u32, sector: &'a [u8; BLOCK_SIZE]) -> &'a [u8] {
        let start = (self.offset - block * BLOCK_SIZE as u32) as usize;
        &sector[start..start + usize::from(self.length)]
    }
}

/// A metadata pair whose valid block is in memory.
pub(super) struct Pair<'a> {
    pub(super) image: &'a Image,
    pub(super) commits: &'a Commits,
    pub(super) sector: &'a [u8; BLOCK_SIZE],
    pub(super) part: Part,
    /// Length of the directory's path, bytes.
    pub(super) path: usize,
}

impl Pair<'_> {
    pub(super) async fn check<S: Storage>(
        &mut self,
        storage: &mut S,
        owners: &mut Owners<'_>,
        totals: &mut Totals,
        last_name: &mut LastName,
    ) -> Result<(), Error<S::Error>> {
        // The superblock's id is no entry. Ids are counted before any is looked at, as a look at
        // each of them is what takes time.
        let superblock = u32::from(self.part != Part::Directory);
        let ids = u32::from(self.commits.count).saturating_sub(superblock);
        if totals.files + totals.dirs + ids > ENTRIES_MAX {
            return Err(Error::TooManyEntries { limit: ENTRIES_MAX });
        }
        self.records(totals)?;
        let block = self.commits.log.block;
        let mut previous: &[u8] = &last_name.bytes[..last_name.length];
        for id in 0..self.commits.count {
            let entry = entry(self.image, &self.commits.log, self.sector, id)
                .await
                .map_err(lift)?;
            let (entry, name) = match entry {
                None if id == 0 => continue, // the superblock
                // A superblock that was left behind holds nothing else.
                Some(entry) if self.part != Part::Superblock => entry,
                _ => return Err(Error::Entry { block, id }),
            };

            let name = name.bytes_in(block, self.sector);
            let name_max = self.image.superblock().name_max as usize;
            if name.len() > name_max || !name_is_sound(name) {
                return Err(Error::Name { block, id });
            }
            if path_length(self.path, name.len()) > PATH_MAX {
                return Err(Error::PathTooLong { block, id });
            }
            // No name is empty, so an empty one before means that there is none.
            if !previous.is_empty() && name_order(previous, name).is_ge() {
                return Err(Error::Order { block, id });
            }
            previous = name;

            match entry.node {
                Node::Dir(_) => totals.dirs += 1,
                Node::File(file) => {
                    totals.files += 1;
                    totals.bytes += u64::from(file.size());
                    if file.size() > self.image.superblock().file_max {
                        return Err(Error::FileSize {
                            block,
                            id,
                            size: file.size(),
                        });
                    }
                    claim(storage, owners, &file).await?;
                }
            }
        }
        Ok(())
    }

    /// Each record is of a known kind, has the right length, and stands where it may.
    fn records<E>(&self, totals: &mut Totals) -> Result<(), Error<E>> {
        let block = self.commits.log.block;
        let attr_max = self.image.superblock().attr_max;
        let mut superblock = false;
        let mut global_state = [0; 3];
        let mut offset = FIRST_TAG;
        let mut previous = TAG_SEED;
        while offset < self.commits.log.end() {
            let data = usize::from(offset) + 4;
            let tag = Tag::decode(self.four(data - 4), previous);
            let of_pair = tag.id() == ID_NONE;
            let length = tag.length();
            let good = match tag.kind() {
                kind::REG | kind::DIR => !of_pair && !tag.is_deleted(),
                kind::SUPERBLOCK => {
                    superblock = true;
                    tag.id() == 0 && self.part != Part::Directory
                }
                kind::DIR_STRUCT | kind::CTZ_STRUCT => !of_pair && length == 8,
                kind::INLINE_STRUCT => !of_pair && !tag.is_deleted(),
                kind::CREATE | kind::DELETE => !of_pair && length == 0,
                kind::SOFT_TAIL | kind::HARD_TAIL | kind::FCRC => of_pair && length == 8,
                kind::MOVE_STATE => {
                    global_state = [0, 4, 8].map(|at| match data + at + 4 <= BLOCK_SIZE {
                        true => u32::from_le_bytes(self.four(data + at)),
                        false => 0,
                    });
                    of_pair && length == 12
                }
                _ if tag.class() == CLASS_USER_ATTR => {
                    !of_pair && u32::from(tag.data_len()) <= attr_max
                }
                _ if tag.is_commit_end() => tag.kind() <= kind::CRC + 1 && of_pair,
                _ => false,
            };
            if !good {
                return Err(Error::Record { block, offset, tag });
            }
            previous = if tag.is_commit_end() {
                tag.0 ^ tag.next_valid_bit()
            } else {
                tag.0
            };
            offset += tag.size();
        }
        if self.part != Part::Directory && !superblock {
            return Err(Error::Entry { block, id: 0 });
        }
        for (sum, share) in totals.global_state.iter_mut().zip(global_state) {
            *sum ^= share;
        }
        Ok(())
    }

    /// Four bytes of the block; those of a log that was gone through are inside.
    fn four(&self, at: usize) -> [u8; 4] {
        core::array::from_fn(|i| self.sector[at + i])
    }
}

/// The entry behind an id of a block in memory; `None` for the superblock.
///
/// It has one name only: of two, different readers would believe different ones.
pub(super) async fn entry(
    image: &Image,
    log: &Log,
    bytes: &[u8; BLOCK_SIZE],
    id: u16,
) -> Result<Option<(Entry, NamePlace)>, Error<Infallible>> {
    let block = log.block;
    let mut cursor = Cursor::new(log, id);
    let (mut names, mut name, mut content) = (0, None, None);
    while let Some(record) = cursor.older(bytes) {
        match record.0.class() {
            CLASS_NAME => {
                names += 1;
                name = Some(record);
            }
            CLASS_STRUCT if content.is_none() => content = Some(record),
            _ => {}
        }
    }
    match name {
        Some(name) if names == 1 => {
            let mut sector = Sector { block, bytes };
            image
                .put_together(&mut sector, log, id, name, content, (*log, id))
                .await
        }
        _ => Err(Error::Entry { block, id }),
    }
}

/// Pointers that a block of a file can have, as there are [`BLOCKS_MAX`](super::BLOCKS_MAX) < 2^13 blocks.
const POINTERS_MAX: usize = 13;

/// Claims all blocks of a file, and sees that every pointer leads to the block it should.
async fn claim<S: Storage>(
    storage: &mut S,
    owners: &mut Owners<'_>,
    file: &File,
) -> Result<(), Error<S::Error>> {
    let Content::Ctz { head } = file.content else {
        return Ok(());
    };
    let Some(mut index) = ctz_blocks(file.size()).checked_sub(1) else {
        return Ok(());
    };
    let mut block = head;
    // Pointer n of a block leads over 2^n blocks to the next that has a pointer n too (or is the
    // first of the file), so for each n there is one block to be expected.
    let mut expected = [None; POINTERS_MAX];
    loop {
        owners.claim(block)?;
        let pointers = if index == 0 {
            POINTERS_MAX
        } else {
            ctz_pointers(index) as usize
        };
        if expected[..pointers]
            .iter()
            .flatten()
            .any(|expected| *expected != block)
        {
            return Err(Error::Shortcut { block });
        }
        if index == 0 {
            return Ok(());
        }
        let mut bytes = [0; 4 * POINTERS_MAX];
        let bytes = &mut bytes[..4 * pointers];
        storage
            .read(block * BLOCK_SIZE as u32, bytes)
            .await
            .map_err(Error::Storage)?;
        for (expected, bytes) in expected.iter_mut().zip(bytes.as_chunks().0) {
            *expected = Some(u32::from_le_bytes(*bytes));
        }
        let [Some(next), ..] = expected else {
            return Err(Error::Shortcut { block });
        };
        block = next;
        index -= 1;
    }
}
