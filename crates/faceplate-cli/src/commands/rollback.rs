//! `faceplate rollback`: back to the other slot.

use std::time::Duration;

use super::{login::LoginOptions, status::describe};
use crate::{
    device::{self, Address, ApiError},
    failure::{Failure, Kind},
    progress::Progress,
    push::for_reboot,
    text,
};

/// Bring back the frontend in a device's other slot. It is on trial by the device for 30 seconds; one
/// that was never confirmed has to be confirmed as before, or the device goes back.
#[derive(clap::Args)]
pub(crate) struct Rollback {
    /// The device: host, host:port or http://host:port, behind a reverse proxy with its
    /// path.
    device: Address,
    /// Seconds to wait for the device to restart.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=3600)
    )]
    timeout: u32,
    #[command(flatten)]
    login: LoginOptions,
    /// Answer in JSON: the status after the restart.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Rollback {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let device = self.login.to(&self.device)?;
        let failed = |kind, what: String| Failure::with(&device, kind, what);
        let said_no = |error: ApiError| failed(error.kind(), error.to_string());
        let standing = device::log_in(&device).map_err(said_no)?;
        standing.may_change().map_err(said_no)?;
        let (before, _) = device::status(&device).map_err(said_no)?;
        let mut progress = Progress::new(device.to_string(), self.json);
        progress.phase("checking the other slot");
        let started = device::rollback(&device).map_err(said_no)?;
        progress.phase("restarting");
        let timeout = Duration::from_secs(self.timeout.into());
        let after = for_reboot(&device, &before, timeout).map_err(|error| {
            let what = format!(
                "it switched to www_{} but did not come back within {} s with a frontend; see to \
                 its power and network, then ask `faceplate status`",
                started.slot, self.timeout
            );
            failed(error.kind(), what)
        })?;
        drop(progress);
        if after.active != started.slot {
            let last = after.last.as_ref();
            let why = last.map_or_else(String::new, |last| format!(": {last}"));
            let kind = match last.is_some_and(|last| last.outcome == "fell_back") {
                true => Kind::WentBack,
                false => Kind::OtherFrontend,
            };
            return Err(failed(
                kind,
                format!("it runs {}{why}", after.active_slot()),
            ));
        }
        if !self.json {
            text::print(&describe(&after));
            if after.trial.is_some_and(|trial| trial.confirm == "client") {
                text::print(&format!(
                    "It was never confirmed: open http://{}/ so that it can prove itself, or the device \
                     goes back.",
                    self.device
                ));
            }
            return Ok(());
        }
        let (_, raw) = device::status(&device).map_err(|error| {
            let what = format!("it went back as asked, but then: {error}");
            failed(Kind::Lost, what)
        })?;
        text::print_json(&raw);
        Ok(())
    }
}
