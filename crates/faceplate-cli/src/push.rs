//! Bringing an image to one device, up to the moment when the new frontend is confirmed.

mod broken;
mod check;
mod deliver;
mod error;
mod no_page;
mod page;
mod parcel;
mod seen;
mod send;
mod wait;
mod words;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use faceplate::BuildId;
use faceplate_pack::{ImageError, Inspection, Means, Unpacked};

use crate::{
    cache::Cache,
    device::{self, Address, State, Status},
    progress::Progress,
    text,
};
pub(crate) use deliver::Delivered;
pub(crate) use error::PushError;
use seen::{By, Seen};
pub(crate) use wait::for_reboot;

/// Longest pause between two signs of life while an image is sent: the worst erase of a chip is 2 s,
/// and reading a whole slot back, twice, takes a second for 4 MiB.
const STALL: Duration = Duration::from_secs(20);

/// An image that a device would take.
pub(crate) struct Image {
    bytes: Vec<u8>,
    inspection: Inspection,
    sha256: String,
    /// What in it may confirm it.
    means: Means,
    /// The stored bytes of each file.
    files: HashMap<String, Vec<u8>>,
}

impl Image {
    /// Checks an image.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, ImageError> {
        let (inspection, content) = faceplate_pack::open(&bytes)?;
        let means = Means::of(&content);
        let files = content.into_iter().filter_map(|item| match item {
            Unpacked::File { path, bytes } => Some((path, bytes)),
            Unpacked::Folder { .. } => None,
        });
        let files = files.collect();
        Ok(Self {
            means,
            sha256: text::hex(&inspection.sha256),
            bytes,
            inspection,
            files,
        })
    }

    /// SHA-256 in hex digits.
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The image itself.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the check found.
    pub(crate) fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// The stored bytes of each file.
    pub(crate) fn files(&self) -> &HashMap<String, Vec<u8>> {
        &self.files
    }

    /// Bytes of the image.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The version that it says.
    pub(crate) fn version(&self) -> Option<&str> {
        self.inspection
            .manifest
            .as_ref()
            .map(|manifest| manifest.version.as_str())
    }

    /// The build id.
    pub(crate) fn build(&self) -> Option<BuildId> {
        self.inspection.manifest.as_ref()?.build
    }

    /// What it is called.
    fn name(&self) -> String {
        self.version()
            .map_or_else(|| format!("image {}", &self.sha256[..8]), str::to_owned)
    }
}

/// How an image is brought to a device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Who confirms.
    pub(crate) confirm: Confirm,
    /// Seconds from the device's restart in which that has to be done; `None`: the device's own
    /// default.
    pub(crate) within: Option<u16>,
    /// Whether the page is opened here.
    pub(crate) open: bool,
    /// Whether the whole image is sent, whatever the device has.
    pub(crate) full: bool,
    /// How long to wait for a device that restarts.
    pub(crate) timeout: Duration,
}

/// Who says that the new frontend works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirm {
    /// The new page itself, in somebody's browser.
    Page,
    /// We, when all that it loads at once is there.
    Load,
    /// The device, when it has served for a while.
    Device,
}

