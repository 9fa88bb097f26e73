//! Flash reads of serving files, and serving alone for those who count instructions.

use embassy_futures::block_on;

use crate::{
    Report, Result,
    device::{self, SimEngine},
    frontends,
};

/// Most flash bytes that are read for each byte of a large file.
const READ_PER_BYTE: f64 = 1.05;
/// From this size on a file is large, bytes: its metadata no longer dominates.
const LARGE: u64 = 64 << 10;
/// Bytes read at a time, as the HTTP app does on the chip.
const CHUNK: usize = 1024;

/// Every file of the image from [`frontends::full`].
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = (0..9).map(|n| format!("assets/chunk-{n}.js")).collect();
    paths.extend(["assets/font.woff2".into(), "index.html".into()]);
    paths
}

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let flash = device::flash(&frontends::full(1)?.image, &[])?;
    let engine = device::boot(&flash)?;
    let mut worst: f64 = 0.0;
    for path in paths() {
        let before = flash.counters();
        let size = serve_one(&engine, &path)?;
        let read = flash.counters().since(&before).bytes_read;
        if size > LARGE {
            worst = worst.max(read as f64 / size as f64);
        }
    }
    report.budget(
        "flash bytes read per byte of a large file",
        worst,
        READ_PER_BYTE,
        "at worst",
    );
    Ok(())
}

/// Serves every file so many times; how many bytes that were.
pub(crate) fn serve(rounds: u32) -> Result<u64> {
    let flash = device::flash(&frontends::full(1)?.image, &[])?;
    let engine = device::boot(&flash)?;
    let mut bytes = 0;
    for _ in 0..rounds {
        for path in paths() {
            bytes += serve_one(&engine, &path)?;
        }
    }
    Ok(bytes)
}

/// Looks a file up, asks for its hash (its ETag), and reads it to its end.
fn serve_one(engine: &SimEngine, path: &str) -> Result<u64> {
    block_on(async {
        let file = engine.open(path).await.map_err(line)?;
        let mut file = file.ok_or_else(|| format!("{path} is not there"))?;
        std::hint::black_box(file.hash().await.map_err(line)?);
        let mut chunk = [0; CHUNK];
        let mut total = 0;
        loop {
            match file.read(&mut chunk).await.map_err(line)? {
                0 => return Ok(total),
                n => total += std::hint::black_box(&chunk[..n]).len() as u64,
            }
        }
    })
}

/// The core's errors are lines of text.
fn line(error: impl ToString) -> String {
    error.to_string()
}
