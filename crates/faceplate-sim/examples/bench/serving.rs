//! Flash reads of serving files over HTTP, and serving alone for those who count instructions.

use std::convert::Infallible;

use embedded_io_async::{ErrorType, Write};
use faceplate_http::{ConnectionBuffers, serve};
use faceplate_sim::{SimOptions, device::SimDevice};

use crate::{Report, Result, device, frontends};

/// Most flash bytes that are read for each byte of a large file.
const READ_PER_BYTE: f64 = 1.05;
/// From this size on a file is large, bytes: its metadata no longer dominates.
const LARGE: u64 = 64 << 10;

/// Every file of the image from [`frontends::full`].
fn paths() -> Vec<String> {
    let mut paths: Vec<String> = (0..9).map(|n| format!("assets/chunk-{n}.js")).collect();
    paths.extend(["assets/font.woff2".into(), "index.html".into()]);
    paths
}

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let flash = device::flash(&frontends::full(1)?.image, &[])?;
    let worst = runtime()?.block_on(async {
        let device = SimDevice::boot(flash.clone(), &SimOptions::new(""), None).await;
        let mut worst: f64 = 0.0;
        for path in paths() {
            let before = flash.counters();
            let size = get(&device, &path).await?;
            let read = flash.counters().since(&before).bytes_read;
            if size > LARGE {
                worst = worst.max(read as f64 / size as f64);
            }
        }
        Result::Ok(worst)
    })?;
    report.budget(
        "flash bytes read per byte of a large file",
        worst,
        READ_PER_BYTE,
        "at worst",
    );
    Ok(())
}

/// Serves every file so many times; how many bytes of files that were.
pub(crate) fn serve_rounds(rounds: u32) -> Result<u64> {
    let flash = device::flash(&frontends::full(1)?.image, &[])?;
    runtime()?.block_on(async {
        let device = SimDevice::boot(flash, &SimOptions::new(""), None).await;
        let mut bytes = 0;
        for _ in 0..rounds {
            for path in paths() {
                bytes += get(&device, &path).await?;
            }
        }
        Ok(bytes)
    })
}

/// The HTTP app waits by the clock of the simulated device, which is tokio's.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?)
}

/// One request on a connection of its own that costs nothing; the length of the file.
async fn get(device: &SimDevice, path: &str) -> Result<u64> {
    let request = format!("GET /{path} HTTP/1.1\r\nHost: 10.0.0.2\r\nConnection: close\r\n\r\n");
    let mut answer = Answer::default();
    serve(
        device,
        &(),
        request.as_bytes(),
        &mut answer,
        &mut ConnectionBuffers::new(),
    )
    .await;
    let head = String::from_utf8_lossy(&answer.start);
    match head.split_once("\r\n\r\n") {
        Some((head, _)) if head.starts_with("HTTP/1.1 200 ") => {
            Ok(answer.len - head.len() as u64 - 4)
        }
        _ => Err(format!("{path}: {head}").into()),
    }
}

/// Takes an answer, keeps its start, and counts the rest.
#[derive(Default)]
struct Answer {
    start: Vec<u8>,
    len: u64,
}

/// Bytes that a head of the HTTP app stays below.
const HEAD_MAX: usize = 1024;

impl ErrorType for Answer {
    type Error = Infallible;
}

impl Write for Answer {
    async fn write(&mut self, bytes: &[u8]) -> std::result::Result<usize, Infallible> {
        let room = HEAD_MAX.saturating_sub(self.start.len()).min(bytes.len());
        self.start.extend_from_slice(&bytes[..room]);
        self.len += bytes.len() as u64;
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> std::result::Result<(), Infallible> {
        Ok(())
    }
}
