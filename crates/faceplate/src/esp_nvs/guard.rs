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
//!   half-erased, it may look blank and not be. Only the first page of a blank partition is not:
//!   nothing there was in use, and half-erased it would look like somebody else's. Until then
//!   `esp-nvs` is shown a blank one, because it would go on with the entry map of the old.
//! - One page at a time is being erased: what an erase that was cut has left is erased before
//!   another page is. `plain` rests on that.
//! - Every write is read back. When it is not there, `esp-nvs` gets an error before it has erased
//!   the old value.
//!
//! It also reads and writes through an aligned buffer, because drivers copy to and from others by
//! way of a large one on the stack.

use super::alloc::{rc::Rc, vec::Vec};
use core::cell::RefCell;

use ::esp_nvs::{
    Nvs,
    platform::{Crc, software_crc32},
};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use super::{
    EspNvsError,
    page::{HEADER, PAGE},
    plain::{self, Survey},
};
use crate::{Region, layout::LayoutError};

/// Bytes of the buffer on the stack.
pub(super) const CHUNK: usize = 128;

#[repr(align(4))]
pub(super) struct Aligned(pub(super) [u8; CHUNK]);

/// What is known of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It is in use, or not yet looked at, or looked blank when it was.
    Nothing,
    /// It was erased since the device started and not written since.
    Blank,
    /// It is neither in use nor blank.
    Leftover,
}

/// The flash, and what is known of the pages of the partition.
pub(super) struct Guard<F> {
    pub(super) flash: F,
    region: Region,
    /// Why there is no region.
    none: Option<LayoutError>,
    /// Whether what is new in the partition is meant to be encrypted.
    keys: bool,
    opening: bool,
    /// Whether the partition was found to be plain NVS. Until then nothing is written.
    plain: bool,
    /// Whether a page is in use.
    pub(super) in_use: bool,
    /// What is known of each page.
    known: Vec<Known>,
    /// Whether nothing is left of networks before the one that is stored.
    pub(super) tidy: bool,
}

impl<F> Guard<F> {
    pub(super) fn new(flash: F, region: Result<Region, LayoutError>, keys: bool) -> Self {
        Self {
            flash,
            region: region.unwrap_or(Region { offset: 0, len: 0 }),
            none: region.err(),
            keys,
            opening: false,
            plain: false,
            in_use: false,
            known: Vec::new(),
            tidy: false,
        }
    }
}

/// What `esp-nvs` takes for the flash.
pub(super) struct Guarded<F>(Rc<RefCell<Guard<F>>>);

/// Opens the partition, which is looked at before anything can be written.
pub(super) fn open<F: NorFlash>(
    guard: &Rc<RefCell<Guard<F>>>,
) -> Result<Nvs<Guarded<F>>, EspNvsError> {
    let region = {
        let mut guard = guard.borrow_mut();
        guard.survey()?;
        guard.opening = true;
        guard.region
    };
    let store = Nvs::new(
        region.offset as usize,
        region.len as usize,
        Guarded(Rc::clone(guard)),
    );
    guard.borrow_mut().opening = false;
    Ok(store?)
}

impl<F: NorFlash> Guard<F> {
    /// Looks at each page, once: what a running device does to it cannot make it anything else.
    fn survey(&mut self) -> Result<(), EspNvsError> {
        if let Some(error) = self.none {
            return Err(EspNvsError::Layout(error));
        }
        let Region { offset, len } = self.region;
        let end = u64::from(offset) + u64::from(len);
        // A region that is none is for `Nvs::new` to refuse.
        let whole = offset.is_multiple_of(PAGE as u32) && end <= self.flash.capacity() as u64;
        if self.plain || !whole {
            return Ok(());
        }
        let mut survey = Survey::default();
        for address in self.pages() {
            let kind = plain::kind(|at, bytes: &mut [u8]| self.read(address + at as u32, bytes));
            survey.add(kind?);
        }
        survey.verdict(self.keys).map_err(EspNvsError::NotPlain)?;
        self.known = self.pages().map(|_| Known::Nothing).collect();
        self.plain = true;
        self.in_use = survey.in_use();
        Ok(())
    }

    /// The addresses of the pages.
    pub(super) fn pages(&self) -> impl Iterator<Item = u32> + use<F> {
        let Region { offset, len } = self.region;
        (0..len / PAGE as u32).map(move |number| offset + number * PAGE as u32)
    }

    pub(super) fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), GuardError> {
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

    fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), GuardError> {
        if (address - self.region.offset).is_multiple_of(PAGE as u32) && bytes.len() == HEADER {
            let first = !self.in_use && self.reads_blank(address)?;
            if self.known(address) != Known::Blank && !first {
                self.erase_page(address)?;
            }
            self.know(address, Known::Nothing);
            self.in_use = true;
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
    pub(super) fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), GuardError> {
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
        let _later = self.erase_leftovers(Some(address));
        self.know(address, Known::Leftover);
        self.erase_alone(address)
    }

    /// Erases the pages, but `except`, that an erase or a first use that was cut has left.
    pub(super) fn erase_leftovers(&mut self, except: Option<u32>) -> Result<(), GuardError> {
        for address in self.pages() {
            if Some(address) != except && self.known(address) == Known::Leftover {
                self.erase_alone(address)?;
            }
        }
        Ok(())
    }

    fn erase_alone(&mut self, address: u32) -> Result<(), GuardError> {
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
        // Also where it was blank: the erase may fail half-way.
        self.know(address, Known::Leftover);
        self.flash
            .erase(address, address + PAGE as u32)
            .map_err(|error| GuardError(error.kind()))?;
        self.know(address, Known::Blank);
        Ok(())
    }

    fn number(&self, address: u32) -> usize {
        (address - self.region.offset) as usize / PAGE
    }

    pub(super) fn known(&self, address: u32) -> Known {
        let known = self.known.get(self.number(address));
        known.copied().unwrap_or(Known::Nothing)
    }

    pub(super) fn know(&mut self, address: u32, what: Known) {
        let number = self.number(address);
        if let Some(known) = self.known.get_mut(number) {
            *known = what;
        }
    }
}

/// A flash fault; `esp-nvs` keeps nothing of it but that there was one.
#[derive(Debug)]
pub(super) struct GuardError(pub(super) NorFlashErrorKind);

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