/// What was done.
#[derive(Debug, Clone)]
pub(crate) struct Pushed {
    /// The slot that serves now.
    pub(crate) slot: String,
    /// What was sent; nothing when it ran the image already.
    pub(crate) delivered: Option<Delivered>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Brings `image` to the device and waits until it is confirmed.
pub(crate) fn push(
    image: &Image,
    address: &Address,
    options: &Options,
    cache: &Cache,
    progress: &mut Progress,
) -> Result<Pushed, PushError> {
    let begin = Instant::now();
    // Before there is a bar: somebody may have to type it.
    let standing = device::log_in(address).map_err(PushError::Unreachable)?;
    progress.phase("asking for its status");
    let (before, _) = device::status(address).map_err(PushError::Unreachable)?;
    if before.serves(&image.sha256) && before.state == State::Settled {
        check::frontend(address, image, progress)
            .map_err(|flaw| broken::found(flaw.what, address, image))?;
        if before
            .last
            .as_ref()
            .is_some_and(|last| last.outcome == "kept")
        {
            if options.confirm == Confirm::Page {
                return Err(PushError::KeptBefore {
                    url: page::url(address),
                });
            }
            progress.warn("it was never confirmed, but kept: there was nothing to go back to");
        }
        cache.put(&image.sha256, &image.bytes);
        let slot = before.active_slot().label.clone();
        progress.done(&format!(
            "runs {} in {slot} already; nothing was sent",
            image.name()
        ));
        return Ok(Pushed {
            slot,
            delivered: None,
            took: begin.elapsed(),
        });
    }
    let mut seen = Seen::before(&before, options.confirm);
    if options.confirm == Confirm::Page
        && let Some(warning) = page::doubt(image)
    {
        progress.warn(warning);
    }
    // A push that was interrupted goes on where it was.
    let sent = !before.serves(&image.sha256);
    let delivered = match sent {
        true => {
            standing.may_change().map_err(PushError::Unreachable)?;
            Some(replace(image, address, options, cache, before, progress)?)
        }
        false => None,
    };
    progress.phase("loading the new frontend");
    check::frontend(address, image, progress)
        .map_err(|flaw| broken::take_back(flaw, address, image, options, progress))?;
    let settled = match options.confirm {
        Confirm::Page | Confirm::Device => {
            page::wait(address, image, options, progress, &mut seen)?
        }
        Confirm::Load => {
            progress.phase("confirming");
            wait::confirm(address, image)?
        }
    };
    let slot = settled.active_slot().label.clone();
    let how = match (options.confirm, seen.ended()) {
        (Confirm::Load, _) => ": it loads; its scripts were not run",
        (Confirm::Page | Confirm::Device, By::Client) => "",
        (Confirm::Page, By::Device) => " by the device",
        (Confirm::Device, By::Device) => {
            " by the device: it kept running; its scripts were not run"
        }
        (Confirm::Page | Confirm::Device, By::Other) => " by somebody, before the device did",
    };
    if options.confirm == Confirm::Page && !how.is_empty() {
        progress.warn(&format!("confirmed{how}; no page said so"));
    }
    progress.done(&format!("runs {} in {slot}, confirmed{how}", image.name()));
    Ok(Pushed {
        slot,
        delivered,
        took: begin.elapsed(),
    })
}

/// Sends the image and waits until the device runs it.
fn replace(
    image: &Image,
    address: &Address,
    options: &Options,
    cache: &Cache,
    before: Status,
    progress: &mut Progress,
) -> Result<Delivered, PushError> {
    may_begin(image, &before)?;
    let (delivered, before) = deliver::deliver(image, address, options, cache, before, progress)?;
    cache.put(&image.sha256, &image.bytes);
    progress.phase("restarting");
    let after = for_reboot(address, &before, options.timeout)?;
    runs(&image.sha256, &after)?;
    Ok(delivered)
}

/// What can be known before anything is sent.
pub(crate) fn may_begin(image: &Image, status: &Status) -> Result<(), PushError> {
    if status.upload.is_some() {
        return Err(PushError::Busy);
    }
    if let Some(trial) = &status.trial {
        return Err(PushError::OnTrial(trial.clone()));
    }
    let slot = status.inactive_slot().size;
    if slot != 0 && image.len() as u64 > slot {
        return Err(PushError::TooLarge {
            len: image.len() as u64,
            slot,
        });
    }
    let ours = status.device.api;
    match &image.inspection.manifest {
        Some(manifest) if !(manifest.api_min..=manifest.api_max).contains(&ours) => {
            let (min, max) = (manifest.api_min, manifest.api_max);
            Err(PushError::Api { min, max, ours })
        }
        _ => Ok(()),
    }
}

/// Whether the device runs the image with this SHA-256 after its restart; if not, why.
fn runs(sha256: &str, status: &Status) -> Result<(), PushError> {
    if status.serves(sha256) {
        return Ok(());
    }
    Err(match (&status.last, status.state) {
        (_, State::Recovery) => PushError::Recovery,
        (Some(last), _) if last.outcome == "fell_back" || last.outcome == "rolled_back" => {
            PushError::FellBack {
                last: last.clone(),
                runs: status.active_slot().to_string(),
                why: None,
            }
        }
        _ => PushError::Another {
            runs: status.active_slot().to_string(),
        },
    })
}
