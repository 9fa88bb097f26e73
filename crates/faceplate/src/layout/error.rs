//! Why a partition cannot be used.

use core::fmt;

use crate::SECTOR;

/// Bytes without which nothing can ever be stored: NVS keeps one page free, and the root of a LittleFS is
/// two blocks.
pub(super) const LEAST: u32 = 2 * SECTOR;

/// What a partition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The settings (NVS).
    Settings,
    /// A slot for a frontend.
    Slot,
}

/// Why a part of the layout cannot be used. Without slots the device serves its recovery page;
/// without settings it serves a frontend that cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayoutError {
    /// The flash cannot be read.
    Flash,
    /// There is no partition table at this address.
    NoTable(u32),
    /// No partition has this label.
    Missing(&'static str),
    /// Two partitions have this label.
    Twice(&'static str),
    /// Two of the three partitions are looked for by this one label.
    SameLabel(&'static str),
    /// This partition is meant for something else.
    WrongType {
        /// Its label.
        label: &'static str,
        /// What it would be used for.
        of_use: Use,
        /// Its type, as the table has it.
        kind: u8,
        /// Its subtype, as the table has it.
        subtype: u8,
    },
    /// This partition is marked as encrypted; what is written here is not.
    Encrypted(&'static str),
    /// This partition is marked as read-only.
    ReadOnly(&'static str),
    /// This partition is empty, or not made of whole sectors.
    BadBounds(&'static str),
    /// This partition ends outside the flash, as far as the firmware can use that.
    Beyond {
        /// Its label.
        label: &'static str,
        /// Bytes of the flash that can be used.
        flash: u32,
    },
    /// This partition has no room for what is to be in it.
    TooSmall {
        /// Its label.
        label: &'static str,
        /// Bytes of it.
        len: u32,
    },
    /// This slot is larger than the firmware has [`Buffers`](crate::Buffers) for.
    TooLarge {
        /// Its label.
        label: &'static str,
        /// Bytes of the slot.
        len: u32,
        /// Bytes of the largest slot that the firmware has room for.
        room: u32,
    },
    /// These partitions share bytes.
    Overlap(&'static str, &'static str),
    /// This partition shares bytes with another one, or with the bootloader or the table itself.
    OverlapsOther(&'static str),
    /// The slots of these labels differ in size, so what fits in one may not fit in the other.
    Unequal([&'static str; 2]),
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash => write!(f, "the partition table cannot be read from flash"),
            Self::NoTable(offset) => write!(f, "no partition table at {offset:#x}"),
            Self::Missing(label) => write!(f, "the partition table has no `{label}`"),
            Self::Twice(label) => write!(f, "the partition table has two `{label}`"),
            Self::SameLabel(label) => {
                write!(
                    f,
                    "the firmware looks for two of its partitions by the label `{label}`"
                )
            }
            Self::WrongType {
                label,
                of_use,
                kind,
                subtype,
            } => {
                let wanted = match of_use {
                    Use::Settings => "data, nvs",
                    Use::Slot => "data, littlefs",
                };
                write!(f, "partition `{label}` must be {wanted}, but is ")?;
                match kind {
                    0 => write!(f, "an app ({subtype:#x})"),
                    1 => write!(f, "data, {subtype:#x}"),
                    _ => write!(f, "of type {kind:#x}, {subtype:#x}"),
                }
            }
            Self::Encrypted(label) => write!(
                f,
                "partition `{label}` is marked as encrypted, which is not supported"
            ),
            Self::ReadOnly(label) => write!(f, "partition `{label}` is marked as read-only"),
            Self::BadBounds(label) => write!(
                f,
                "partition `{label}` is not made of whole {SECTOR}-byte sectors"
            ),
            Self::Beyond { label, flash } => write!(
                f,
                "partition `{label}` ends beyond the {} KiB of flash that can be used",
                flash / 1024
            ),
            Self::TooSmall { label, len } => write!(
                f,
                "partition `{label}` has {} KiB and needs {} KiB at least",
                len / 1024,
                LEAST / 1024
            ),
            Self::TooLarge { label, len, room } => write!(
                f,
                "partition `{label}` has {} KiB, but this firmware is built for {} KiB at most",
                len / 1024,
                room / 1024
            ),
            Self::Overlap(a, b) => write!(f, "partitions `{a}` and `{b}` overlap"),
            Self::OverlapsOther(label) => write!(
                f,
                "partition `{label}` overlaps another one, or the partition table"
            ),
            Self::Unequal([a, b]) => write!(f, "`{a}` and `{b}` differ in size"),
        }
    }
}

impl core::error::Error for LayoutError {}
