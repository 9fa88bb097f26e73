//! The flash chip as the core wants it: a handle that can be cloned, blocking for NVS, and
//! asynchronous in steps for everything else.

use core::cell::RefCell;

use embassy_futures::yield_now;
use embedded_storage::nor_flash as blocking;
use embedded_storage_async::nor_flash as waiting;
use esp_hal::peripherals::FLASH;
use esp_storage::{FlashStorage, FlashStorageError};
use faceplate::{BLOCK, SECTOR};
use static_cell::StaticCell;

/// A handle to the flash chip that the firmware runs from. Clones are the same chip.
///
/// While the chip erases or programs, nothing else runs, interrupts included: the code is on the
/// same chip. The asynchronous operations therefore give way after each step, of which a 64 KiB
/// erase is the longest (W25Q128: 150 ms, at worst 2 s).
///
/// On a chip with two cores the other one stands still meanwhile, too: see `alone`.
#[derive(Clone, Copy)]
pub struct ChipFlash(&'static RefCell<FlashStorage<'static>>);

impl ChipFlash {
    /// Takes the chip over. One call; the peripheral can be had only once.
    pub(crate) fn new(flash: FLASH<'static>) -> Self {
        static STORAGE: StaticCell<RefCell<FlashStorage<'static>>> = StaticCell::new();
        Self(STORAGE.init_with(|| {
            let storage = FlashStorage::new(flash);
            #[cfg(feature = "esp32s3")]
            let storage = storage.multicore_auto_park();
            RefCell::new(storage)
        }))
    }
}

/// Makes a change of the flash, for which the driver parks the other core: that one must not fetch
/// code from the chip meanwhile.
///
/// It parks it wherever it is, perhaps within a critical section, and lets interrupts on this core run
/// before it wakes it up. One of them that wanted the same critical section would then wait for a core
/// that waits for it. Within a critical section of our own the other core is in none, and no interrupt
/// runs here until it is awake.
fn alone<R>(change: impl FnOnce() -> R) -> R {
    match cfg!(feature = "esp32s3") {
        true => critical_section::with(|_| change()),
        false => change(),
    }
}

/// Bytes programmed between two chances for others: a sector, which the functions in ROM program by 128
/// commands of 32 bytes, 14 ms (at worst 55 ms).
const STEP: usize = SECTOR as usize;

/// What is reached of a larger chip: the functions in ROM send the lower 24 bits of an address, so that
/// erasing what lies at 16 MiB would erase the bootloader.
const REACH: usize = 1 << 24;

fn within_reach(offset: u32, len: usize) -> Result<(), FlashStorageError> {
    match (offset as usize).checked_add(len) {
        Some(end) if end <= REACH => Ok(()),
        _ => Err(FlashStorageError::OutOfBounds),
    }
}

impl blocking::ErrorType for ChipFlash {
    type Error = FlashStorageError;
}

impl blocking::ReadNorFlash for ChipFlash {
    const READ_SIZE: usize = <FlashStorage<'static> as blocking::ReadNorFlash>::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashStorageError> {
        within_reach(offset, bytes.len())?;
        blocking::ReadNorFlash::read(&mut *self.0.borrow_mut(), offset, bytes)
    }

    fn capacity(&self) -> usize {
        blocking::ReadNorFlash::capacity(&*self.0.borrow()).min(REACH)
    }
}

impl blocking::NorFlash for ChipFlash {
    const WRITE_SIZE: usize = <FlashStorage<'static> as blocking::NorFlash>::WRITE_SIZE;
    const ERASE_SIZE: usize = <FlashStorage<'static> as blocking::NorFlash>::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashStorageError> {
        within_reach(to, 0)?;
        alone(|| blocking::NorFlash::erase(&mut *self.0.borrow_mut(), from, to))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashStorageError> {
        within_reach(offset, bytes.len())?;
        alone(|| blocking::NorFlash::write(&mut *self.0.borrow_mut(), offset, bytes))
    }
}

impl blocking::MultiwriteNorFlash for ChipFlash {}

impl waiting::ReadNorFlash for ChipFlash {
    const READ_SIZE: usize = <Self as blocking::ReadNorFlash>::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashStorageError> {
        let result = blocking::ReadNorFlash::read(self, offset, bytes);
        yield_now().await;
        result
    }

    fn capacity(&self) -> usize {
        blocking::ReadNorFlash::capacity(self)
    }
}

impl waiting::NorFlash for ChipFlash {
    const WRITE_SIZE: usize = <Self as blocking::NorFlash>::WRITE_SIZE;
    const ERASE_SIZE: usize = <Self as blocking::NorFlash>::ERASE_SIZE;

    async fn erase(&mut self, mut from: u32, to: u32) -> Result<(), FlashStorageError> {
        // The whole range is checked before any of it is erased.
        if !from.is_multiple_of(SECTOR) || !to.is_multiple_of(SECTOR) {
            return Err(FlashStorageError::NotAligned);
        }
        if from > to || to as usize > blocking::ReadNorFlash::capacity(self) {
            return Err(FlashStorageError::OutOfBounds);
        }
        while from < to {
            let whole_block = from.is_multiple_of(BLOCK) && to - from >= BLOCK;
            let next = from + if whole_block { BLOCK } else { SECTOR };
            blocking::NorFlash::erase(self, from, next)?;
            yield_now().await;
            from = next;
        }
        Ok(())
    }

    async fn write(&mut self, mut offset: u32, bytes: &[u8]) -> Result<(), FlashStorageError> {
        for step in bytes.chunks(STEP) {
            blocking::NorFlash::write(self, offset, step)?;
            yield_now().await;
            offset += step.len() as u32;
        }
        Ok(())
    }
}

impl waiting::MultiwriteNorFlash for ChipFlash {}
