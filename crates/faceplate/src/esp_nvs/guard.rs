//! Stands between `esp-nvs` and the flash, so that no power cut and no worn cell loses a key.
//!
//! A cell whose program or erase was cut may read 0 once and 1 the next time. `esp-nvs` decides
//! by what it reads once, and erases the old value of a key on the strength of that. Therefore:
//!
//! - When the partition is opened, the header and entry map of each page are read several times,
//!   and bits that waver are programmed to 0, which completes what was cut. Entries that were
//!   written but never marked so, however weakly, are overwritten with zeros: the set that was cut
//!   did not happen.
//! - A page whose erase is to begin gets its header overwritten first. A half-erased page can so
//!   never pass for a valid one that brings old values back.
//! - A page is erased before its first use unless it was erased since the device started:
//!   half-erased, it may look blank and not be.
//! - Every write is read back. When it is not there, `esp-nvs` gets an error before it has erased
//!   the old value.
//!
//! It also reads and writes through an aligned buffer, because drivers copy to and from others by
//! way of a large one on the stack.

use super::alloc::rc::Rc;
use core::cell::RefCell;

use ::esp_nvs::{
    ENTRY_STATE_BITMAP_SIZE, FLASH_SECTOR_SIZE as PAGE, ITEM_SIZE as ENTRY, Nvs,
    error::Error,
    platform::{Crc, software_crc32},
};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use crate::Region;

/// Bytes of a page's header, and of its entry map behind it.
const HEADER: usize = 32;
const MAP: usize = ENTRY_STATE_BITMAP_SIZE;

/// The state of the page that is being filled: the first 4 bytes of its header.
const ACTIVE: [u8; 4] = 0xffff_fffe_u32.to_le_bytes();

/// The highest byte that a page's sequence number may have. No flash lives to count so far, and
/// `esp-nvs` overflows near the end of its range.
const LAST_SEQUENCE: u8 = 0x7f;

/// How often what may waver is read when the partition is opened. A cell that reads 0 half of the
/// time goes unnoticed once in 2^15.
const SAMPLES: usize = 16;

/// Bytes of the buffer on the stack.
const CHUNK: usize = 128;

#[repr(align(4))]
struct Aligned([u8; CHUNK]);

/// The flash, and what is known of the pages of the partition.
pub(super) struct Guard<F> {
    flash: F,
    region: Region,
    opening: bool,
    /// Pages (by number, up to 64) that were erased since the device started and not written
    /// since.
    blank: u64,
}

impl<F> Guard<F> {
    pub(super) const fn new(flash: F, region: Region) -> Self {
        Self {
            flash,
            region,
            opening: false,
            blank: 0,
        }
    }
}

/// What `esp-nvs` takes for the flash.
pub(super) struct Guarded<F>(Rc<RefCell<Guard<F>>>);

/// Opens the partition.
pub(super) fn open<F: NorFlash>(guard: &Rc<RefCell<Guard<F>>>) -> Result<Nvs<Guarded<F>>, Error> {
    let region = {
        let mut guard = guard.borrow_mut();
        guard.opening = true;
        guard.region
    };
    let store = Nvs::new(
        region.offset as usize,
        region.len as usize,
        Guarded(Rc::clone(guard)),
    );
    guard.borrow_mut().opening = false;
    store
}

