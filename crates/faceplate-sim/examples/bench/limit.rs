//! The least flash time in which a chip can replace a frontend by an image, with the quickest driver
//! that there is for it.

use faceplate_sim::flash::{
    BLOCK, Counters, Driver, PAGE, SECTOR,
    timing::{BLOCK_ERASE, SECTOR_ERASE},
};

use crate::Report;

/// How much an upload may take of it: for shorter commands, metadata in NVS, retries, and sectors erased
/// one by one. The commands of 32 bytes alone are 8 %: 112.0 µs each, the limit's 195.2 µs for twice as
/// many bytes, and erases take two fifths of the time.
const OVERHEAD: f64 = 1.1;

/// ESP-IDF's driver fills the controller's registers, and the flash runs at ESP-IDF's default clock.
const QUICKEST: Driver = Driver::ESP_IDF;

/// Prints the limit with its derivation, and compares what was taken with it.
pub(crate) fn compare(report: &mut Report, took: &Counters, image: &[u8]) {
    let (mut blocks, rest) = (image.len() / BLOCK, image.len() % BLOCK);
    let mut sectors = rest.div_ceil(SECTOR);
    if SECTOR_ERASE * sectors as u32 > BLOCK_ERASE {
        (blocks, sectors) = (blocks + 1, 0);
    }
    let used = |page: &&[u8]| page.iter().any(|&byte| byte != 0xff);
    let pages = image.chunks(PAGE).filter(used).count();
    let commands = pages * PAGE / QUICKEST.program;
    let one = QUICKEST.program_time(QUICKEST.program);
    let erases = BLOCK_ERASE * blocks as u32 + SECTOR_ERASE * sectors as u32;
    let limit = erases + one * commands as u32;
    let (program, mhz) = (QUICKEST.program, QUICKEST.mhz);
    report.line(
        &format!("  limit, {program} bytes a command at {mhz} MHz"),
        &format!(
            "{:.2} s = {blocks} x {BLOCK_ERASE:?} + {sectors} x {SECTOR_ERASE:?} + {commands} x {one:?}",
            limit.as_secs_f64()
        ),
    );
    let (busy, limit) = (took.busy().as_secs_f64(), limit.as_secs_f64());
    report.budget("  flash time", busy, limit * OVERHEAD, "s");
    report.line("  of the limit", &format!("{:.3}", busy / limit));
}
