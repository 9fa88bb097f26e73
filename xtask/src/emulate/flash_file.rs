//! Looks into the flash file of a running board: the emulator writes what the board writes there.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::tools::at;

/// Where the partition table is (ESP-IDF, default of its bootloader), and what it takes at most.
const TABLE: u64 = 0x8000;
const TABLE_LEN: usize = 0xc00;
/// One entry: magic, type, subtype, offset, size, label, flags.
const ENTRY: usize = 32;
const MAGIC: [u8; 2] = [0xaa, 0x50];
const SECTOR: usize = 4096;

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    nvs: (u64, usize),
    slots: [u64; 2],
}

impl Layout {
    /// Finds it in the partition table.
    pub(crate) fn read(flash: &Path) -> Result<Self, String> {
        let mut file = File::open(flash).map_err(at(flash))?;
        let mut table = [0; TABLE_LEN];
        file.seek(SeekFrom::Start(TABLE))
            .and_then(|_| file.read_exact(&mut table))
            .map_err(at(flash))?;
        let find = |label: &str| {
            find(&table, label)
                .ok_or_else(|| format!("{}: no partition `{label}`", flash.display()))
        };
        Ok(Self {
            nvs: find("nvs")?,
            slots: [find("www_0")?.0, find("www_1")?.0],
        })
    }
}

/// Offset and size of a partition.
pub(crate) fn find(table: &[u8], label: &str) -> Option<(u64, usize)> {
    let entry = table.chunks_exact(ENTRY).find(|entry| {
        let name = entry[12..28].split(|byte| *byte == 0).next();
        entry.starts_with(&MAGIC) && name == Some(label.as_bytes())
    })?;
    let number = |at: usize| {
        let bytes = entry[at..at + 4].try_into().unwrap_or_default();
        u32::from_le_bytes(bytes)
    };
    Some((number(4).into(), number(8) as usize))
}

/// Counts what happens on flash while a board is updated.
#[derive(Debug)]
pub(crate) struct Watch {
    path: PathBuf,
    file: File,
    nvs: (u64, Vec<u8>),
    /// The last sector that the image changes, and where it belongs.
    last: (u64, Vec<u8>),
    /// How often the settings were seen to change.
    pub(crate) settings: u32,
    /// Whether the image is on flash to its end.
    pub(crate) image_written: bool,
    /// How often the settings changed after that.
    pub(crate) settings_after_image: u32,
}

impl Watch {
    /// Looks at the flash before anything happens; `active` is the slot that serves.
    pub(crate) fn new(
        flash: &Path,
        layout: Layout,
        active: u64,
        image: &[u8],
    ) -> Result<Self, String> {
        let file = File::open(flash).map_err(at(flash))?;
        let slot = layout.slots[usize::from(active == 0)];
        let mut watch = Self {
            path: flash.to_owned(),
            file,
            nvs: (layout.nvs.0, Vec::new()),
            last: (0, Vec::new()),
            settings: 0,
            image_written: false,
            settings_after_image: 0,
        };
        watch.nvs.1 = watch.read(layout.nvs.0, layout.nvs.1)?;
        // Sectors that hold the right bytes already are left alone.
        let held = watch.read(slot, image.len())?;
        let sectors = image.chunks(SECTOR).zip(held.chunks(SECTOR));
        let last = sectors
            .enumerate()
            .rfind(|(_, (wanted, held))| wanted != held);
        let (number, (wanted, _)) = last.ok_or("the image is on flash already")?;
        watch.last = (slot + (number * SECTOR) as u64, wanted.to_vec());
        Ok(watch)
    }

    /// Looks what has changed.
    pub(crate) fn look(&mut self) -> Result<(), String> {
        // In this order: settings that change after this look count after the image.
        if !self.image_written {
            self.image_written = self.read(self.last.0, self.last.1.len())? == self.last.1;
        }
        let nvs = self.read(self.nvs.0, self.nvs.1.len())?;
        if nvs != self.nvs.1 {
            self.nvs.1 = nvs;
            self.settings += 1;
            self.settings_after_image += u32::from(self.image_written);
        }
        Ok(())
    }

    fn read(&mut self, offset: u64, len: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; len];
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(at(&self.path))?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{ENTRY, find};

    #[test]
    fn a_partition_is_found_by_its_whole_label() {
        let mut table = vec![0xff; 3 * ENTRY];
        for (entry, (label, offset)) in [("www_0x", 0x1000_u32), ("www_0", 0x31_0000)]
            .into_iter()
            .enumerate()
        {
            let entry = &mut table[entry * ENTRY..][..ENTRY];
            entry.fill(0);
            entry[..2].copy_from_slice(&[0xaa, 0x50]);
            entry[4..8].copy_from_slice(&offset.to_le_bytes());
            entry[8..12].copy_from_slice(&0x10_0000_u32.to_le_bytes());
            entry[12..12 + label.len()].copy_from_slice(label.as_bytes());
        }
        assert_eq!(find(&table, "www_0"), Some((0x31_0000, 0x10_0000)));
        assert_eq!(find(&table, "www_1"), None);
    }
}
