//! What a new flash holds: a partition table at its place, everything else blank.

use std::fmt;

use esp_idf_part::PartitionTable;
pub use faceplate::layout::TABLE_OFFSET;

/// Sizes of flash chips, bytes: what ESP-IDF can be told (`CONFIG_ESPTOOLPY_FLASHSIZE`), up to what
/// 32 bits of a partition table and these chips' modules have.
pub const FLASH_SIZES: [usize; 6] = [1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20, 32 << 20];

/// Bytes from the table's start to the first partition: a sector.
const TABLE_ROOM: u32 = 0x1000;

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

/// A partition table from the text of a `partitions.csv`, for a flash of `size` bytes that has it at
/// `offset`. Partitions without an offset follow the one before, the first of them the table.
///
/// # Errors
/// When `csv` is not a partition table, or does not fit.
pub fn parse(csv: &str, size: usize, offset: u32) -> Result<PartitionTable, LayoutError> {
    let csv = begin_behind(csv, offset);
    let table = PartitionTable::try_from_str(csv).map_err(LayoutError::Table)?;
    fits(&table, size)?;
    Ok(table)
}

/// Gives the first partition its offset, where the text has none: the library knows only tables at
/// [`TABLE_OFFSET`].
fn begin_behind(csv: &str, offset: u32) -> String {
    let mut lines: Vec<String> = csv.lines().map(str::to_owned).collect();
    let is_row = |line: &&mut String| !line.trim().is_empty() && !line.trim().starts_with('#');
    if let Some(first) = lines.iter_mut().find(is_row) {
        let mut fields: Vec<String> = first.split(',').map(str::to_owned).collect();
        if let Some(field) = fields.get_mut(3)
            && field.trim().is_empty()
        {
            *field = format!("{:#x}", u64::from(offset) + u64::from(TABLE_ROOM));
            *first = fields.join(",");
        }
    }
    lines.join("\n")
}

/// The binary table (with the MD5 that ESP-IDF's own tool adds) for a `partitions.csv`; as
/// [`parse`].
///
/// # Errors
/// When `csv` is not a partition table, or does not fit.
pub fn table(csv: &str, size: usize, offset: u32) -> Result<Vec<u8>, LayoutError> {
    let table = parse(csv, size, offset)?;
    let end = u64::from(offset) + TABLE_LEN as u64;
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

/// Checks the bytes of a table in a flash of `size` bytes.
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
