//! Where things are on flash: ESP-IDF's binary partition table, read by label.

use core::fmt;

use embedded_storage_async::nor_flash::ReadNorFlash;

use crate::{MAX_SLOT_SECTORS, Region, SECTOR, Slot};

/// Where ESP-IDF puts the partition table by default (`CONFIG_PARTITION_TABLE_OFFSET`).
pub const TABLE_OFFSET: u32 = 0x8000;

/// Entries in the largest table: 0xC00 bytes of 32, as ESP-IDF's `gen_esp32part.py` has it.
const MAX_ENTRIES: u32 = 0xC00 / 32;

/// Bytes of one entry.
const ENTRY: usize = 32;

/// How an entry begins.
const MAGIC: [u8; 2] = [0xAA, 0x50];

/// Where the sector of the table ends; the bootloader lies before it.
const TABLE_END: u32 = TABLE_OFFSET + SECTOR;

/// The label of the NVS partition.
const NVS_LABEL: &str = "nvs";

/// The partitions that an update works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The key-value store with the active slot.
    pub nvs: Region,
    /// `www_0` and `www_1`.
    pub slots: [Region; 2],
}

/// Why the partition table cannot be used. The device serves its recovery page then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayoutError {
    /// The flash cannot be read.
    Flash,
    /// There is no partition table at [`TABLE_OFFSET`].
    NoTable,
    /// No partition has this label.
    Missing(&'static str),
    /// Two partitions have this label.
    Twice(&'static str),
    /// This partition is empty, not made of whole sectors, or ends outside the flash.
    BadBounds(&'static str),
    /// This slot is larger than [`MAX_SLOT_SECTORS`].
    TooLarge(&'static str),
    /// These partitions share bytes.
    Overlap(&'static str, &'static str),
    /// This partition shares bytes with another one, or with the bootloader or the table itself.
    OverlapsOther(&'static str),
    /// The slots differ in size, so what fits in one may not fit in the other.
    Unequal,
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash => write!(f, "the partition table cannot be read from flash"),
            Self::NoTable => write!(f, "no partition table at {TABLE_OFFSET:#x}"),
            Self::Missing(label) => write!(f, "the partition table has no `{label}`"),
            Self::Twice(label) => write!(f, "the partition table has two `{label}`"),
            Self::BadBounds(label) => write!(
                f,
                "partition `{label}` is not made of whole {SECTOR}-byte sectors inside the flash"
            ),
            Self::TooLarge(label) => write!(
                f,
                "partition `{label}` is larger than {} KiB",
                MAX_SLOT_SECTORS as u32 * SECTOR / 1024
            ),
            Self::Overlap(a, b) => write!(f, "partitions `{a}` and `{b}` overlap"),
            Self::OverlapsOther(label) => write!(
                f,
                "partition `{label}` overlaps another one, or the partition table"
            ),
            Self::Unequal => write!(f, "`www_0` and `www_1` differ in size"),
        }
    }
}

impl core::error::Error for LayoutError {}

impl Layout {
    /// Reads the table on flash and finds the three partitions.
    ///
    /// # Errors
    /// When one is missing or unusable; see [`LayoutError`].
    pub async fn read<F: ReadNorFlash>(flash: &mut F) -> Result<Self, LayoutError> {
        const LABELS: [&str; 3] = [NVS_LABEL, Slot::Www0.label(), Slot::Www1.label()];
        let mut found: [Option<Region>; 3] = [None; 3];
        let mut entries = 0;
        while let Some(entry) = read_entry(flash, entries).await? {
            entries += 1;
            for (label, place) in LABELS.into_iter().zip(&mut found) {
                if label_of(&entry) == label.as_bytes()
                    && place.replace(region_of(&entry)).is_some()
                {
                    return Err(LayoutError::Twice(label));
                }
            }
        }
        if entries == 0 {
            return Err(LayoutError::NoTable);
        }
        let capacity = flash.capacity() as u64;
        let mut regions = [Region { offset: 0, len: 0 }; 3];
        for ((label, place), region) in LABELS.into_iter().zip(found).zip(&mut regions) {
            let found = place.ok_or(LayoutError::Missing(label))?;
            let end = u64::from(found.offset) + u64::from(found.len);
            let whole = found.offset % SECTOR == 0 && found.len % SECTOR == 0;
            if found.len == 0 || !whole || end > capacity {
                return Err(LayoutError::BadBounds(label));
            }
            *region = found;
        }
        let [nvs, www0, www1] = regions;
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            if regions[a].overlaps(regions[b]) {
                return Err(LayoutError::Overlap(LABELS[a], LABELS[b]));
            }
        }
        for index in 0..entries {
            let Some(entry) = read_entry(flash, index).await? else {
                break;
            };
            let other = region_of(&entry);
            for (label, region) in LABELS.into_iter().zip(regions) {
                if label_of(&entry) != label.as_bytes() && region.overlaps(other) {
                    return Err(LayoutError::OverlapsOther(label));
                }
            }
        }
        for (label, region) in LABELS.into_iter().zip(regions) {
            if region.offset < TABLE_END {
                return Err(LayoutError::OverlapsOther(label));
            }
        }
        if www0.len != www1.len {
            return Err(LayoutError::Unequal);
        }
        if www0.len > MAX_SLOT_SECTORS as u32 * SECTOR {
            return Err(LayoutError::TooLarge(Slot::Www0.label()));
        }
        Ok(Self {
            nvs,
            slots: [www0, www1],
        })
    }
}

/// The entry with this number; `None` at the table's end: its MD5 row, blank flash, or no more room.
/// The bootloader has checked the MD5 before any firmware runs.
async fn read_entry<F: ReadNorFlash>(
    flash: &mut F,
    index: u32,
) -> Result<Option<[u8; ENTRY]>, LayoutError> {
    if index >= MAX_ENTRIES {
        return Ok(None);
    }
    let mut entry = [0; ENTRY];
    let at = TABLE_OFFSET + index * ENTRY as u32;
    flash
        .read(at, &mut entry)
        .await
        .map_err(|_| LayoutError::Flash)?;
    Ok(entry.starts_with(&MAGIC).then_some(entry))
}

fn word(entry: &[u8; ENTRY], at: usize) -> u32 {
    u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])
}

fn region_of(entry: &[u8; ENTRY]) -> Region {
    Region {
        offset: word(entry, 4),
        len: word(entry, 8),
    }
}

/// The label without its padding of NUL bytes.
fn label_of(entry: &[u8; ENTRY]) -> &[u8] {
    let label = &entry[12..28];
    let len = label
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(label.len());
    &label[..len]
}
