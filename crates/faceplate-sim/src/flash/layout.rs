//! What a new flash holds: a partition table at its place, everything else blank.

use std::fmt;

use esp_idf_part::PartitionTable;

/// Where ESP-IDF puts the partition table by default.
pub const TABLE_ADDRESS: u32 = 0x8000;

/// Bytes of the table (ESP-IDF: 95 entries of 32 bytes, and as many for the MD5).
pub const TABLE_LEN: usize = 0xc00;

/// Why a partition table cannot be used.
#[derive(Debug)]
pub enum LayoutError {
    /// The text or the bytes are not a partition table.
    Table(esp_idf_part::Error),
    /// There are more partitions than a table has room for.
    TooMany {
        /// How many there are.
        partitions: usize,
    },
    /// A partition ends outside the flash.
    OutOfBounds {
        /// Label of the partition.
        label: String,
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
            Self::TooMany { partitions } => {
                write!(
                    f,
                    "{partitions} partitions do not fit the partition table, which holds 95"
                )
            }
            Self::OutOfBounds { label, end, size } => write!(
                f,
                "partition '{label}' ends at {end:#x}, outside the flash of {size:#x} bytes"
            ),
        }
    }
}

impl std::error::Error for LayoutError {}

/// The binary table (with the MD5 that ESP-IDF's own tool adds) for a `partitions.csv`.
///
/// # Errors
/// When `csv` is not a partition table, or does not fit a flash of `size` bytes.
pub fn table(csv: &str, size: usize) -> Result<Vec<u8>, LayoutError> {
    let table = PartitionTable::try_from_str(csv).map_err(LayoutError::Table)?;
    fits(&table, size)?;
    let end = u64::from(TABLE_ADDRESS) + TABLE_LEN as u64;
    if end > size as u64 {
        let label = "(the partition table itself)".to_owned();
        return Err(LayoutError::OutOfBounds {
            label,
            end,
            size: size as u64,
        });
    }
    let partitions = table.partitions().len();
    if (partitions + 1) * 32 > TABLE_LEN {
        return Err(LayoutError::TooMany { partitions });
    }
    table.to_bin().map_err(LayoutError::Table)
}

/// Checks the bytes at [`TABLE_ADDRESS`] of a flash of `size` bytes.
///
/// # Errors
/// When they are not a partition table, or not one for this size.
pub(super) fn check(bytes: &[u8], size: usize) -> Result<(), LayoutError> {
    let table = PartitionTable::try_from_bytes(bytes).map_err(LayoutError::Table)?;
    fits(&table, size)
}

fn fits(table: &PartitionTable, size: usize) -> Result<(), LayoutError> {
    for partition in table.partitions() {
        let end = u64::from(partition.offset()) + u64::from(partition.size());
        if end > size as u64 {
            let label = partition.name();
            return Err(LayoutError::OutOfBounds {
                label,
                end,
                size: size as u64,
            });
        }
    }
    Ok(())
}
