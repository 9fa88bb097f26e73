//! A NOR flash chip in software: what it does, how long that takes, and how it fails.
//!
//! It behaves like the W25Q128 of an ESP32-S3 module behind its driver: programming only clears
//! bits, erasing goes by 4 KiB sectors or 64 KiB blocks, accesses that the driver would refuse
//! are refused. It counts and times its operations, loses power in the middle of any of them, and
//! has the defects that a test asks for. Contents are in memory, or in a file that is byte for
//! byte the chip's and is written on each operation.
//!
//! ```
//! use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
//! use faceplate_sim::flash::{Cut, FlashError, SimFlash};
//!
//! let mut flash = SimFlash::blank(1 << 20);
//! flash.cut_after(1, Cut::Torn { seed: 7 });
//! flash.write(0, b"once")?; // this one succeeds
//! assert_eq!(flash.write(4, b"cut!"), Err(FlashError::PowerCut));
//! flash.power_on();
//! let mut bytes = [0; 8];
//! flash.read(0, &mut bytes)?;
//! assert_eq!(&bytes[..4], b"once");
//! # Ok::<(), FlashError>(())
//! ```

mod cells;
mod chip;
mod commands;
mod counters;
mod fault;
mod file;
pub mod layout;
mod partitions;
mod random;
pub mod timing;
mod torn;

use std::{cell::RefCell, path::Path, rc::Rc};

use embassy_futures::yield_now;
use embedded_storage::nor_flash as blocking;
use embedded_storage_async::nor_flash as waiting;

use cells::Cells;
use chip::Chip;
pub use commands::Driver;
pub use counters::Counters;
pub use fault::{Cut, Fault, FlashError};
pub use file::FileError;
pub use timing::Timing;

/// Bytes of the W25Q128, the flash of modules with `N16` in their name.
pub const W25Q128_SIZE: usize = 16 << 20;

/// Bytes of a sector, the smallest unit of an erase.
pub const SECTOR: usize = 4096;

/// Bytes of a block, the largest unit of an erase short of the whole chip.
pub const BLOCK: usize = 64 << 10;

/// Bytes that the chip programs at a time at most; drivers send fewer in one command ([`Driver`]).
pub const PAGE: usize = 256;

/// What address and length of a read are multiples of, as the driver (esp-storage) wants it.
pub const READ_UNIT: usize = 4;

/// What address and length of a program are multiples of, as the driver wants it.
pub const WRITE_UNIT: usize = 4;

/// A handle of one simulated flash chip; its clones are handles of the same chip.
///
/// It is used through the traits of `embedded-storage` and `embedded-storage-async`; the methods
/// here are the bench around the chip. The asynchronous operations do all their work at once and
/// then give way once, as the firmware's do.
#[derive(Debug, Clone)]
pub struct SimFlash(Rc<RefCell<Chip>>);

impl SimFlash {
    /// A blank chip in memory, `size` bytes rounded down to whole sectors.
    #[must_use]
    pub fn blank(size: usize) -> Self {
        Self::with(Cells::blank(size / SECTOR))
    }

    /// A chip in memory with a partition table from the text of a `partitions.csv`.
    ///
    /// # Errors
    /// When `csv` is not a partition table, or not one that fits `size`.
    pub fn with_partitions(csv: &str, size: usize) -> Result<Self, layout::LayoutError> {
        Self::with_table(csv, size, layout::TABLE_OFFSET)
    }

    /// The same with the partition table at another address.
    ///
    /// # Errors
    /// When `csv` is not a partition table, or not one that fits `size`.
    pub fn with_table(csv: &str, size: usize, offset: u32) -> Result<Self, layout::LayoutError> {
        let table = layout::parse(csv, size, offset)?.to_bytes();
        let mut cells = Cells::blank(size / SECTOR);
        // No file is behind it that could fail, and a table that fits the size has room below it.
        let stored = cells.store(offset, &table);
        debug_assert!(stored.is_ok());
        Ok(Self::with(cells))
    }

    /// Makes a flash file of `size` bytes with a partition table from the text of a
    /// `partitions.csv` at `offset`, everything else blank, and opens it.
    ///
    /// # Errors
    /// When there is a file already, it cannot be made, or the table is wrong.
    pub fn create(path: &Path, csv: &str, size: usize, offset: u32) -> Result<Self, FileError> {
        file::create(path, csv, size, offset).map(Self::with)
    }

    /// Opens a flash file, which nobody else may open meanwhile.
    ///
    /// # Errors
    /// When it cannot be opened, is in use, not as long as any flash
    /// ([`FLASH_SIZES`](layout::FLASH_SIZES)), or has no partition table at `offset`.
    pub fn open(path: &Path, offset: u32) -> Result<Self, FileError> {
        file::open(path, offset).map(Self::with)
    }

    fn with(cells: Cells) -> Self {
        Self(Rc::new(RefCell::new(Chip::new(cells))))
    }

