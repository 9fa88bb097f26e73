//! The device that is asked.

use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::{
    request::Request,
    row::{Stop, skip},
    site::Site,
    talk::{Asked, Talk},
};
use crate::device::{self, Address, Connection, State, Status};

/// A device, and what it told of itself before the first row.
pub(crate) struct Target {
    pub(super) address: Address,
    first: Option<(Status, Value)>,
    /// The boot in which it is, if it told.
    boot: Mutex<Option<String>>,
    site: OnceLock<Result<Site, Stop>>,
}

/// How a device is after a row.
pub(super) enum Presence {
    /// As before.
    Same,
    /// It answers, from another boot.
    Restarted,
    /// It does not answer.
    Gone,
}

impl Target {
    pub(super) fn new(address: Address, first: Option<(Status, Value)>) -> Self {
        let boot = first.as_ref().map(|(status, _)| &status.device.boot_id);
        Self {
            address,
            boot: Mutex::new(boot.cloned()),
            first,
            site: OnceLock::new(),
        }
    }

    /// Asks on a connection of its own.
    pub(super) fn ask(&self, request: &Request) -> Result<Asked, Stop> {
        let mut talk = Talk::open(self)?;
        talk.send(request);
        talk.answer()
    }

    /// The status before the first row.
    pub(super) fn status(&self) -> Result<&Status, Stop> {
        match &self.first {
            Some((status, _)) => Ok(status),
            None => Err(skip("its status cannot be read: see the rows of status")),
        }
    }

    /// The same as it came.
    pub(super) fn raw_status(&self) -> Option<&Value> {
        self.first.as_ref().map(|(_, raw)| raw)
    }

    /// The status now.
    pub(super) fn status_now(&self) -> Option<Status> {
        device::status(&self.address).ok().map(|(status, _)| status)
    }

    /// That it restarted, as it had to.
    pub(super) fn has_restarted(&self, now: &Status) {
        let mut boot = self.boot.lock().unwrap_or_else(PoisonError::into_inner);
        *boot = Some(now.device.boot_id.clone());
        self.log_in();
    }

    /// Logs in again, where the device has a password: a restart ends its sessions.
    fn log_in(&self) {
        // Where it fails, the rows say what is answered instead.
        let _standing = device::log_in(&self.address);
    }

    /// Whether it is there.
    pub(super) fn presence(&self) -> Presence {
        let mut boot = self.boot.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = &*boot else {
            // Who has no status can only be there.
            return match Connection::open(&self.address) {
                Ok(_) => Presence::Same,
                Err(_) => Presence::Gone,
            };
        };
        match self.status_now() {
            Some(now) if now.device.boot_id == *known => Presence::Same,
            Some(now) => {
                *boot = Some(now.device.boot_id);
                self.log_in();
                Presence::Restarted
            }
            None => Presence::Gone,
        }
    }

    /// Whether an upload may begin, as far as the device told.
    pub(super) fn takes_uploads(&self) -> Result<&Status, Stop> {
        let status = self.status()?;
        if let Some(fault) = &status.fault {
            return Err(skip(format!("the device takes no upload: {fault}")));
        }
        if status.upload.is_some() {
            return Err(skip("somebody else's upload runs"));
        }
        if status.state == State::Trial {
            return Err(skip(
                "a frontend is on trial, so every upload is refused; confirm it and try again",
            ));
        }
        Ok(status)
    }

    /// The frontend that it serves.
    pub(super) fn site(&self) -> Result<&Site, Stop> {
        if let Some((status, _)) = &self.first
            && status.state == State::Recovery
        {
            return Err(skip("the device has no frontend: it is in recovery"));
        }
        let site = self.site.get_or_init(|| Site::load(self));
        site.as_ref().map_err(Clone::clone)
    }
}
