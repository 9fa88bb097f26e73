//! ESP-IDF's partition table: read from text or from flash, and written as it lies on flash.
//!
//! It takes what Espressif's own `gen_esp32part.py` takes, subtypes of somebody's own included. The crate
//! for it, `esp-idf-part` 0.6, was used before: it panics at subtypes that it does not name (`0x40`, ESPHome's
//! `0x99`), at negative sizes and at numbers over 32 bits, in text and on flash. A table is input from outside.

mod binary;
mod error;
mod text;

pub use error::TableError;

/// Bytes of the table (ESP-IDF: 96 entries of 32 bytes, the MD5 and the end among them).
pub const TABLE_LEN: usize = 0xc00;

/// Bytes from the table's start to the first partition: a sector.
pub const TABLE_ROOM: u32 = 0x1000;

/// Bytes of an entry.
const ENTRY: usize = 32;

/// Bytes of a label; a shorter one is padded with NUL.
const LABEL: usize = 16;

/// Type `app`.
const APP: u8 = 0x00;
/// Type `data`.
const DATA: u8 = 0x01;
/// Type `bootloader`.
const BOOTLOADER: u8 = 0x02;
/// Type `partition_table`.
const TABLE: u8 = 0x03;

/// Subtype of the bootloader and the table that the chip starts with.
const PRIMARY: u8 = 0x00;

/// A partition, as the table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its label, 16 bytes at most.
    pub label: String,
    /// Its type: 0 for an app, 1 for data, 0x40 to 0xfe for somebody's own.
    pub kind: u8,
    /// What of that type.
    pub subtype: u8,
    /// Where it begins.
    pub offset: u32,
    /// Bytes of it.
    pub size: u32,
    /// Bit 0: encrypted. Bit 1: read-only. Others mean nothing yet.
    pub flags: u32,
}

impl Partition {
    /// Whether it holds an application.
    #[must_use]
    pub const fn is_app(&self) -> bool {
        self.kind == APP
    }

    /// Where it ends; beyond 32 bits in a table that is wrong.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.offset as u64 + self.size as u64
    }

    /// Whether it lies before the partitions, as what the chip starts with does.
    const fn comes_first(&self) -> bool {
        matches!(self.kind, BOOTLOADER | TABLE) && self.subtype == PRIMARY
    }
}

/// The partitions of a flash, in the order of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionTable(Vec<Partition>);

impl PartitionTable {
    /// All partitions.
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        &self.0
    }

    /// The first partition with this label.
    #[must_use]
    pub fn find(&self, label: &str) -> Option<&Partition> {
        self.0.iter().find(|partition| partition.label == label)
    }
}

#[cfg(test)]
mod tests;
