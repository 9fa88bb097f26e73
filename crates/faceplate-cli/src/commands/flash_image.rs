//! `faceplate flash-image`: what serial flashing writes to a device, as one file.

use std::path::{Path, PathBuf};

use esp_idf_part::PartitionTable;
use faceplate_sim::{
    PARTITIONS,
    flash::{
        W25Q128_SIZE,
        layout::{self, TABLE_ADDRESS},
    },
};

use super::read_frontend;
use crate::{
    base,
    failure::Failure,
    firmware::{self, ChipName},
    text, tree,
};

/// Bytes between the partition table and the first partition (ESP-IDF: one sector).
const TABLE_ROOM: u32 = 0x1000;

/// Make the whole flash of a device, 16 MB: bootloader, partition table, firmware and frontend.
///
/// It is the same as serial flashing, as one file: a chip that has it at address 0 starts from it,
/// and so do an emulator and `faceplate sim`. Without --firmware there is neither bootloader nor
/// firmware in it, and only `faceplate sim` starts.
#[derive(clap::Args)]
pub(crate) struct FlashImage {
    /// The frontend for www_0 [default: none, a new device starts in recovery].
    #[arg(long, value_name = "IMAGE")]
    www: Option<PathBuf>,
    /// The firmware for the partition `factory`: the ELF file that cargo builds, or an application
    /// image of it. ESP-IDF's second-stage bootloader for the same chip comes with it.
    #[arg(long, value_name = "ELF|APP")]
    firmware: Option<PathBuf>,
    /// The chip, for an ELF file that does not say it.
    #[arg(long, value_name = "CHIP", requires = "firmware")]
    chip: Option<ChipName>,
    /// Start from this flash file, a simulated device's or an emulator's: its settings and
    /// frontends stay, but for what is given here.
    #[arg(long, value_name = "DEVICE")]
    base: Option<PathBuf>,
    /// The file to write; it may be the one of --base.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Something that is put into the flash.
struct Part {
    name: String,
    address: u32,
    /// Bytes of the flash that are its own; what it does not fill is blank.
    room: u32,
    bytes: Vec<u8>,
}

impl FlashImage {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let table = PartitionTable::try_from_str(PARTITIONS).map_err(Failure::new)?;
        let mut parts = self.parts(&table)?;
        parts.sort_by_key(|part| part.address);
        // Held until the new file is in place.
        let _output = base::hold(&self.output)?;
        let (_base, mut flash) = match &self.base {
            Some(path) => {
                let (file, flash) = base::read(path, &table)?;
                (Some(file), flash)
            }
            // Erased flash reads 0xff.
            None => (None, vec![0xff; W25Q128_SIZE]),
        };
        for part in &parts {
            let start = part.address as usize;
            let room = flash.get_mut(start..start + part.room as usize);
            let room = room.ok_or_else(|| Failure::at(&part.name, "outside the flash"))?;
            room.fill(0xff);
            room[..part.bytes.len()].copy_from_slice(&part.bytes);
        }
        if self.base.is_some() && self.www.is_some() {
            base::forget_www_0(&mut flash, &table)?;
        }
        tree::replace(&self.output, &flash).map_err(Failure::new)?;
        self.tell(&table, &parts);
        Ok(())
    }

    fn parts(&self, table: &PartitionTable) -> Result<Vec<Part>, Failure> {
        let binary = layout::table(PARTITIONS, W25Q128_SIZE).map_err(Failure::new)?;
        let mut parts = vec![Part {
            name: "partition table".to_owned(),
            address: TABLE_ADDRESS,
            room: TABLE_ROOM,
            bytes: binary,
        }];
        if let Some(www) = &self.www {
            parts.push(partition(table, "www_0", read_frontend(www)?, www)?);
        }
        if let Some(path) = &self.firmware {
            let firmware = firmware::read(path, self.chip)?;
            let address = firmware.bootloader_address;
            let bootloader = Part {
                name: format!("bootloader of the {}", firmware.chip),
                address,
                room: TABLE_ADDRESS.saturating_sub(address),
                bytes: firmware.bootloader,
            };
            if bootloader.bytes.len() > bootloader.room as usize {
                return Err(Failure::new(format_args!(
                    "the {} does not fit before the partition table",
                    bootloader.name
                )));
            }
            parts.push(bootloader);
            parts.push(partition(table, "factory", firmware.app, path)?);
        }
        Ok(parts)
    }

    fn tell(&self, table: &PartitionTable, parts: &[Part]) {
        for Part {
            name,
            address,
            bytes,
            ..
        } in parts
        {
            let size = text::bytes(bytes.len() as u64);
            text::print(&format!("{address:#08x}  {name}  {size}"));
        }
        if let Some(base) = &self.base {
            let written = |name: &String| parts.iter().any(|part| part.name == *name);
            let names = table.partitions().iter().map(|partition| partition.name());
            let kept: Vec<String> = names.filter(|name| !written(name)).collect();
            text::print(&format!("as in {}: {}", base.display(), kept.join(", ")));
        }
        text::print(&format!(
            "{}: {}",
            self.output.display(),
            text::bytes(W25Q128_SIZE as u64)
        ));
    }
}

/// A partition with its new content, if that fits.
fn partition(
    table: &PartitionTable,
    label: &str,
    bytes: Vec<u8>,
    from: &Path,
) -> Result<Part, Failure> {
    let partition = table
        .find(label)
        .ok_or_else(|| Failure::new(format_args!("the partition table has no `{label}`")))?;
    if bytes.len() > partition.size() as usize {
        return Err(Failure::at(
            from.display(),
            format_args!(
                "{} bytes long, the partition `{label}` has {}",
                bytes.len(),
                partition.size()
            ),
        ));
    }
    Ok(Part {
        name: label.to_owned(),
        address: partition.offset(),
        room: partition.size(),
        bytes,
    })
}