impl<F: NorFlash> Guard<F> {
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), GuardError> {
        let mut buffer = Aligned([0; CHUNK]);
        for (at, part) in (address..).step_by(CHUNK).zip(bytes.chunks_mut(CHUNK)) {
            let buffer = &mut buffer.0[..part.len()];
            self.flash
                .read(at, buffer)
                .map_err(|error| GuardError(error.kind()))?;
            part.copy_from_slice(buffer);
        }
        let page_start = (address - self.region.offset).is_multiple_of(PAGE as u32);
        if self.opening && page_start && bytes.len() == PAGE {
            self.settle(address, bytes)?;
        }
        Ok(())
    }

    /// Makes of a page, read into `page`, what it will read from now on.
    fn settle(&mut self, address: u32, page: &mut [u8]) -> Result<(), GuardError> {
        let (head, entries) = page.split_at_mut(HEADER + MAP);
        let wavers = self.sample(address, head)?;
        let crc = software_crc32(u32::MAX, &head[4..28]).to_le_bytes();
        if head[28..HEADER] != crc {
            return Ok(()); // Not in use; it is erased before it will be.
        }
        if head[7] > LAST_SEQUENCE {
            head[..4].fill(0); // As good as corrupt.
            return Ok(());
        }
        let torn = complete_marks(&mut head[HEADER..]);
        if wavers || torn {
            // What `page` has is right in any case; it is done again at the next opening.
            let _later = self.program(address, head);
        }
        let first = address + (HEADER + MAP) as u32;
        if head[..4] == ACTIVE {
            for (at, part) in (first..).step_by(CHUNK).zip(entries.chunks_mut(CHUNK)) {
                self.sample(at, part)?;
            }
        }
        for (index, entry) in entries.chunks_exact_mut(ENTRY).enumerate() {
            let unmarked = head[HEADER + index / 4] >> (index % 4 * 2) & 0b11 == 0b11;
            if unmarked && entry.iter().any(|&byte| byte != 0xff) {
                entry.fill(0);
                let _later = self.program(first + (index * ENTRY) as u32, entry);
            }
        }
        Ok(())
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

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), GuardError> {
        if (address - self.region.offset).is_multiple_of(PAGE as u32) && bytes.len() == HEADER {
            let page = self.page_bit(address);
            if self.blank & page == 0 {
                self.erase_page(address)?;
            }
            self.blank &= !page;
        }
        self.program(address, bytes)?;
        let mut buffer = Aligned([0; CHUNK]);
        for (at, part) in (address..).step_by(CHUNK).zip(bytes.chunks(CHUNK)) {
            let buffer = &mut buffer.0[..part.len()];
            self.flash
                .read(at, buffer)
                .map_err(|error| GuardError(error.kind()))?;
            if buffer != part {
                return Err(GuardError(NorFlashErrorKind::Other));
            }
        }
        Ok(())
    }

    /// Writes without reading back: a worn cell in what is being given up does no harm.
    fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), GuardError> {
        let mut buffer = Aligned([0; CHUNK]);
        for (at, part) in (address..).step_by(CHUNK).zip(bytes.chunks(CHUNK)) {
            let buffer = &mut buffer.0[..part.len()];
            buffer.copy_from_slice(part);
            self.flash
                .write(at, buffer)
                .map_err(|error| GuardError(error.kind()))?;
        }
        Ok(())
    }

    fn erase(&mut self, from: u32, to: u32) -> Result<(), GuardError> {
        for page in (from..to).step_by(PAGE) {
            self.erase_page(page)?;
        }
        Ok(())
    }

    fn erase_page(&mut self, address: u32) -> Result<(), GuardError> {
        let mut header = Aligned([0; CHUNK]);
        let header = &mut header.0[..HEADER];
        self.flash
            .read(address, header)
            .map_err(|error| GuardError(error.kind()))?;
        if header.iter().any(|&byte| byte != 0xff) {
            header.fill(0);
            self.flash
                .write(address, header)
                .map_err(|error| GuardError(error.kind()))?;
        }
        self.blank &= !self.page_bit(address);
        self.flash
            .erase(address, address + PAGE as u32)
            .map_err(|error| GuardError(error.kind()))?;
        self.blank |= self.page_bit(address);
        Ok(())
    }

    /// The bit of a page in `blank`; none for pages beyond its width, which are never taken for
    /// blank.
    fn page_bit(&self, address: u32) -> u64 {
        1u64.checked_shl((address - self.region.offset) / PAGE as u32)
            .unwrap_or(0)
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

/// A flash fault; `esp-nvs` keeps nothing of it but that there was one.
#[derive(Debug)]
pub(super) struct GuardError(NorFlashErrorKind);

impl NorFlashError for GuardError {
    fn kind(&self) -> NorFlashErrorKind {
        self.0
    }
}

impl<F: NorFlash> ErrorType for Guarded<F> {
    type Error = GuardError;
}

impl<F: NorFlash> ReadNorFlash for Guarded<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), GuardError> {
        self.0.borrow_mut().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.borrow().flash.capacity()
    }
}

impl<F: NorFlash> NorFlash for Guarded<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), GuardError> {
        self.0.borrow_mut().erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), GuardError> {
        self.0.borrow_mut().write(offset, bytes)
    }
}

impl<F> Crc for Guarded<F> {
    fn crc32(init: u32, data: &[u8]) -> u32 {
        software_crc32(init, data)
    }
}
