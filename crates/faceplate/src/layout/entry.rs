//! One row of the partition table, as ESP-IDF's `gen_esp32part.py` writes it.

use embedded_storage_async::nor_flash::ReadNorFlash;

use super::{LayoutError, Use};
use crate::Region;

/// Entries in the largest table: 0xC00 bytes of 32.
const MAX_ENTRIES: u32 = 0xC00 / 32;

/// Bytes of one entry.
const ENTRY: usize = 32;

/// How an entry begins.
const MAGIC: [u8; 2] = [0xAA, 0x50];

/// Type `data`.
const DATA: u8 = 0x01;

/// Subtype `nvs` of `data`.
const NVS: u8 = 0x02;

/// Subtype `nvs_keys` of `data`: the keys of NVS encryption.
const NVS_KEYS: u8 = 0x04;

/// Subtypes of `data` that people give to a LittleFS: `undefined` (also where the column is empty),
/// `spiffs` (from before there was one of its own, and in every table of Arduino) and `littlefs`.
const FILES: [u8; 3] = [0x06, 0x82, 0x83];

/// Flags: what is read without decrypting is noise, and what is written is taken for noise later.
const ENCRYPTED: u32 = 1 << 0;
/// Nobody may write there.
const READ_ONLY: u32 = 1 << 1;

/// A row.
pub(super) struct Entry([u8; ENTRY]);

impl Entry {
    /// The entry with this number; `None` at the table's end: its MD5 row, blank flash, or no more
    /// room. The bootloader has checked the MD5 before any firmware runs.
    pub(super) async fn read<F: ReadNorFlash>(
        flash: &mut F,
        table_offset: u32,
        index: u32,
    ) -> Result<Option<Self>, LayoutError> {
        if index >= MAX_ENTRIES {
            return Ok(None);
        }
        let mut entry = [0; ENTRY];
        let at = table_offset.saturating_add(index * ENTRY as u32);
        flash
            .read(at, &mut entry)
            .await
            .map_err(|_| LayoutError::Flash)?;
        Ok(entry.starts_with(&MAGIC).then_some(Self(entry)))
    }

    fn word(&self, at: usize) -> u32 {
        let Self(bytes) = self;
        u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    }

    pub(super) fn region(&self) -> Region {
        Region {
            offset: self.word(4),
            len: self.word(8),
        }
    }

    /// Whether it has this label, which is padded with NUL bytes.
    pub(super) fn is_called(&self, label: &str) -> bool {
        let field = &self.0[12..28];
        let len = field.iter().position(|&byte| byte == 0);
        &field[..len.unwrap_or(field.len())] == label.as_bytes()
    }

    /// Whether it holds the keys of NVS encryption.
    pub(super) fn is_keys(&self) -> bool {
        self.0[2] == DATA && self.0[3] == NVS_KEYS
    }

    /// The region, if its type and flags are those of such a partition.
    pub(super) fn fit_for(&self, label: &'static str, of_use: Use) -> Result<Region, LayoutError> {
        let (kind, subtype, flags) = (self.0[2], self.0[3], self.word(28));
        let known: &[u8] = match of_use {
            Use::Settings => &[NVS],
            Use::Slot => &FILES,
        };
        if kind != DATA || !known.contains(&subtype) {
            Err(LayoutError::WrongType {
                label,
                of_use,
                kind,
                subtype,
            })
        } else if flags & ENCRYPTED != 0 {
            Err(LayoutError::Encrypted(label))
        } else if flags & READ_ONLY != 0 {
            Err(LayoutError::ReadOnly(label))
        } else {
            Ok(self.region())
        }
    }
}
