//! Makes of pages what they will read from now on, when the partition is opened: completes or undoes
//! what a power cut has interrupted.

use embedded_storage::nor_flash::{NorFlash, NorFlashError};

use super::{
    guard::{Aligned, CHUNK, Guard, GuardError, Known},
    page::{self, ENTRY, HEAD, HEADER, Mark, PAGE},
};

/// How often what may waver is read when the partition is opened. A cell that reads 0 half of the
/// time goes unnoticed once in 2^15.
const SAMPLES: usize = 16;

impl<F: NorFlash> Guard<F> {
    /// Makes of a page, read into `page`, what it will read from now on.
    pub(super) fn settle(&mut self, address: u32, page: &mut [u8]) -> Result<(), GuardError> {
        let (head, entries) = page.split_at_mut(HEAD);
        let wavers = self.sample(address, head)?;
        if self.known(address) == Known::Leftover {
            self.know(address, Known::Nothing);
        }
        if !page::in_use(head) {
            // It is erased before it will be used.
            if !page::all(head, 0xff) || !page::all(entries, 0xff) {
                self.know(address, Known::Leftover);
                // Until then `esp-nvs` had better take it for blank: it keeps the entry map that it has
                // seen, garbage as that may be, when it moves entries there. Where there are none to move,
                // it had better take another page, that need not be erased; see `write`.
                if self.in_use {
                    head.fill(0xff);
                    entries.fill(0xff);
                }
            }
            return Ok(());
        }
        let torn = complete_marks(&mut head[HEADER..]);
        if wavers || torn {
            // What `page` has is right in any case; it is done again at the next opening.
            let _later = self.program(address, head);
        }
        let first = address + HEAD as u32;
        if head[..4] == page::ACTIVE {
            for (at, part) in (first..).step_by(CHUNK).zip(entries.chunks_mut(CHUNK)) {
                self.sample(at, part)?;
            }
        }
        for index in 0..entries.len() / ENTRY {
            let entry = &entries[index * ENTRY..][..ENTRY];
            if page::mark(head, index) == Mark::Empty && !page::all(entry, 0xff) {
                self.undo(first, entries, index);
            }
        }
        Ok(())
    }

    /// Overwrites the item that was being written at entry `index`, the last bytes first. Where the
    /// cut came in the writing of the map, its data may be marked written.
    fn undo(&mut self, first: u32, entries: &mut [u8], index: usize) {
        let span = page::span(&entries[index * ENTRY..][..ENTRY], index).unwrap_or(1);
        let is_data = |at: &usize| page::span(&entries[at * ENTRY..][..ENTRY], *at).is_none();
        let end = (index + 1..index + span).take_while(is_data).last();
        for at in (index..=end.unwrap_or(index)).rev() {
            let entry = &mut entries[at * ENTRY..][..ENTRY];
            if !page::all(entry, 0xff) {
                entry.fill(0);
                let _later = self.program(first + (at * ENTRY) as u32, entry);
            }
        }
    }

    /// Reads some bytes, read before, several times more: bits that are 0 any time are 0 in
    /// `bytes`. Tells whether there were different readings.
    fn sample(&mut self, address: u32, bytes: &mut [u8]) -> Result<bool, GuardError> {
        let mut wavers = false;
        let mut buffer = Aligned([0; CHUNK]);
        let again = &mut buffer.0[..bytes.len()];
        for _ in 1..SAMPLES {
            self.flash
                .read(address, again)
                .map_err(|error| GuardError(error.kind()))?;
            for (byte, again) in bytes.iter_mut().zip(&*again) {
                wavers |= *byte != *again;
                *byte &= again;
            }
        }
        Ok(wavers)
    }

    /// Whether all bytes of a page are 0xff, each time that they are read.
    pub(super) fn reads_blank(&mut self, address: u32) -> Result<bool, GuardError> {
        let mut bytes = [0xff; CHUNK];
        for at in (address..address + PAGE as u32).step_by(CHUNK) {
            self.sample(at, &mut bytes)?;
        }
        Ok(page::all(&bytes, 0xff))
    }
}

/// Turns entries marked 01, which a cut on the way from empty (11) to erased (00) leaves, into
/// erased ones. Tells whether there were any.
fn complete_marks(map: &mut [u8]) -> bool {
    let mut torn = false;
    for byte in map {
        // The low bits of the pairs whose high bit is 0.
        let marks = *byte & 0x55 & !(*byte >> 1);
        torn |= marks != 0;
        *byte &= !marks;
    }
    torn
}
