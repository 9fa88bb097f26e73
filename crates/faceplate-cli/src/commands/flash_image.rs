//! `faceplate flash-image`: what serial flashing writes to a device, as one file.

use std::path::{Path, PathBuf};

use faceplate::{layout::TABLE_OFFSET, verify::Requirements};
use faceplate_sim::{
    First,
    flash::{
        SimFlash,
        layout::{Partition, PartitionTable, TABLE_ROOM},
    },
};

use super::read_frontend;
use crate::{
    base,
    board::Board,
    failure::Failure,
    firmware::{self, ChipName},
    text, tree,
};

/// How much of a flash the firmware for these chips uses, bytes: the functions in their ROM that it
/// writes by send addresses of 24 bits (docs/hardware.md).
const REACH: u32 = 16 << 20;

/// Make the whole flash of a device: bootloader, partition table, firmware and frontend.
///
/// It is the same as serial flashing, as one file: a chip that has it at address 0 starts from it,
/// and so do an emulator and `faceplate sim`. Without --firmware there is neither bootloader nor
/// firmware in it, and only `faceplate sim` starts.
#[derive(clap::Args)]
pub(crate) struct FlashImage {
    #[command(flatten)]
    board: Board,
    /// The frontend for the first slot [default: none, a new device starts in recovery].
    #[arg(long, value_name = "IMAGE")]
    www: Option<PathBuf>,
    /// The firmware for the partition `factory`, or the first for an app: the ELF file that cargo
    /// builds, or an application image of it. ESP-IDF's second-stage bootloader for the same chip
    /// comes with it.
    #[arg(long, value_name = "ELF|APP")]
    firmware: Option<PathBuf>,
    /// Another bootloader: ESP-IDF's looks for the partition table at 0x8000.
    #[arg(long, value_name = "BIN", requires = "firmware")]
    bootloader: Option<PathBuf>,
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
        let table = self.board.table()?;
        let mut parts = self.parts(&table)?;
        parts.sort_by_key(|part| part.address);
        // Held until the new file is in place.
        let _output = base::hold(&self.output)?;
        let (_base, mut flash) = match &self.base {
            Some(path) => {
                let (file, flash) = base::read(path, &self.board, &table)?;
                (Some(file), flash)
            }
            // Erased flash reads 0xff.
            None => (None, vec![0xff; self.board.size()]),
        };
        for part in &parts {
            let start = part.address as usize;
            let room = flash.get_mut(start..start + part.room as usize);
            let room = room.ok_or_else(|| Failure::at(&part.name, "outside the flash"))?;
            room.fill(0xff);
            room[..part.bytes.len()].copy_from_slice(&part.bytes);
        }
        if self.base.is_some() && self.www.is_some() {
            base::forget_first(&mut flash, &self.board)?;
        }
        self.judge(&flash)?;
        tree::replace(&self.output, &flash).map_err(Failure::new)?;
        self.tell(&table, &parts);
        Ok(())
    }

    /// Whether a device can work with the flash, asked as it asks.
    fn judge(&self, flash: &[u8]) -> Result<(), Failure> {
        let chip = SimFlash::blank(flash.len());
        chip.poke(0, flash).map_err(Failure::new)?;
        let First { layout, frontend } = First::of(
            &chip,
            self.board.places(),
            &Requirements::any(faceplate::API),
        );
        let [first, second] = layout.places.slots;
        if let (Some(www), Err(problem)) = (&self.www, frontend) {
            return Err(Failure::at(
                www.display(),
                format_args!("no device would serve it from `{first}`: {problem}"),
            ));
        }
        if let Err(error) = layout.slots {
            text::warn(&format!(
                "no device takes a frontend with this table: {error}"
            ));
        }
        if let Err(error) = layout.nvs {
            text::warn(&format!(
                "no device can change its frontend with this table: {error}"
            ));
        }
        let slots = [first, second]
            .into_iter()
            .zip(layout.slots.into_iter().flatten());
        let nvs = layout.nvs.ok().map(|region| (layout.places.nvs, region));
        for (label, region) in slots.chain(nvs) {
            if region.offset.saturating_add(region.len) <= REACH {
                continue;
            }
            let what = format!(
                "`{label}` ends above 16 MB, where the firmware of these chips uses nothing"
            );
            if self.firmware.is_some() {
                return Err(Failure::new(what));
            }
            text::warn(&format!("{what}; only `faceplate sim` does"));
        }
        Ok(())
    }

    fn parts(&self, table: &PartitionTable) -> Result<Vec<Part>, Failure> {
        let table_offset = self.board.table_offset;
        let mut parts = vec![Part {
            name: "partition table".to_owned(),
            address: table_offset,
            room: TABLE_ROOM,
            bytes: table.to_bytes(),
        }];
        if let Some(www) = &self.www {
            let [label, _] = self.board.places().slots;
            parts.push(partition(table, label, read_frontend(www)?, www)?);
        }
        if let Some(path) = &self.firmware {
            let firmware = firmware::read(path, self.chip, self.board.size())?;
            let bootloader = match &self.bootloader {
                Some(path) => firmware::bootloader(path)?,
                None if table_offset != TABLE_OFFSET => {
                    return Err(Failure::usage(format_args!(
                        "the bootloader that comes with the firmware looks for the partition table \
                         at {TABLE_OFFSET:#x}; give one for {table_offset:#x} with --bootloader"
                    )));
                }
                None => firmware.bootloader,
            };
            let address = firmware.bootloader_address;
            let bootloader = Part {
                name: format!("bootloader of the {}", firmware.chip),
                address,
                room: table_offset.saturating_sub(address),
                bytes: bootloader,
            };
            if bootloader.bytes.len() > bootloader.room as usize {
                return Err(Failure::new(format_args!(
                    "the {} does not fit before the partition table",
                    bootloader.name
                )));
            }
            parts.push(bootloader);
            let first = || table.partitions().iter().find(|one| one.is_app());
            let app = table.find("factory").or_else(first);
            let label = app.map_or("factory", |app| &app.label);
            parts.push(partition(table, label, firmware.app, path)?);
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
            let name = text::harmless(name);
            text::print(&format!("{address:#08x}  {name}  {size}"));
        }
        if let Some(base) = &self.base {
            let written = |name: &&str| parts.iter().any(|part| part.name == *name);
            let names = table.partitions().iter().map(|partition| &*partition.label);
            let kept: Vec<&str> = names.filter(|name| !written(name)).collect();
            let kept = text::harmless(&kept.join(", "));
            text::print(&format!("as in {}: {kept}", base.display()));
        }
        text::print(&format!(
            "{}: {}",
            self.output.display(),
            text::bytes(self.board.size() as u64)
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
    let Partition { offset, size, .. } = *table
        .find(label)
        .ok_or_else(|| Failure::new(format_args!("the partition table has no `{label}`")))?;
    if bytes.len() > size as usize {
        return Err(Failure::at(
            from.display(),
            format_args!(
                "{} bytes long, the partition `{label}` has {size}",
                bytes.len(),
            ),
        ));
    }
    Ok(Part {
        name: label.to_owned(),
        address: offset,
        room: size,
        bytes,
    })
}
