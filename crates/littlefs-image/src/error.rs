//! What can be wrong with an image.

use core::fmt;

use crate::{
    format::{SuperblockError, Tag},
    limits::{DEPTH_MAX, PATH_MAX},
};

/// Why an image cannot be read, or is refused by the check. `E` is the storage's own error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The storage failed.
    Storage(E),
    /// Neither block 0 nor block 1 begins a LittleFS file system.
    NotLittleFs,
    /// The superblock says something that is not supported.
    Superblock(SuperblockError),
    /// A block outside the image is referred to.
    BlockOutside {
        /// The block's address.
        block: u32,
        /// Number of blocks of the image.
        blocks: u32,
    },
    /// Neither block of a metadata pair holds a commit with the right checksum.
    NoCommit {
        /// The pair's blocks.
        pair: [u32; 2],
    },
    /// A record that is unknown, or has a wrong length, or stands where it must not.
    Record {
        /// The metadata block.
        block: u32,
        /// Offset of the record in the block, bytes.
        offset: u16,
        /// The record's tag.
        tag: Tag,
    },
    /// An entry of a directory lacks its name or its content, or has another kind of content
    /// than its name says.
    Entry {
        /// The metadata block.
        block: u32,
        /// The entry's number in it.
        id: u16,
    },
    /// A name is empty, too long, `.` or `..`, not UTF-8, or has a `/` or a control byte.
    Name {
        /// The metadata block.
        block: u32,
        /// The entry's number in it.
        id: u16,
    },
    /// A file is larger than the image, or than the superblock allows.
    FileSize {
        /// The metadata block of the file's entry.
        block: u32,
        /// The entry's number in it.
        id: u16,
        /// The size it claims, bytes.
        size: u32,
    },
    /// More metadata pairs than the image has room for: directories run in a circle.
    Circle {
        /// The pair that was one too many.
        pair: [u32; 2],
    },
    /// Directories are nested deeper than [`DEPTH_MAX`].
    TooDeep {
        /// The pair of the directory that is too deep.
        pair: [u32; 2],
    },
    /// The image has more files and directories than [`ENTRIES_MAX`](crate::read::ENTRIES_MAX).
    TooManyEntries {
        /// How many there may be.
        limit: u32,
    },
    /// A path is longer than [`PATH_MAX`] bytes.
    PathTooLong {
        /// The metadata block of the last part of the path.
        block: u32,
        /// The entry's number in it.
        id: u16,
    },
    /// A block is used by two owners, or twice by one.
    UsedTwice {
        /// The block's address.
        block: u32,
    },
    /// The pointers between the blocks of a file contradict each other.
    Shortcut {
        /// The block that one pointer led to and another should have.
        block: u32,
    },
    /// The names of a directory are not in order, or one is there twice.
    Order {
        /// The metadata block.
        block: u32,
        /// The entry's number in it.
        id: u16,
    },
    /// A metadata pair is in the list of all pairs, but in no directory.
    Orphan {
        /// The pair.
        pair: [u32; 2],
    },
    /// A directory's metadata pair is missing in the list of all pairs, or the list leads back to the first.
    NotInList {
        /// The pair.
        pair: [u32; 2],
    },
    /// A part of the list of all metadata pairs runs in a circle.
    ListCircle,
    /// The file system was left in the middle of a move.
    PendingMove,
    /// The image has more blocks than the check has room for.
    TooManyBlocks {
        /// Number of blocks of the image.
        blocks: u32,
        /// Number of blocks that there is room for.
        max: u32,
    },
    /// The end of the image is missing: it goes on behind the last block that is there.
    Truncated {
        /// Number of blocks that are there.
        blocks: u32,
        /// Number of blocks that there should be, at the least.
        whole: u32,
    },
    /// The image is made for a larger partition.
    TooLarge {
        /// Number of blocks in the superblock.
        block_count: u32,
        /// Number of blocks of the partition.
        blocks: u32,
    },
}

