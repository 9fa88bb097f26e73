//! `faceplate flash-image`: what serial flashing writes to a new device.

use std::{
    fs,
    path::{Path, PathBuf},
};

use esp_idf_part::PartitionTable;
use faceplate_sim::{
    PARTITIONS,
    flash::{
        W25Q128_SIZE,
        layout::{self, TABLE_ADDRESS},
    },
};

use super::read_frontend;
use crate::{failure::Failure, text, tree};

/// The first byte of an application image (ESP-IDF, "App Image Format").
const APP_MAGIC: u8 = 0xe9;

/// Make the flash of a new device: a file of 16 MB with partition table, frontend and firmware.
///
/// `faceplate sim` starts from it. It holds no bootloader: for a real chip, write the parts with
/// your flash tool, each at the address that is printed.
#[derive(clap::Args)]
pub(crate) struct FlashImage {
    /// The frontend for www_0 [default: none, the device starts in recovery].
    #[arg(long, value_name = "IMAGE")]
    www: Option<PathBuf>,
    /// The application for the partition `factory`, as `espflash save-image` makes it.
    #[arg(long, value_name = "APP")]
    firmware: Option<PathBuf>,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl FlashImage {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let binary = layout::table(PARTITIONS, W25Q128_SIZE).map_err(Failure::new)?;
        let table = PartitionTable::try_from_str(PARTITIONS).map_err(Failure::new)?;
        let mut parts = vec![("partition table", TABLE_ADDRESS, binary)];
        if let Some(www) = &self.www {
            let bytes = read_frontend(www)?;
            parts.push(("www_0", place(&table, "www_0", &bytes, www)?, bytes));
        }
        if let Some(firmware) = &self.firmware {
            let bytes = read_firmware(firmware)?;
            parts.push((
                "factory",
                place(&table, "factory", &bytes, firmware)?,
                bytes,
            ));
        }
        // Erased flash reads 0xff.
        let mut flash = vec![0xff; W25Q128_SIZE];
        for (name, address, bytes) in &parts {
            let start = *address as usize;
            let room = flash.get_mut(start..start + bytes.len());
            room.ok_or_else(|| Failure::at(name, "outside the flash"))?
                .copy_from_slice(bytes);
        }
        tree::replace(&self.output, &flash).map_err(Failure::new)?;
        for (name, address, bytes) in &parts {
            text::print(&format!(
                "{address:#08x}  {name}  {}",
                text::bytes(bytes.len() as u64)
            ));
        }
        text::print(&format!(
            "{}: {}",
            self.output.display(),
            text::bytes(flash.len() as u64)
        ));
        Ok(())
    }
}

fn read_firmware(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::at(path.display(), error))?;
    match bytes.first() {
        Some(&APP_MAGIC) => Ok(bytes),
        _ => Err(Failure::at(
            path.display(),
            "not an application image; make one of your ELF file with `espflash save-image`",
        )),
    }
}

/// Where a partition begins, if the bytes fit into it.
fn place(table: &PartitionTable, label: &str, bytes: &[u8], from: &Path) -> Result<u32, Failure> {
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
    Ok(partition.offset())
}
