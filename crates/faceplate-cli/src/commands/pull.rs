//! `faceplate pull`: the image that a device has, to a file.

use std::{fs, path::PathBuf, thread, time::Duration};

use serde_json::json;

use super::login::LoginOptions;
use crate::{
    cache::Cache,
    device::{self, Address, ApiError, Download, Ended, Status},
    failure::{Failure, Kind},
    progress::Progress,
    text, tree,
};

/// So often in turn nothing at all may come.
const TRIES: u32 = 5;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Get the frontend that a device runs, or the one in its other slot, as an image file.
///
/// It is the same file, to the byte, as the one that was pushed, and can be pushed again. Where the connection breaks
/// the rest is asked for; the file appears when all is there and has the SHA-256 that the device tells.
#[derive(clap::Args)]
pub(crate) struct Pull {
    /// The device: host, host:port or http://host:port, behind a reverse proxy with its
    /// path.
    device: Address,
    /// The file to write.
    #[arg(short, long, value_name = "FILE", default_value = "www.bin")]
    output: PathBuf,
    /// Which slot.
    #[arg(long, value_name = "SLOT", default_value = "active")]
    slot: Which,
    /// Overwrite the file if it is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    login: LoginOptions,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Which {
    /// The one that is served.
    Active,
    /// The other one.
    Inactive,
    /// The first, whatever is in it.
    #[value(name = "0")]
    First,
    /// The second.
    #[value(name = "1")]
    Second,
}

impl Pull {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.is_free()?;
        let device = self.login.to(&self.device)?;
        let failed = |kind, what: String| Failure::with(&device, kind, what);
        let said_no = |error: ApiError| failed(error.kind(), error.to_string());
        // Before there is a bar: somebody may have to type it.
        device::log_in(&device).map_err(said_no)?;
        let (status, _) = device::status(&device).map_err(said_no)?;
        let index = self.slot.index(&status);
        let slot = &status.slots[index];
        let Some(sha256) = slot.sha256.as_deref().filter(|_| slot.valid) else {
            let problem = slot.problem.as_deref().unwrap_or("nothing is known");
            let what = format!("there is no frontend in {}: {problem}", slot.label);
            return Err(failed(Kind::refused("no-image"), what));
        };
        let mut progress = Progress::new(device.to_string(), self.json);
        progress.phase(&format!("getting {slot}"));
        let image =
            get(&device, index, &mut progress).map_err(|(kind, what)| failed(kind, what))?;
        let found = text::hex(&device::sha256(&image));
        if found != sha256 {
            let what = format!(
                "what came has the SHA-256 {found}, and the device says {sha256}; was it updated \
                 meanwhile? Nothing was written"
            );
            return Err(failed(Kind::OtherImage, what));
        }
        // Somebody else may have written it meanwhile.
        self.is_free()?;
        tree::replace(&self.output, &image).map_err(Failure::new)?;
        Cache::of_user().put(sha256, &image);
        let output = self.output.display();
        let (bytes, version) = (image.len(), slot.version.as_deref());
        progress.clear();
        match self.json {
            true => text::print_json(&json!({
                "device": device.to_string(),
                "slot": slot.label,
                "image": output.to_string(),
                "version": version,
                "bytes": bytes,
                "sha256": sha256,
            })),
            false => text::print(&format!(
                "{output}: {slot}, {}, sha-256 {}",
                text::bytes(bytes as u64),
                &sha256[..8]
            )),
        }
        Ok(())
    }

    /// Whether the file may be written.
    fn is_free(&self) -> Result<(), Failure> {
        match fs::symlink_metadata(&self.output) {
            Ok(meta) if meta.is_dir() => Err(Failure::at(
                self.output.display(),
                "a folder; name a file with -o",
            )),
            Ok(_) if !self.force => Err(Failure::at(
                self.output.display(),
                "it is there already; --force overwrites it, -o names another one",
            )),
            _ => Ok(()),
        }
    }
}

impl Which {
    fn index(self, status: &Status) -> usize {
        let active = status.active.min(1);
        match self {
            Self::Active => active,
            Self::Inactive => 1 - active,
            Self::First => 0,
            Self::Second => 1,
        }
    }
}

/// Gets the image in a slot, in as many parts as it takes.
fn get(device: &Address, slot: usize, progress: &mut Progress) -> Result<Vec<u8>, (Kind, String)> {
    let mut download = Download::default();
    let mut tries = 0;
    loop {
        let before = download.bytes.len();
        let ended = download.go_on(device, slot, |here, total| progress.got(here, total));
        let error = match ended {
            Ok(Ended::Whole) => return Ok(download.bytes),
            Ok(Ended::Broke(error)) => error,
            Err(ApiError::Refused(problem))
                if matches!(problem.status, 404 | 405) && problem.kind != "no-image" =>
            {
                let what = "its firmware does not give images back; update the firmware".to_owned();
                return Err((Kind::refused(&problem.kind), what));
            }
            Err(error) => return Err((error.kind(), error.to_string())),
        };
        tries = match download.bytes.len() > before {
            true => 1,
            false => tries + 1,
        };
        let here = text::bytes(download.bytes.len() as u64);
        if tries >= TRIES {
            let what = format!("{here} came, then {error}. Nothing was written; try again");
            return Err((Kind::Lost, what));
        }
        progress.phase(&format!("{error} after {here}; asking for the rest"));
        thread::sleep(PAUSE);
    }
}
