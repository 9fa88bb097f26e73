//! Bytes in memory as a flash to read from, so that the device's own check runs over them.

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// An image as it would lie on flash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SliceFlash<'a>(pub(crate) &'a [u8]);

/// A read that ends outside the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfBounds;

impl NorFlashError for OutOfBounds {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl ErrorType for SliceFlash<'_> {
    type Error = OutOfBounds;
}

impl ReadNorFlash for SliceFlash<'_> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfBounds> {
        let end = (offset as usize)
            .checked_add(bytes.len())
            .ok_or(OutOfBounds)?;
        bytes.copy_from_slice(self.0.get(offset as usize..end).ok_or(OutOfBounds)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}
