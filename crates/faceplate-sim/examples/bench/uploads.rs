//! Flash operations and modelled flash time of uploads, and what packing takes.

use std::time::{Duration, Instant};

use faceplate_sim::flash::Counters;

use crate::{Report, Result, device, frontends};

/// What a full image takes at least: sixteen 64 KiB erases of 150 ms, 4096 pages of 0.4 ms.
const FULL_AT_LEAST_S: f64 = 4.04;
/// How much of it may be added: metadata in NVS, retries, sectors erased one by one.
const OVERHEAD: f64 = 1.1;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let new = frontends::full(1)?.image;
    let old = frontends::full(2)?.image;
    let app_files = frontends::app();
    let app = frontends::packed(app_files.clone())?.image;
    let changed = frontends::packed(frontends::app_with_a_line_more())?.image;

    let fastest = (0..5)
        .map(|_| {
            let start = Instant::now();
            frontends::packed(app_files.clone()).map(|_| start.elapsed())
        })
        .collect::<Result<Vec<Duration>>>()?
        .into_iter()
        .min()
        .unwrap_or_default();
    let raw: usize = app_files.iter().map(|(_, bytes)| bytes.len()).sum();
    report.line(
        "pack an app, gzip included (best of 5)",
        &format!("{fastest:.1?}"),
    );
    report.line(
        "  its files, its image",
        &format!("{raw} bytes, {} bytes", app.len()),
    );

    let took = one(report, "1 MiB over an older frontend", &old, &old, &new)?;
    let most = FULL_AT_LEAST_S * OVERHEAD;
    report.budget("  flash time", took.busy().as_secs_f64(), most, "s");
    let took = one(report, "1 MiB into an empty slot", &old, &[], &new)?;
    report.line(
        "  flash time",
        &format!("{:.2} s", took.busy().as_secs_f64()),
    );
    let took = one(
        report,
        "1 MiB that the slot already holds",
        &old,
        &new,
        &new,
    )?;
    report.line(
        "  flash time",
        &format!("{:.3} s", took.busy().as_secs_f64()),
    );
    let took = one(
        report,
        "a line more in that app, whole image",
        &app,
        &app,
        &changed,
    )?;
    report.line(
        "  flash time",
        &format!("{:.2} s", took.busy().as_secs_f64()),
    );
    Ok(())
}

/// Uploads `image` to a device with `active` in its active slot and `before` in the other.
fn one(
    report: &Report,
    what: &str,
    active: &[u8],
    before: &[u8],
    image: &[u8],
) -> Result<Counters> {
    let flash = device::flash(active, before)?;
    let (done, took) = device::upload(&flash, image)?;
    let sectors = done.sectors;
    report.line(
        what,
        &format!("{} written, {} same sectors", sectors.written, sectors.same),
    );
    report.line(
        "  erases of 64 KiB, of 4 KiB; pages programmed",
        &format!(
            "{}, {}; {}",
            took.block_erases, took.sector_erases, took.pages_programmed
        ),
    );
    let per_byte = took.bytes_read as f64 / image.len() as f64;
    report.line(
        "  read back",
        &format!(
            "{per_byte:.2} bytes a byte, {:.2} s",
            took.reading().as_secs_f64()
        ),
    );
    Ok(took)
}
