//! Why text or bytes are not a partition table.

use std::fmt;

/// Why text or bytes are not a partition table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableError {
    /// A line of the text.
    Line {
        /// Its number; the first is 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// Two partitions have this label.
    Twice(String),
    /// Two partitions share bytes.
    Overlap(String, String),
    /// A partition begins in front of what comes behind the table.
    TooLow {
        /// Label of the partition.
        label: String,
        /// Where it begins.
        offset: u32,
        /// The first address that is free.
        free: u64,
    },
    /// A partition begins at an address where none of its type may.
    Askew {
        /// Label of the partition.
        label: String,
        /// Where it begins.
        offset: u32,
        /// What its offset has to be a multiple of.
        unit: u32,
    },
    /// There are two partitions that say which app starts, or one of another size.
    OtaData,
    /// There are more partitions than the table has room for.
    TooMany(usize),
    /// There is no partition at all.
    Empty,
    /// This entry on flash, counted from 0, is none.
    Entry(usize),
    /// The bytes are not those that their MD5 was made of.
    Md5,
    /// The bytes have no end.
    Endless,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, what } => write!(f, "line {line}: {what}"),
            Self::Twice(label) => write!(f, "two partitions have the label `{label}`"),
            Self::Overlap(a, b) => write!(f, "partitions `{a}` and `{b}` overlap"),
            Self::TooLow {
                label,
                offset,
                free,
            } => write!(
                f,
                "partition `{label}` begins at {offset:#x}, which is over the bootloader or the \
                 table itself: {free:#x} is the first free address"
            ),
            Self::Askew {
                label,
                offset,
                unit,
            } => write!(
                f,
                "partition `{label}` begins at {offset:#x}, which is no multiple of {unit:#x}"
            ),
            Self::OtaData => {
                f.write_str("there can be one partition `data, ota`, and it has 0x2000 bytes")
            }
            Self::TooMany(partitions) => {
                write!(f, "there are {partitions} partitions, but it holds 94")
            }
            Self::Empty => f.write_str("there is no partition"),
            Self::Entry(entry) => write!(f, "entry {entry} is none"),
            Self::Md5 => f.write_str("its MD5 is wrong"),
            Self::Endless => f.write_str("it has no end"),
        }
    }
}

impl std::error::Error for TableError {}
