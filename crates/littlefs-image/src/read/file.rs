//! Reading the bytes of one file.

use super::{Content, Error, File};
use crate::{
    format::{BLOCK_SIZE, ctz_locate},
    storage::Storage,
};

/// Blocks on the way from the last block of a file to the current one that are remembered, so that
/// the next block is not looked for from the end again. Files of 1 MiB have ways of 8 to 14.
const TRAIL: usize = 12;

/// A place in a file, from which its bytes are read in order.
///
/// Blocks of a file are chained from the last to the first with shortcuts; the reader remembers
/// its way, so that reading on costs few reads of pointers (some 8 bytes for a block of 4096).
#[derive(Debug, Clone, Copy)]
pub struct FileReader {
    file: File,
    blocks: u32,
    position: u32,
    /// Index and address of blocks already found, indices falling.
    trail: [(u32, u32); TRAIL],
    trail_len: usize,
}

impl FileReader {
    pub(super) fn new(file: File, blocks: u32) -> Self {
        FileReader {
            file,
            blocks,
            position: 0,
            trail: [(0, 0); TRAIL],
            trail_len: 0,
        }
    }

    /// Where the next byte will be read, bytes from the beginning of the file.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.position
    }

    /// Goes to `position`. Behind the end of the file nothing is read.
    pub fn seek(&mut self, position: u32) {
        self.position = position;
    }

    /// Fills `buf` with the next bytes and returns how many: less than asked for only at the end
    /// of the file, 0 behind it.
    ///
    /// # Errors
    /// When the storage fails, or a pointer leads out of the image. The position then stays.
    pub async fn read<S: Storage>(
        &mut self,
        storage: &mut S,
        buf: &mut [u8],
    ) -> Result<usize, Error<S::Error>> {
        let left = self.file.size.saturating_sub(self.position);
        let length = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut done = 0;
        while done < length {
            let position = self.position + done as u32;
            let (from, room) = match self.file.content {
                Content::Inline { offset } => (offset + position, length),
                Content::Ctz { head } => {
                    let (index, offset) = ctz_locate(position);
                    let block = self.block(storage, head, index).await?;
                    (
                        block * BLOCK_SIZE as u32 + offset,
                        BLOCK_SIZE - offset as usize,
                    )
                }
            };
            let part = room.min(length - done);
            storage
                .read(from, &mut buf[done..done + part])
                .await
                .map_err(Error::Storage)?;
            done += part;
        }
        self.position += length as u32;
        Ok(length)
    }

    /// Address of the block with this index.
    async fn block<S: Storage>(
        &mut self,
        storage: &mut S,
        head: u32,
        index: u32,
    ) -> Result<u32, Error<S::Error>> {
        while self.trail_len > 0 && self.trail[self.trail_len - 1].0 < index {
            self.trail_len -= 1;
        }
        let (mut at, mut block) = match self.trail_len {
            0 => {
                let last = ctz_locate(self.file.size - 1).0;
                self.remember(last, self.inside(head)?);
                (last, head)
            }
            len => self.trail[len - 1],
        };
        while at > index {
            // The longest shortcut that this block has and that does not go too far.
            let pointer = at.trailing_zeros().min((at - index).ilog2());
            let mut bytes = [0; 4];
            let from = block * BLOCK_SIZE as u32 + 4 * pointer;
            storage
                .read(from, &mut bytes)
                .await
                .map_err(Error::Storage)?;
            block = self.inside(u32::from_le_bytes(bytes))?;
            at -= 1 << pointer;
            self.remember(at, block);
        }
        Ok(block)
    }

    fn remember(&mut self, index: u32, block: u32) {
        if self.trail_len < TRAIL {
            self.trail[self.trail_len] = (index, block);
            self.trail_len += 1;
        }
    }

    fn inside<E>(&self, block: u32) -> Result<u32, Error<E>> {
        let blocks = self.blocks;
        if block < blocks {
            Ok(block)
        } else {
            Err(Error::BlockOutside { block, blocks })
        }
    }
}