    /// A second chip in memory with the same contents, stuck and unstable bits, but its own
    /// counters, power and other faults. It costs little: sectors are copied when they change.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::with(self.0.borrow().cells.fork())
    }

    /// Bytes of the chip.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.borrow().cells.len()
    }

    /// What the chip has done since it was made.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.borrow().counters
    }

    /// How often each sector was erased since the chip was made, torn erases included.
    #[must_use]
    pub fn wear(&self) -> Vec<u32> {
        self.0.borrow().wear.clone()
    }

    /// Chooses whether operations take the time of the datasheet.
    pub fn set_timing(&self, timing: Timing) {
        self.0.borrow_mut().timing = timing;
    }

    /// Chooses the driver whose commands are counted and timed; [`Driver::ROM`] until then.
    pub fn set_driver(&self, driver: Driver) {
        self.0.borrow_mut().driver = driver;
    }

    /// Cuts the power in the operation (erase or program call) that follows `operations` more
    /// complete ones. From then on every access fails until [`Self::power_on`].
    pub fn cut_after(&self, operations: u64, cut: Cut) {
        let mut chip = self.0.borrow_mut();
        chip.cut = Some((chip.counters.operations.saturating_add(operations), cut));
    }

    /// Forgets a cut that has not come.
    pub fn cancel_cut(&self) {
        self.0.borrow_mut().cut = None;
    }

    /// Runs `act` when the power is cut, after the flash (and its file) got their last bits. It
    /// must not use this chip.
    pub fn on_cut(&self, act: impl FnOnce() + 'static) {
        self.0.borrow_mut().on_cut = Some(Box::new(act));
    }

    /// Whether the chip has power.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.borrow().on
    }

    /// Gives the chip power again.
    pub fn power_on(&self) {
        self.0.borrow_mut().on = true;
    }

    /// Gives the chip a defect.
    ///
    /// # Errors
    /// When a stuck bit is outside the chip, or the file cannot be written.
    pub fn inject(&self, fault: Fault) -> Result<(), FlashError> {
        let mut chip = self.0.borrow_mut();
        match fault {
            Fault::StuckBit {
                address,
                bit,
                value,
            } => {
                if address as usize >= chip.cells.len() {
                    return Err(FlashError::OutOfBounds { address, len: 1 });
                }
                let mask = 1 << (bit & 7);
                chip.cells
                    .stick(address, mask, if value { mask } else { 0 })
                    .map_err(|error| FlashError::File(error.kind()))?;
            }
            Fault::Operation { after } => {
                let at = chip.counters.operations.saturating_add(after);
                chip.failing.push(at);
            }
            fault => chip.faults.push(fault),
        }
        Ok(())
    }

    /// Ends all injected errors; stuck bits stay.
    pub fn repair(&self) {
        let mut chip = self.0.borrow_mut();
        chip.faults.clear();
        chip.failing.clear();
    }

    /// How many bits read differently each time.
    #[must_use]
    pub fn unstable_bits(&self) -> usize {
        let chip = self.0.borrow();
        chip.cells
            .unstable
            .values()
            .map(|mask| mask.count_ones() as usize)
            .sum()
    }

    /// The stored bytes, at any alignment, with or without power, counted nowhere.
    ///
    /// # Errors
    /// When the range ends outside the chip.
    pub fn peek(&self, address: u32, len: usize) -> Result<Vec<u8>, FlashError> {
        let chip = self.0.borrow();
        inside(&chip, address, len)?;
        let mut bytes = vec![0; len];
        chip.cells.load(address, &mut bytes);
        Ok(bytes)
    }

    /// Sets bytes as no chip could, at any alignment, counted nowhere, for images that are there
    /// from the start (serial flashing) and for tests.
    ///
    /// # Errors
    /// When the range ends outside the chip, or the file cannot be written.
    pub fn poke(&self, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let mut chip = self.0.borrow_mut();
        inside(&chip, address, bytes.len())?;
        let end = u64::from(address) + bytes.len() as u64;
        chip.cells
            .unstable
            .retain(|&at, _| at < address || u64::from(at) >= end);
        chip.store(address, bytes)
    }
}

fn inside(chip: &Chip, address: u32, len: usize) -> Result<(), FlashError> {
    match (address as usize).checked_add(len) {
        Some(end) if end <= chip.cells.len() => Ok(()),
        _ => Err(FlashError::OutOfBounds { address, len }),
    }
}

impl blocking::ErrorType for SimFlash {
    type Error = FlashError;
}

impl blocking::ReadNorFlash for SimFlash {
    const READ_SIZE: usize = READ_UNIT;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.0.borrow_mut().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.borrow().cells.len()
    }
}

impl blocking::NorFlash for SimFlash {
    const WRITE_SIZE: usize = WRITE_UNIT;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.0.borrow_mut().erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.0.borrow_mut().program(offset, bytes)
    }
}

impl blocking::MultiwriteNorFlash for SimFlash {}

impl waiting::ReadNorFlash for SimFlash {
    const READ_SIZE: usize = READ_UNIT;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let result = self.0.borrow_mut().read(offset, bytes);
        yield_now().await;
        result
    }

    fn capacity(&self) -> usize {
        self.0.borrow().cells.len()
    }
}

impl waiting::NorFlash for SimFlash {
    const WRITE_SIZE: usize = WRITE_UNIT;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let result = self.0.borrow_mut().erase(from, to);
        yield_now().await;
        result
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let result = self.0.borrow_mut().program(offset, bytes);
        yield_now().await;
        result
    }
}

impl waiting::MultiwriteNorFlash for SimFlash {}

#[cfg(test)]
mod tests;
