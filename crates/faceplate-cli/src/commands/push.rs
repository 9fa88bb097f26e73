//! `faceplate push`: an image to one device or several.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::{login::LoginOptions, not_an_image, read_image};
use crate::{
    cache::Cache,
    device::Address,
    failure::{self, Failure},
    progress::Progress,
    push::{self, Confirm, Image, Options, PushError, Pushed},
    text,
};

/// Bring an image to devices, and wait until the new frontend is confirmed.
///
/// The image is checked first. Only what the device does not have yet is sent. It writes the new
/// frontend beside the running one, checks it, switches and restarts; then the new page is loaded from it, with its scripts and styles, and has to be
/// opened in a browser, where it confirms itself. Where that fails the device goes back to the old
/// frontend: at once where the page certainly does not load, else when the time is over. Several
/// devices get it one after the other.
///
/// Ends with 0 when the new frontend is confirmed, 1 when it failed, 2 when this makes no sense, 3
/// when the device does not answer, 4 when it refused, and 5 when it went back to the old frontend;
/// with several devices, as for the first that failed.
#[derive(clap::Args)]
pub(crate) struct Push {
    /// The image, as `faceplate pack` makes it.
    image: PathBuf,
    /// The devices: host, host:port or http://host:port, behind a reverse proxy with its
    /// path.
    #[arg(required = true, value_name = "DEVICE")]
    devices: Vec<Address>,
    /// Who confirms the new frontend.
    #[arg(long, value_name = "WHO", default_value = "page")]
    confirm: Who,
    /// Open the new page in the browser of this computer, with the program in BROWSER or as the
    /// system does.
    #[arg(long)]
    open: bool,
    /// Send the whole image, also where the device has a part of it.
    #[arg(long)]
    full: bool,
    /// Seconds from the restart in which it has to be confirmed, or the device goes back [default:
    /// 300 for the page; with --confirm load the device's, 120].
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
    #[command(flatten)]
    login: LoginOptions,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Who {
    /// The new page itself, when it has loaded in a browser and its scripts have run.
    Page,
    /// This command, when all that the page loads at once is there. Whether its scripts run is not
    /// known then.
    Load,
    /// The device, when it has served for 30 seconds. Whether the page works is not known then.
    Device,
}

/// Seconds that a person gets to open the page: a phone has to find the network again, and somebody
/// the phone.
const PAGE_WITHIN: u16 = 300;

impl Push {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.confirm == Who::Device && self.within.is_some() {
            return Err(Failure::usage(
                "--within goes with --confirm page or load; the device takes 30 seconds",
            ));
        }
        if self.confirm != Who::Page && self.open {
            return Err(Failure::usage("--open goes with --confirm page"));
        }
        let (confirm, within) = match self.confirm {
            Who::Page => (Confirm::Page, self.within.or(Some(PAGE_WITHIN))),
            Who::Load => (Confirm::Load, self.within),
            Who::Device => (Confirm::Device, None),
        };
        let devices = self.login.to_all(&self.devices)?;
        let options = Options {
            confirm,
            within,
            open: self.open,
            full: self.full,
            timeout: Duration::from_secs(self.timeout.into()),
        };
        let image = Image::new(read_image(&self.image)?).map_err(|error| {
            let what =
                format_args!("{error}. Nothing was sent; make an image with `faceplate pack`");
            not_an_image(&self.image, what)
        })?;
        let cache = Cache::of_user();
        let mut failed = Vec::new();
        let mut code = 0;
        let mut results = Vec::new();
        for address in &devices {
            let mut progress = Progress::new(address.to_string(), self.json);
            let result = push::push(&image, address, &options, &cache, &mut progress);
            let warnings = progress.into_warnings();
            if let Err(error) = &result {
                failed.push(address.to_string());
                if code == 0 {
                    code = error.kind().code();
                }
                if !self.json {
                    eprintln!("error: {address}: {error}");
                }
            }
            results.push(to_json(address, result, &warnings));
        }
        if self.json {
            text::print_json(&json!({
                "image": self.image.display().to_string(),
                "version": image.version(),
                "build": image.build().map(|build| build.to_string()),
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
            Err(Failure::Told(code))
        }
    }
}

fn to_json(address: &Address, result: Result<Pushed, PushError>, warnings: &[String]) -> Value {
    let device = address.to_string();
    match result {
        Ok(pushed) => json!({
            "device": device,
            "ok": true,
            "sent": pushed.delivered.is_some(),
            "slot": pushed.slot,
            "upload": pushed.delivered.as_ref().map(|delivered| {
                json!({ "way": delivered.way.name(), "bytes": delivered.bytes, "tries": delivered.tries })
            }),
            "sectors": pushed.delivered.and_then(|delivered| delivered.sectors).map(|sectors| {
                json!({ "written": sectors.written, "same": sectors.same })
            }),
            "seconds": (pushed.took.as_secs_f64() * 10.0).round() / 10.0,
            "warnings": warnings,
        }),
        Err(error) => json!({
            "device": device,
            "ok": false,
            "error": failure::error(&error.kind(), &error.to_string()),
            "warnings": warnings,
        }),
    }
}
