//! `faceplate push`: an image to one device or several.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::read_image;
use crate::{
    device::Address,
    failure::Failure,
    progress::Progress,
    push::{self, Confirm, Image, Options, Pushed},
    text,
};

/// Bring an image to devices, and wait until the new frontend serves and is confirmed.
///
/// The image is checked first. The device writes it beside the running frontend, checks it, switches
/// and restarts; then the new page is loaded from it, with its scripts and styles, and confirmed.
/// Where that fails the device goes back to the old frontend. Several devices get it one after the
/// other.
#[derive(clap::Args)]
pub(crate) struct Push {
    /// The image, as `faceplate pack` makes it.
    image: PathBuf,
    /// The devices: host, host:port or http://host:port.
    #[arg(required = true, value_name = "DEVICE")]
    devices: Vec<Address>,
    /// Who confirms the new frontend.
    #[arg(long, value_name = "WHO", default_value = "client")]
    confirm: Who,
    /// Seconds from the restart in which this command has to confirm, or the device goes back
    /// [default: the device's, 120].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(10..=3600))]
    within: Option<u16>,
    /// Seconds to wait for a device that restarts; while it is sent to, at most 20 of them without a
    /// sign of life.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=3600)
    )]
    timeout: u32,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Who {
    /// This command, when the new frontend has loaded.
    Client,
    /// The device, when it has served for 30 seconds.
    Device,
}

impl Push {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let confirm = match (self.confirm, self.within) {
            (Who::Client, within) => Confirm::Client { within },
            (Who::Device, None) => Confirm::Device,
            (Who::Device, Some(_)) => {
                let what = "--within goes with --confirm client; the device takes 30 seconds";
                return Err(Failure::Usage(what.to_owned()));
            }
        };
        let options = Options {
            confirm,
            timeout: Duration::from_secs(self.timeout.into()),
        };
        let image = Image::new(read_image(&self.image)?).map_err(|error| {
            let what =
                format_args!("{error}. Nothing was sent; make an image with `faceplate pack`");
            Failure::at(self.image.display(), what)
        })?;
        let mut failed = Vec::new();
        let mut results = Vec::new();
        for address in &self.devices {
            let mut progress = Progress::new(address.to_string(), self.json);
            let result = push::push(&image, address, &options, &mut progress);
            drop(progress);
            if let Err(error) = &result {
                failed.push(address.to_string());
                if !self.json {
                    eprintln!("error: {address}: {error}");
                }
            }
            results.push(to_json(address, result.map_err(|error| error.to_string())));
        }
        if self.json {
            text::print_json(&json!({
                "image": self.image.display().to_string(),
                "version": image.version(),
                "bytes": image.len(),
                "sha256": image.sha256(),
                "devices": results,
            }));
        } else if self.devices.len() > 1 {
            let done = self.devices.len() - failed.len();
            let mut line = format!("{done} of {}", text::count(self.devices.len(), "device"));
            if !failed.is_empty() {
                line.push_str(&format!("; failed: {}", failed.join(", ")));
            }
            text::print(&line);
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::Told)
        }
    }
}

fn to_json(address: &Address, result: Result<Pushed, String>) -> Value {
    let device = address.to_string();
    match result {
        Ok(pushed) => json!({
            "device": device,
            "ok": true,
            "sent": pushed.sent,
            "slot": pushed.slot,
            "sectors": pushed.sectors.map(|sectors| {
                json!({ "written": sectors.written, "same": sectors.same })
            }),
            "seconds": (pushed.took.as_secs_f64() * 10.0).round() / 10.0,
            "warnings": pushed.warnings,
        }),
        Err(message) => json!({ "device": device, "ok": false, "error": { "message": message } }),
    }
}
