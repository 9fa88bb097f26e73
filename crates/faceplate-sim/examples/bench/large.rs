//! A frontend of 3.9 MB in slots of 4 MiB: pack, check, upload and serve.

use faceplate::{Room, sectors};

use crate::{Report, Result, device, frontends, limit};

const PARTITIONS: &str = include_str!("../../../../partitions/16mb-4m.csv");

/// Bytes of a slot.
const SLOT: u32 = 4 << 20;

/// Most flash bytes read for each byte of a large file.
const READ_PER_BYTE: f64 = 1.05;
/// Most flash bytes read by the check of an image, for each of its bytes: once for the hash of each
/// file, once for that of the image, and a little for the structure. It must not grow faster than
/// the image.
const CHECK_PER_BYTE: f64 = 2.2;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let (old, new) = (frontends::large(1)?.image, frontends::large(2)?.image);
    let share = new.len() as f64 / f64::from(4 << 20);
    let flash = device::flash_of(PARTITIONS, &old, &old)?;

    let before = flash.counters();
    let engine = device::boot_for(&flash, SLOT)?;
    let read = flash.counters().since(&before).bytes_read as f64;
    report.line(
        "3.9 MB in slots of 4 MiB: the image",
        &format!("{} bytes, {:.0} % of the slot", new.len(), share * 100.0),
    );
    let per_byte = read / (2 * old.len()) as f64;
    report.budget(
        "  check of both at boot",
        per_byte,
        CHECK_PER_BYTE,
        "bytes a byte",
    );
    let core = size_of_val(&engine) + size_of::<Room<{ sectors(SLOT) }>>();
    report.line("  the core", &format!("{core} bytes"));

    let (_, took) = device::upload_to(&engine, &flash, &new)?;
    report.line(
        "  erases of 64 KiB, of 4 KiB; program commands",
        &format!(
            "{}, {}; {} in {} pages",
            took.block_erases, took.sector_erases, took.program_commands, took.pages_programmed
        ),
    );
    limit::compare(report, &took, &new);

    let engine = device::boot_for(&flash, SLOT)?;
    let before = flash.counters();
    let file = engine.open("assets/engine.wasm");
    let file = file.map_err(|why| why.to_string())?;
    let mut file = file.ok_or("the large file is missing")?;
    let mut buf = [0; 1460];
    while file.read(&mut buf).map_err(|why| why.to_string())? > 0 {}
    let size = file.size();
    let read = flash.counters().since(&before).bytes_read as f64;
    let per_byte = read / f64::from(size);
    report.budget(
        "  serving its largest file",
        per_byte,
        READ_PER_BYTE,
        "bytes a byte",
    );
    Ok(())
}
