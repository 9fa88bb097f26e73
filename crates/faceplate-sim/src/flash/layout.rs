//! What a new flash holds: a partition table at its place, everything else blank.

use std::fmt;

pub use faceplate::layout::TABLE_OFFSET;

pub use super::partitions::{Partition, PartitionTable, TABLE_LEN, TABLE_ROOM, TableError};

/// Sizes of flash chips, bytes: what ESP-IDF can be told (`CONFIG_ESPTOOLPY_FLASHSIZE`), up to what
/// 32 bits of a partition table and these chips' modules have.
pub const FLASH_SIZES: [usize; 6] = [1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20, 32 << 20];

/// Why a partition table cannot be used.
#[derive(Debug)]
pub enum LayoutError {
    /// The text or the bytes are not a partition table.
    Table(TableError),
    /// A partition, or the table itself, ends outside the flash.
    OutOfBounds {
        /// Label of the partition; `None` for the table.
        label: Option<String>,
        /// Where it would end.
        end: u64,
        /// Bytes of the flash.
        size: u64,
    },
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(error) => write!(f, "not a partition table: {error}"),
            Self::OutOfBounds { label, end, size } => {
                match label {
                    Some(label) => write!(f, "partition '{label}'")?,
                    None => f.write_str("the partition table")?,
                }
                write!(f, " ends at {end:#x}, outside the flash of {size:#x} bytes")
            }
        }
    }
}

impl std::error::Error for LayoutError {}

/// A partition table from the text of a `partitions.csv`, for a flash of `size` bytes that has it at
/// `offset`.
///
/// # Errors
/// When `csv` is not a partition table, or does not fit.
pub fn parse(csv: &str, size: usize, offset: u32) -> Result<PartitionTable, LayoutError> {
    let table = PartitionTable::from_text(csv, offset).map_err(LayoutError::Table)?;
    fits(&table, size, offset).map(|()| table)
}

/// Reads the bytes of a table in a flash of `size` bytes that has it at `offset`.
///
/// # Errors
/// When they are not a partition table, or not one for this size.
pub fn read(bytes: &[u8], size: usize, offset: u32) -> Result<PartitionTable, LayoutError> {
    let table = PartitionTable::from_bytes(bytes).map_err(LayoutError::Table)?;
    fits(&table, size, offset).map(|()| table)
}

fn fits(table: &PartitionTable, size: usize, offset: u32) -> Result<(), LayoutError> {
    let size = size as u64;
    let out = |label, end| LayoutError::OutOfBounds { label, end, size };
    let end = u64::from(offset) + TABLE_LEN as u64;
    if end > size {
        return Err(out(None, end));
    }
    let mut partitions = table.partitions().iter();
    match partitions.find(|partition| partition.end() > size) {
        Some(partition) => Err(out(Some(partition.label.clone()), partition.end())),
        None => Ok(()),
    }
}
