//! `faceplate status`: what a device runs.

use std::time::Duration;

use super::login::LoginOptions;
use crate::{
    device::{self, Address, Slot, Status},
    failure::Failure,
    text,
};

/// Show what a device runs, and how it came to that.
#[derive(clap::Args)]
pub(crate) struct ShowStatus {
    /// The device: host, host:port or http://host:port, behind a reverse proxy with its
    /// path.
    device: Address,
    #[command(flatten)]
    login: LoginOptions,
    /// Answer in JSON, as the device does.
    #[arg(long)]
    pub(crate) json: bool,
}

impl ShowStatus {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let device = self.login.to(&self.device)?;
        let found = device::status(&device);
        let (status, raw) =
            found.map_err(|error| Failure::with(&self.device, error.kind(), error))?;
        match self.json {
            true => text::print_json(&raw),
            false => text::print(&describe(&status)),
        }
        Ok(())
    }
}

/// The status as lines for people.
pub(super) fn describe(status: &Status) -> String {
    let info = &status.device;
    let up = text::duration(Duration::from_millis(info.uptime_ms));
    let mut lines = vec![format!(
        "{} ({}), firmware {}, API {}, up {up}",
        info.name, info.chip, info.firmware, info.api
    )];
    let active = &status.active_slot().label;
    lines.push(match &status.trial {
        None => format!("  active  {active}, {}", status.state),
        Some(trial) => format!(
            "  active  {active}, on trial: the {} has {} s to confirm, {} left",
            trial.confirm,
            trial.seconds_left,
            text::count(trial.boots_left as usize, "start"),
        ),
    });
    for slot in &status.slots {
        lines.push(format!("  {:<6}  {}", slot.label, describe_slot(slot)));
    }
    if let Some(last) = &status.last {
        lines.push(format!("  last    {last}"));
    }
    if let Some(upload) = &status.upload {
        let (written, total) = (text::bytes(upload.written), text::bytes(upload.total));
        lines.push(format!("  upload  {}, {written} of {total}", upload.phase));
    }
    if let Some(keys) = &status.signed_by {
        lines.push(format!("  takes   what is signed by {}", keys.join(" or ")));
    }
    if let Some(lowest) = status.lowest_sequence {
        lines.push(format!("  takes   no sequence below {lowest}"));
    }
    if let Some(refused) = &status.refused {
        let (count, last) = (refused.count, &refused.last);
        let ago = text::duration(Duration::from_millis(refused.age_ms));
        lines.push(format!(
            "  refused {count} since it started, {ago} ago {last}"
        ));
    }
    if let Some(fault) = &status.fault {
        lines.push(format!("  fault   no change can be made: {fault}"));
    }
    lines.join("\n")
}

fn describe_slot(slot: &Slot) -> String {
    if !slot.valid {
        let problem = slot.problem.as_deref().unwrap_or("nothing is known");
        return format!("no frontend: {problem}");
    }
    let version = slot.version.as_deref().unwrap_or("without a version");
    let (used, size) = (text::bytes(slot.used), text::bytes(slot.size));
    let sha256 = slot
        .sha256
        .as_deref()
        .and_then(|sha256| sha256.get(..8))
        .unwrap_or("unknown");
    let build = slot
        .build
        .as_ref()
        .map_or_else(String::new, |build| format!(", build {build}"));
    let api = match slot.api {
        Some((lowest, highest)) if lowest == highest => format!(", API {lowest}"),
        Some((lowest, highest)) => format!(", API {lowest} to {highest}"),
        None => String::new(),
    };
    let sequence = slot.sequence.filter(|&sequence| sequence > 0);
    let sequence = sequence.map_or_else(String::new, |number| format!(", sequence {number}"));
    let signer = slot.signer.as_ref();
    let signer = signer.map_or_else(String::new, |key| format!(", signed by {key}"));
    format!("{version}, {used} of {size}, sha-256 {sha256}{build}{api}{sequence}{signer}")
}
