//! Flash operations and modelled flash time of uploads, and what packing takes.

use std::time::{Duration, Instant};

use faceplate_sim::flash::{Counters, Driver};

use crate::{Report, Result, device, frontends, limit};

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
    limit::compare(report, &took, &new);
    for (what, driver) in [
        ("  with a bus of 40 MHz", Driver::ROM.at_mhz(40)),
        ("  by ESP-IDF's driver, 64 bytes a command", Driver::ESP_IDF),
        ("  by whole pages, which no driver can", Driver::PAGES),
    ] {
        let flash = device::flash(&old, &old)?;
        flash.set_driver(driver);
        let (_, took) = device::upload(&flash, &new)?;
        let (commands, busy) = (took.program_commands, took.busy().as_secs_f64());
        report.line(what, &format!("{commands} commands, {busy:.2} s"));
    }
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
        "  erases of 64 KiB, of 4 KiB; program commands",
        &format!(
            "{}, {}; {} in {} pages",
            took.block_erases, took.sector_erases, took.program_commands, took.pages_programmed
        ),
    );
    let per_byte = took.bytes_read as f64 / image.len() as f64;
    report.line(
        "  read back",
        &format!(
            "{per_byte:.2} bytes a byte, {:.2} s",
            took.reading.as_secs_f64()
        ),
    );
    Ok(took)
}
