//! The partition table as ESP-IDF has read it, in the form in which it is on flash: the core looks at it as
//! at any other.

use embedded_storage_async::nor_flash::{ErrorType, ReadNorFlash};
use faceplate::Region;

use crate::{
    code::Code,
    flash::FlashError,
    port::{self, Partition, Row},
};

/// Bytes of a row on flash.
const ROW: usize = 32;

/// The table, and nothing else of the flash.
pub(crate) struct Table {
    /// Where it lies.
    pub(crate) offset: u32,
}

impl Table {
    /// The partition of a region that the core has found.
    pub(crate) fn partition(region: Region) -> Option<Partition> {
        let mut rows = (0..).map_while(|index| port::row(index).ok().flatten());
        rows.find(|row| (row.address, row.size) == (region.offset, region.len))
            .map(|row| Partition::of(&row))
    }
}

/// A row as `gen_esp32part.py` writes it.
fn written(row: &Row) -> [u8; ROW] {
    let mut bytes = [0; ROW];
    bytes[..2].copy_from_slice(&[0xaa, 0x50]);
    bytes[2..4].copy_from_slice(&[row.kind, row.subtype]);
    bytes[4..8].copy_from_slice(&row.address.to_le_bytes());
    bytes[8..12].copy_from_slice(&row.size.to_le_bytes());
    for (byte, theirs) in bytes[12..28].iter_mut().zip(row.label) {
        *byte = theirs as u8;
    }
    let flags = u32::from(row.encrypted) | u32::from(row.readonly) << 1;
    bytes[28..].copy_from_slice(&flags.to_le_bytes());
    bytes
}

impl ErrorType for Table {
    type Error = FlashError;
}

impl ReadNorFlash for Table {
    const READ_SIZE: usize = 1;

    /// Reads one row, or blank flash where there is none.
    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let at = offset.checked_sub(self.offset);
        let at = at.filter(|at| at.is_multiple_of(ROW as u32) && bytes.len() == ROW);
        let at = at.ok_or(FlashError(Code::INVALID_ARG))?;
        match port::row(at / ROW as u32).map_err(FlashError)? {
            Some(row) => bytes.copy_from_slice(&written(&row)),
            None => bytes.fill(0xff),
        }
        Ok(())
    }

    /// ESP-IDF has looked whether its partitions are in the flash.
    fn capacity(&self) -> usize {
        u32::MAX as usize
    }
}