impl<E> Error<E> {
    /// The same error for another storage, whose error `convert` makes of this one's.
    pub fn map_storage<F>(self, convert: impl FnOnce(E) -> F) -> Error<F> {
        match self {
            Error::Storage(error) => Error::Storage(convert(error)),
            Error::NotLittleFs => Error::NotLittleFs,
            Error::Superblock(error) => Error::Superblock(error),
            Error::BlockOutside { block, blocks } => Error::BlockOutside { block, blocks },
            Error::NoCommit { pair } => Error::NoCommit { pair },
            Error::Record { block, offset, tag } => Error::Record { block, offset, tag },
            Error::Entry { block, id } => Error::Entry { block, id },
            Error::Name { block, id } => Error::Name { block, id },
            Error::FileSize { block, id, size } => Error::FileSize { block, id, size },
            Error::Circle { pair } => Error::Circle { pair },
            Error::TooDeep { pair } => Error::TooDeep { pair },
            Error::TooManyEntries { limit } => Error::TooManyEntries { limit },
            Error::PathTooLong { block, id } => Error::PathTooLong { block, id },
            Error::UsedTwice { block } => Error::UsedTwice { block },
            Error::Shortcut { block } => Error::Shortcut { block },
            Error::Order { block, id } => Error::Order { block, id },
            Error::Orphan { pair } => Error::Orphan { pair },
            Error::NotInList { pair } => Error::NotInList { pair },
            Error::ListCircle => Error::ListCircle,
            Error::PendingMove => Error::PendingMove,
            Error::TooManyBlocks { blocks, max } => Error::TooManyBlocks { blocks, max },
            Error::Truncated { blocks, whole } => Error::Truncated { blocks, whole },
            Error::TooLarge {
                block_count,
                blocks,
            } => Error::TooLarge {
                block_count,
                blocks,
            },
        }
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Storage(error) => write!(f, "cannot read the image: {error}"),
            Error::NotLittleFs => f.write_str("not a LittleFS image: no valid superblock"),
            Error::Superblock(error) => error.fmt(f),
            Error::BlockOutside { block, blocks } => {
                write!(f, "block {block} is referred to, but the image has {blocks} blocks")
            }
            Error::NoCommit { pair: [a, b] } => {
                write!(f, "neither block {a} nor block {b} holds valid metadata")
            }
            Error::Record { block, offset, tag } => {
                write!(f, "block {block}, offset {offset}: unexpected record {tag:?}")
            }
            Error::Entry { block, id } => {
                write!(f, "block {block}, entry {id}: name or content is missing or wrong")
            }
            Error::Name { block, id } => {
                write!(f, "block {block}, entry {id}: the name is not acceptable")
            }
            Error::FileSize { block, id, size } => {
                write!(f, "block {block}, entry {id}: a file of {size} bytes cannot be")
            }
            Error::Circle { pair: [a, b] } => {
                write!(f, "directories run in a circle at blocks {a} and {b}")
            }
            Error::TooDeep { pair: [a, b] } => write!(
                f,
                "the directory at blocks {a} and {b} is nested deeper than {DEPTH_MAX} levels"
            ),
            Error::TooManyEntries { limit } => {
                write!(f, "there are more than {limit} files and directories")
            }
            Error::PathTooLong { block, id } => write!(
                f,
                "block {block}, entry {id}: its whole path is longer than {PATH_MAX} bytes"
            ),
            Error::UsedTwice { block } => write!(f, "block {block} is used twice"),
            Error::Shortcut { block } => write!(f, "block {block}: the pointers between the blocks of its file contradict each other"),
            Error::Order { block, id } => write!(f, "block {block}, entry {id}: the name is not in order, or there twice"),
            Error::Orphan { pair: [a, b] } => write!(f, "the metadata at blocks {a} and {b} belongs to no directory"),
            Error::NotInList { pair: [a, b] } => write!(f, "the metadata at blocks {a} and {b} is not in its place in the list of all metadata"),
            Error::ListCircle  => f.write_str("the list of all metadata runs in a circle"),
            Error::PendingMove  => f.write_str("the image was taken in the middle of a move: mount it for writing once, or pack it again"),
            Error::TooManyBlocks { blocks, max } => write!(f, "the image has {blocks} blocks, and {max} is the most that can be checked"),
            Error::Truncated { blocks, whole } => write!(f, "the image is truncated: it has {blocks} blocks of 4096 bytes, of at least {whole}"),
            Error::TooLarge { block_count, blocks } => write!(f, "the image is made for {block_count} blocks of 4096 bytes, but the partition has {blocks}"),
        }
    }
}

impl<E: core::error::Error> core::error::Error for Error<E> {}
