//! Where things are on flash: ESP-IDF's binary partition table, read by label.
//!
//! What is wrong with one part takes nothing from the other: without slots there is still a Wi-Fi,
//! and without settings still a frontend.

mod entry;
mod error;

use core::ops::Range;

use embedded_storage_async::nor_flash::ReadNorFlash;

use self::entry::Entry;
use self::error::LEAST;
pub use self::error::{LayoutError, Use};
use crate::{Region, SECTOR};

/// Where ESP-IDF puts the partition table by default (`CONFIG_PARTITION_TABLE_OFFSET`).
pub const TABLE_OFFSET: u32 = 0x8000;

/// Where the partition table lies, and what the partitions are called in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Address of the table, as the bootloader was built: `CONFIG_PARTITION_TABLE_OFFSET`.
    pub table_offset: u32,
    /// Label of the settings.
    pub nvs: &'static str,
    /// Labels of the slots; the first is the one that serial flashing fills.
    pub slots: [&'static str; 2],
}

impl Places {
    /// The table at [`TABLE_OFFSET`], with `nvs`, `www_0` and `www_1`.
    pub const DEFAULT: Self = Self {
        table_offset: TABLE_OFFSET,
        nvs: "nvs",
        slots: ["www_0", "www_1"],
    };
}

impl Default for Places {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The partitions that an update works with, each with what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// What they are called.
    pub places: Places,
    /// The key-value store with the active slot.
    pub nvs: Result<Region, LayoutError>,
    /// Whether there is a partition for the keys of NVS encryption, whatever it is called: what is
    /// new in NVS is then meant to be encrypted.
    pub nvs_keys: bool,
    /// Both slots, of the same size. One alone is of no use: there would be no way back.
    pub slots: Result<[Region; 2], LayoutError>,
}

impl Layout {
    /// A layout with nothing in it.
    pub const fn none(places: Places, error: LayoutError) -> Self {
        Self {
            places,
            nvs: Err(error),
            nvs_keys: false,
            slots: Err(error),
        }
    }

    /// Reads the table on flash and finds the three partitions.
    pub async fn read<F: ReadNorFlash>(flash: &mut F, places: Places) -> Self {
        match Self::find(flash, places).await {
            Ok(layout) => layout,
            Err(error) => Self::none(places, error),
        }
    }

    /// The same, where what is wrong with the table itself is an error.
    async fn find<F: ReadNorFlash>(flash: &mut F, places: Places) -> Result<Self, LayoutError> {
        let wanted = [
            (places.nvs, Use::Settings),
            (places.slots[0], Use::Slot),
            (places.slots[1], Use::Slot),
        ];
        let mut found = wanted.map(|(label, _)| Err(LayoutError::Missing(label)));
        let (mut entries, mut nvs_keys) = (0, false);
        while let Some(entry) = Entry::read(flash, places.table_offset, entries).await? {
            entries += 1;
            nvs_keys |= entry.is_keys();
            for ((label, of_use), place) in wanted.into_iter().zip(&mut found) {
                if entry.is_called(label) {
                    *place = match place {
                        Err(LayoutError::Missing(_)) => entry.fit_for(label, of_use),
                        _ => Err(LayoutError::Twice(label)),
                    };
                }
            }
        }
        if entries == 0 {
            return Err(LayoutError::NoTable(places.table_offset));
        }
        // One partition as both slots: an upload would erase what runs.
        for ((label, _), place) in wanted.into_iter().zip(&mut found) {
            if wanted.iter().filter(|(other, _)| *other == label).count() > 1 {
                *place = Err(LayoutError::SameLabel(label));
            }
        }
        let capacity = flash.capacity() as u64;
        // The bootloader lies before the table.
        let table_end = u64::from(places.table_offset) + u64::from(SECTOR);
        for ((label, _), place) in wanted.into_iter().zip(&mut found) {
            *place = place.and_then(|region| inside(label, region, table_end..capacity));
        }
        for index in 0..entries {
            let Some(other) = Entry::read(flash, places.table_offset, index).await? else {
                break;
            };
            for ((label, _), place) in wanted.into_iter().zip(&mut found) {
                if let Ok(region) = *place
                    && !other.is_called(label)
                    && region.overlaps(other.region())
                {
                    let ours = wanted.iter().find(|(ours, _)| other.is_called(ours));
                    *place = Err(match ours {
                        Some((ours, _)) => LayoutError::Overlap(label, ours),
                        None => LayoutError::OverlapsOther(label),
                    });
                }
            }
        }
        let [nvs, www_0, www_1] = found;
        let slots = www_0.and_then(|www_0| match www_1? {
            www_1 if www_0.len == www_1.len => Ok([www_0, www_1]),
            _ => Err(LayoutError::Unequal(places.slots)),
        });
        Ok(Self {
            places,
            nvs,
            nvs_keys,
            slots,
        })
    }
}

/// A partition that lies behind the table and ends inside the flash, in whole sectors, with room for
/// what is to be in it.
fn inside(label: &'static str, region: Region, bounds: Range<u64>) -> Result<Region, LayoutError> {
    let (start, len) = (u64::from(region.offset), region.len);
    let whole = region.offset.is_multiple_of(SECTOR) && len.is_multiple_of(SECTOR);
    if len == 0 || !whole {
        Err(LayoutError::BadBounds(label))
    } else if start + u64::from(len) > bounds.end {
        let flash = u32::try_from(bounds.end).unwrap_or(u32::MAX);
        Err(LayoutError::Beyond { label, flash })
    } else if start < bounds.start {
        Err(LayoutError::OverlapsOther(label))
    } else if len < LEAST {
        Err(LayoutError::TooSmall { label, len })
    } else {
        Ok(region)
    }
}
