//! Firmware for a flash image: the application image, made of an ELF file or given as it is, and
//! the second-stage bootloader that starts it.

use std::{error::Error, fs, path::Path, str::FromStr as _};

use espflash::{
    flasher::{FlashData, FlashFrequency, FlashSettings, FlashSize},
    image_format::{Metadata, idf::IdfBootloaderFormat},
    target::Chip,
};
use object::{
    LittleEndian, Object as _, ObjectSection as _,
    elf::{EM_RISCV, EM_XTENSA, ET_EXEC, FileHeader32},
    read::elf::{ElfFile, FileHeader as _},
};

use crate::failure::Failure;

/// How an ELF file begins.
const ELF_MAGIC: &[u8] = b"\x7fELF";
/// How an application image begins (ESP-IDF, "App Image Format"); a bootloader begins so, too.
const IMAGE_MAGIC: u8 = 0xe9;
/// Bytes of the header of an image, and of each segment's in it (as above).
const HEADER: usize = 24;
const SEGMENT_HEADER: usize = 8;
/// Where the header says how many segments follow, and for which chip it is.
const SEGMENTS_AT: usize = 1;
const CHIP_AT: usize = 12;
/// What the checksum of all segments' bytes starts from (as above).
const CHECKSUM_START: u8 = 0xef;
/// How the description of an application begins, which is first in its first segment: ESP-IDF's
/// `esp_app_desc_t`; the bootloader starts nothing without it.
const DESCRIPTOR_MAGIC: [u8; 4] = 0xabcd_5432_u32.to_le_bytes();
const DESCRIPTOR_LEN: usize = 256;

/// The chips that Faceplate's firmware is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ChipName {
    /// ESP32-S3.
    Esp32s3,
    /// ESP32-C3.
    Esp32c3,
    /// ESP32-C6.
    Esp32c6,
}

impl ChipName {
    const ALL: [Self; 3] = [Self::Esp32s3, Self::Esp32c3, Self::Esp32c6];

    pub(crate) fn chip(self) -> Chip {
        match self {
            Self::Esp32s3 => Chip::Esp32s3,
            Self::Esp32c3 => Chip::Esp32c3,
            Self::Esp32c6 => Chip::Esp32c6,
        }
    }

    fn supported(chip: Chip) -> bool {
        Self::ALL.iter().any(|name| name.chip() == chip)
    }
}

/// What a chip needs to start.
pub(crate) struct Firmware {
    pub(crate) chip: Chip,
    /// The application image.
    pub(crate) app: Vec<u8>,
    pub(crate) bootloader: Vec<u8>,
    /// Where the chip's ROM looks for the bootloader.
    pub(crate) bootloader_address: u32,
}

/// Reads firmware from an ELF file or an application image. `asked` is the chip that the command
/// line names; the file has to agree, or to say nothing about it. `flash` is the size of the flash,
/// for the bootloader to know.
pub(crate) fn read(
    path: &Path,
    asked: Option<ChipName>,
    flash: usize,
) -> Result<Firmware, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::at(path.display(), error))?;
    let asked = asked.map(ChipName::chip);
    let read = if bytes.starts_with(ELF_MAGIC) {
        from_elf(&bytes, asked, flash)
    } else if bytes.first() == Some(&IMAGE_MAGIC) {
        from_app(bytes, asked, flash)
    } else {
        Err("neither an ELF file nor an application image".to_owned())
    };
    read.map_err(|why| Failure::at(path.display(), why))
}

/// Reads a bootloader that is given as it is.
pub(crate) fn bootloader(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::at(path.display(), error))?;
    match bytes.first() {
        Some(&IMAGE_MAGIC) => Ok(bytes),
        _ => Err(Failure::at(path.display(), "not a bootloader")),
    }
}

fn from_elf(bytes: &[u8], asked: Option<Chip>, flash: usize) -> Result<Firmware, String> {
    let elf = ElfFile::<FileHeader32<LittleEndian>>::parse(bytes)
        .map_err(|error| format!("not an ELF file for these chips: {error}"))?;
    let header = elf.elf_header();
    if header.e_type(LittleEndian) != ET_EXEC {
        return Err("not a linked program; give the ELF file that `cargo build` links".to_owned());
    }
    let named = Metadata::from_bytes(Some(bytes))
        .chip_name()
        .map(|name| Chip::from_str(name).map_err(|_| format!("built for {name:?}, unknown here")))
        .transpose()?;
    let chip = named.or(asked).ok_or(
        "does not say which chip it was built for (a stripped file?); name it with --chip",
    )?;
    agree(chip, asked)?;
    let family = match header.e_machine(LittleEndian) {
        EM_XTENSA => "Xtensa",
        EM_RISCV => "RISC-V",
        _ => "another processor",
    };
    let wanted = match chip {
        Chip::Esp32s3 => "Xtensa",
        _ => "RISC-V",
    };
    if family != wanted {
        return Err(format!("built for {family}, the {chip} is {wanted}"));
    }
    // The library takes this for granted.
    if let Some(section) = elf.section_by_name(".flash.appdesc") {
        let address = u32::try_from(section.address()).unwrap_or(u32::MAX);
        if !chip.addr_is_flash(address) {
            return Err(format!(
                "not built for the {chip}: its application descriptor is at {address:#x}, which is \
                 no flash there"
            ));
        }
        let len = section.data().map_or(0, <[u8]>::len);
        if len < DESCRIPTOR_LEN {
            return Err(format!(
                "its application descriptor has {len} bytes of {DESCRIPTOR_LEN}: the file is cut short"
            ));
        }
    }
    let firmware = image(bytes, chip, flash)?;
    check(&firmware.app)?;
    Ok(firmware)
}

