//! A part of the flash, and reading an image from it.

use core::fmt;

use embedded_storage_async::nor_flash::ReadNorFlash;
use littlefs_image::Storage;

/// A range of the flash: a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Address of its first byte.
    pub offset: u32,
    /// Its length in bytes.
    pub len: u32,
}

impl Region {
    /// Whether the two share a byte.
    pub fn overlaps(self, other: Self) -> bool {
        // Any numbers can stand in a partition table.
        let end = |region: Self| u64::from(region.offset) + u64::from(region.len);
        end(self) > u64::from(other.offset) && end(other) > u64::from(self.offset)
    }
}

/// Why reading a region failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadError<E> {
    /// The flash says so.
    Flash(E),
    /// The range ends outside the region.
    OutOfBounds,
}

impl<E: fmt::Debug> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "flash: {error:?}"),
            Self::OutOfBounds => f.write_str("read outside the slot"),
        }
    }
}

/// Reads any range of a region, whatever the flash's read alignment.
#[derive(Debug, Clone)]
pub struct RegionReader<F> {
    flash: F,
    region: Region,
}

/// Bytes of the stack buffer for ranges that the flash cannot read directly.
const BOUNCE: usize = 64;

impl<F: ReadNorFlash> RegionReader<F> {
    /// A reader of `region`, whose bounds must be multiples of the flash's read size (partitions
    /// are multiples of a sector).
    pub const fn new(flash: F, region: Region) -> Self {
        Self { flash, region }
    }
}

impl<F: ReadNorFlash> Storage for RegionReader<F> {
    type Error = ReadError<F::Error>;

    async fn read(&mut self, offset: u32, buf: &mut [u8]) -> Result<(), Self::Error> {
        let len = u32::try_from(buf.len()).map_err(|_| ReadError::OutOfBounds)?;
        let end = offset.checked_add(len).ok_or(ReadError::OutOfBounds)?;
        if end > self.region.len {
            return Err(ReadError::OutOfBounds);
        }
        let unit = F::READ_SIZE;
        let mut at = (self.region.offset + offset) as usize;
        let mut buf = buf;
        while !buf.is_empty() {
            let skip = at % unit;
            if skip == 0 && buf.len() >= unit {
                let whole = buf.len() - buf.len() % unit;
                let (direct, rest) = buf.split_at_mut(whole);
                self.flash
                    .read(at as u32, direct)
                    .await
                    .map_err(ReadError::Flash)?;
                at += whole;
                buf = rest;
            } else {
                // At most two such reads a call: the ragged start and the ragged end.
                let mut bounce = [0; BOUNCE];
                let aligned = &mut bounce[..unit];
                self.flash
                    .read((at - skip) as u32, aligned)
                    .await
                    .map_err(ReadError::Flash)?;
                let n = buf.len().min(unit - skip);
                let (part, rest) = buf.split_at_mut(n);
                part.copy_from_slice(&aligned[skip..skip + n]);
                at += n;
                buf = rest;
            }
        }
        Ok(())
    }
}
