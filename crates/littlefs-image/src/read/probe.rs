//! Judging an image by its first block, before anything is erased for it.

use core::convert::Infallible;

use super::superblock;
use crate::{
    error::Error,
    format::{BLOCK_SIZE, Superblock, kind},
    log::{History, scan},
    storage::{Storage, run},
};

/// The first block of an image in memory.
struct First<'a>(&'a [u8; BLOCK_SIZE]);

impl Storage for First<'_> {
    type Error = Infallible;

    async fn read(&mut self, offset: u32, buf: &mut [u8]) -> Result<(), Infallible> {
        // Only offsets inside block 0 are asked for.
        let start = offset as usize;
        match self.0.get(start..start.saturating_add(buf.len())) {
            Some(bytes) => buf.copy_from_slice(bytes),
            None => buf.fill(0),
        }
        Ok(())
    }
}

/// Judges an image for a partition of `blocks` blocks by its first block alone.
///
/// LittleFS keeps a superblock in both of its first two blocks, so the first is enough to tell a
/// wrong file, a wrong block size, an unknown version, or an image for a larger partition.
///
/// # Errors
/// When it is one of these. The storage error cannot occur.
pub fn probe(first_block: &[u8], blocks: u32) -> Result<Superblock, Error<Infallible>> {
    let Some(bytes) = first_block.first_chunk() else {
        return Err(Error::NotLittleFs);
    };
    let mut storage = First(bytes);
    let commits = run(scan(&mut storage, 0, None))?.ok_or(Error::NotLittleFs)?;
    let superblock = run(superblock(&mut storage, &commits))?.ok_or(Error::NotLittleFs)?;
    if superblock.block_count > blocks {
        return Err(Error::TooLarge {
            block_count: superblock.block_count,
            blocks,
        });
    }
    Ok(superblock)
}

/// Reads an attribute of the root directory from the first block alone, into `buf` as far as it has
/// room, and returns its length; `None` where it has none there.
///
/// # Errors
/// When this is not the first block of an image. The storage error cannot occur.
pub fn probe_attr(
    first_block: &[u8],
    kind: u8,
    buf: &mut [u8],
) -> Result<Option<usize>, Error<Infallible>> {
    let Some(bytes) = first_block.first_chunk() else {
        return Err(Error::NotLittleFs);
    };
    let mut storage = First(bytes);
    let commits = run(scan(&mut storage, 0, None))?.ok_or(Error::NotLittleFs)?;
    let mut history = History::new(&commits.log, 0);
    while let Some((tag, offset)) = run(history.older(&mut storage))? {
        if tag.kind() != kind::USER_ATTR + u16::from(kind) {
            continue;
        }
        if tag.is_deleted() {
            return Ok(None);
        }
        let length = usize::from(tag.length());
        let read = length.min(buf.len());
        run(storage.read(offset.into(), &mut buf[..read])).map_err(Error::Storage)?;
        return Ok(Some(length));
    }
    Ok(None)
}
