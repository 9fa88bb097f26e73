//! The two slots as the core wants flash: at their addresses on the chip, by `esp_partition_*`.

use core::fmt;

use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use faceplate::{BLOCK, Region, SECTOR};

use crate::{code::Code, port::Partition};

/// A handle to the slots; copies are the same.
#[derive(Clone, Copy)]
pub(crate) struct Flash(pub(crate) Option<[(Region, Partition); 2]>);

/// Why flash failed.
#[derive(Clone, Copy)]
pub(crate) struct FlashError(pub(crate) Code);

impl fmt::Debug for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self.0 {
            Code::INVALID_ARG => NorFlashErrorKind::OutOfBounds,
            _ => NorFlashErrorKind::Other,
        }
    }
}

impl Flash {
    /// The partition that a range lies in, and where there.
    fn at(&self, offset: u32, len: usize) -> Result<(Partition, u32), FlashError> {
        let inside = |region: &Region| {
            let from = offset.checked_sub(region.offset)?;
            (from as u64 + len as u64 <= region.len.into()).then_some(from)
        };
        let mut slots = self.0.iter().flatten();
        slots
            .find_map(|(region, partition)| Some((*partition, inside(region)?)))
            .ok_or(FlashError(Code::INVALID_ARG))
    }
}

impl ErrorType for Flash {
    type Error = FlashError;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let (partition, from) = self.at(offset, bytes.len())?;
        partition.read(from, bytes).map_err(FlashError)
    }

    fn capacity(&self) -> usize {
        u32::MAX as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR as usize;

    /// ESP-IDF uses the large erase of the chip for what is a whole block of it.
    async fn erase(&mut self, mut from: u32, to: u32) -> Result<(), FlashError> {
        let len = to.checked_sub(from).ok_or(FlashError(Code::INVALID_ARG))?;
        // The whole range is looked at before any of it is erased.
        self.at(from, len as usize)?;
        while from < to {
            let whole_block = from.is_multiple_of(BLOCK) && to - from >= BLOCK;
            let step = if whole_block { BLOCK } else { SECTOR };
            let (partition, at) = self.at(from, step as usize)?;
            partition.erase(at, step).map_err(FlashError)?;
            yield_now().await;
            from += step;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let (partition, from) = self.at(offset, bytes.len())?;
        let written = partition.write(from, bytes).map_err(FlashError);
        yield_now().await;
        written
    }
}
