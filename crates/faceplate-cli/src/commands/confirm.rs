//! `faceplate confirm`: the frontend on trial works.

use super::status::describe;
use crate::{
    device::{self, Address},
    failure::Failure,
    text,
};

/// Confirm the frontend that a device has on trial, so that it stays.
#[derive(clap::Args)]
pub(crate) struct Confirm {
    /// The device: host, host:port or http://host:port.
    device: Address,
    /// Answer in JSON: the status that follows.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Confirm {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let confirmed = device::confirm(&self.device);
        let (status, raw) = confirmed.map_err(|error| Failure::at(&self.device, error))?;
        match self.json {
            true => text::print_json(&raw),
            false => text::print(&describe(&status)),
        }
        Ok(())
    }
}
