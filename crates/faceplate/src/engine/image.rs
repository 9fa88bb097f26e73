//! What a slot holds as a whole: the image itself, and its chunks.

use embedded_storage_async::nor_flash::NorFlash;
use littlefs_image::{Storage, run};

use super::Engine;
use crate::{
    RegionReader, Slot,
    chunks::{Chunk, Chunker, LINKS_LEN, List},
    layout::LayoutError,
    text::{Text, text},
};

/// Bytes read at a time; on the stack. Blocks begin with a piece, and it has room for their links.
const PIECE: usize = 256;
const _: () = assert!(PIECE >= LINKS_LEN);

impl<F: NorFlash + Clone, N> Engine<F, N> {
    /// The chunks of what is in a slot: of the image, or where no whole one is in it, of whatever there is; at most
    /// of the first `len` bytes.
    ///
    /// # Errors
    /// When there are no slots.
    pub fn chunks(&self, slot: Slot, len: u32) -> Result<Chunks<F>, LayoutError> {
        let region = self.regions?[slot.index()];
        let slots = self.slots.borrow();
        let (whole, sha256) = match &slots[slot.index()] {
            Ok(verified) => (verified.record.len, Some(verified.record.sha256)),
            Err(_) => (region.len, None),
        };
        let len = len.min(whole);
        Ok(Chunks {
            list: List { len, sha256 },
            chunker: Chunker::new(len, self.config.compress),
            storage: RegionReader::new(self.flash.clone(), region),
        })
    }
}

/// The chunks of what is in a slot, read on the spot.
pub struct Chunks<F> {
    list: List,
    chunker: Chunker,
    storage: RegionReader<F>,
}

impl<F: NorFlash> Chunks<F> {
    /// What they are of.
    #[must_use]
    pub const fn list(&self) -> List {
        self.list
    }

    /// The next one; `None` behind the last.
    ///
    /// # Errors
    /// When flash cannot be read.
    #[inline(never)]
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, Text> {
        let mut piece = [0; PIECE];
        loop {
            let at = self.chunker.position();
            let room = PIECE as u32 - at % PIECE as u32;
            let len = room.min(self.list.len - at) as usize;
            if len == 0 {
                return Ok(None);
            }
            let piece = &mut piece[..len];
            run(self.storage.read(at, piece)).map_err(text)?;
            let (_, chunk) = self.chunker.take(piece);
            if chunk.is_some() {
                return Ok(chunk);
            }
        }
    }
}
