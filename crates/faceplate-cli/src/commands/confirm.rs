//! `faceplate confirm`: the frontend on trial works.

use faceplate::BuildId;

use super::{login::LoginOptions, status::describe};
use crate::{
    device::{self, Address},
    failure::Failure,
    text,
};

/// Confirm the frontend that a device has on trial, so that it stays.
#[derive(clap::Args)]
pub(crate) struct Confirm {
    /// The device: host, host:port or http://host:port, behind a reverse proxy with its
    /// path.
    device: Address,
    /// Confirm only this build, by the id that `faceplate inspect` shows [default: whichever is on
    /// trial].
    #[arg(long, value_name = "ID")]
    build: Option<BuildId>,
    #[command(flatten)]
    login: LoginOptions,
    /// Answer in JSON: the status that follows.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Confirm {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let device = self.login.to(&self.device)?;
        let confirmed = device::confirm(&device, self.build);
        let (status, raw) =
            confirmed.map_err(|error| Failure::with(&self.device, error.kind(), error))?;
        match self.json {
            true => text::print_json(&raw),
            false => text::print(&describe(&status)),
        }
        Ok(())
    }
}
