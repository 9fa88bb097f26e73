//! Judging an image by its first block, before anything is erased for it.

use core::convert::Infallible;

use super::superblock;
use crate::{
    error::Error,
    format::{BLOCK_SIZE, Superblock},
    log::scan,
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