fn from_app(app: Vec<u8>, asked: Option<Chip>, flash: usize) -> Result<Firmware, String> {
    let chip = check(&app)?;
    agree(chip, asked)?;
    // The library has a bootloader only together with an application, so it makes an empty one.
    let bootloader = image(&EMPTY_ELF, chip, flash)?;
    Ok(Firmware { app, ..bootloader })
}

/// The header of an ELF file without content, for no processor in particular.
const EMPTY_ELF: [u8; 52] = {
    let mut header = [0; 52];
    let mut at = 0;
    while at < ELF_MAGIC.len() {
        header[at] = ELF_MAGIC[at];
        at += 1;
    }
    header[4] = 1; // 32 bits
    header[5] = 1; // little-endian
    header[6] = 1; // version of the identification
    header[16] = 2; // a linked program
    header[20] = 1; // version of the file
    header[40] = 52; // bytes of this header
    header
};

/// Whether it is a chip that we know, and the one that was asked for.
fn agree(chip: Chip, asked: Option<Chip>) -> Result<(), String> {
    if !ChipName::supported(chip) {
        let all = ChipName::ALL.map(|name| name.chip().to_string()).join(", ");
        return Err(format!("built for {chip}; Faceplate runs on {all}"));
    }
    match asked {
        Some(asked) if asked != chip => Err(format!("built for {chip}, but --chip says {asked}")),
        _ => Ok(()),
    }
}

/// The clock of the flash, which the library would halve: 80 MHz, ESP-IDF's default. The ESP32-C6's
/// header must not say so, since its ROM sets a wrong divider then; it says 40 MHz in ESP-IDF's
/// images for 80 MHz, too (esptool, `FLASH_FREQUENCY`), and the bootloader sets the clock.
fn frequency(chip: Chip) -> Option<FlashFrequency> {
    match chip {
        Chip::Esp32c6 => None,
        _ => Some(FlashFrequency::_80Mhz),
    }
}

/// Makes the application image and finds the bootloader.
fn image(elf: &[u8], chip: Chip, flash: usize) -> Result<Firmware, String> {
    let size = match flash >> 20 {
        1 => FlashSize::_1Mb,
        2 => FlashSize::_2Mb,
        4 => FlashSize::_4Mb,
        8 => FlashSize::_8Mb,
        16 => FlashSize::_16Mb,
        32 => FlashSize::_32Mb,
        other => return Err(format!("the bootloader knows no flash of {other} MB")),
    };
    // The mode is as the bootloader was built: DIO.
    let settings = FlashSettings::new(None, Some(size), frequency(chip));
    let data = FlashData::new(settings, 0, None, chip, chip.default_xtal_frequency());
    let said = |error: espflash::Error| {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    };
    let image = IdfBootloaderFormat::new(elf, &data, None, None, None, None).map_err(said)?;
    let bootloader_address = chip.boot_address();
    let bootloader = image
        .clone()
        .flash_segments()
        .find(|segment| segment.addr == bootloader_address)
        .ok_or_else(|| format!("there is no bootloader for the {chip}"))?
        .data()
        .to_vec();
    let app = image.ota_segments().flat_map(|part| part.data().to_vec());
    Ok(Firmware {
        chip,
        app: app.collect(),
        bootloader,
        bootloader_address,
    })
}

/// Checks that an image is whole and an application, and finds out for which chip.
fn check(image: &[u8]) -> Result<Chip, String> {
    const CUT: &str = "an application image that is cut short";
    let header = image.get(..HEADER).ok_or(CUT)?;
    let id = u16::from_le_bytes([header[CHIP_AT], header[CHIP_AT + 1]]);
    let mut at = HEADER;
    let mut checksum = CHECKSUM_START;
    let mut described = false;
    for segment in 0..header[SEGMENTS_AT] {
        let length = image.get(at + 4..at + SEGMENT_HEADER).ok_or(CUT)?;
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        at += SEGMENT_HEADER;
        let data = image.get(at..).and_then(|rest| rest.get(..length));
        let data = data.ok_or(CUT)?;
        checksum = data.iter().fold(checksum, |sum, byte| sum ^ byte);
        described |= segment == 0 && data.starts_with(&DESCRIPTOR_MAGIC);
        at += length;
    }
    // It is the last byte of a unit of 16.
    let stored = image.get(at | 15).ok_or(CUT)?;
    if *stored != checksum {
        return Err("an application image that is damaged: its checksum is wrong".to_owned());
    }
    if !described {
        return Err(
            "it has no application descriptor where the bootloader looks for it: firmware needs \
             `esp_bootloader_esp_idf::esp_app_desc!()`; a bootloader or a whole flash is no firmware"
                .to_owned(),
        );
    }
    let known = ChipName::ALL.map(ChipName::chip);
    let chip = known.into_iter().find(|chip| chip.id() == id);
    chip.ok_or_else(|| {
        let all = known.map(|chip| chip.to_string()).join(", ");
        format!("built for another chip (number {id} in its header); Faceplate runs on {all}")
    })
}
