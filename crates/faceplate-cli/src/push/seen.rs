//! The trial of the frontend as it was when it was last seen, which tells who ended it.

use std::time::{Duration, Instant};

use super::Confirm;
use crate::device::{Status, Trial};

/// A trial that ends so much before its time was not ended by the device: it tells whole seconds, and
/// its answers take a while.
const EARLY: Duration = Duration::from_secs(3);

/// Who confirmed a frontend, as far as that can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The client that was to, or a person in its place.
    Client,
    /// The device, when the time was over. No page confirms what the device is to.
    Device,
    /// A person, before the device did.
    Other,
}

/// A trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    by_device: bool,
    /// When its time is over.
    over: Instant,
}

impl Seen {
    /// From the status before anything was sent: either this frontend is on trial already, or it will
    /// be as we ask for.
    pub(super) fn before(status: &Status, confirm: Confirm) -> Self {
        status.trial.as_ref().map_or_else(
            || Self {
                by_device: confirm == Confirm::Device,
                over: Instant::now(),
            },
            Self::now,
        )
    }

    /// As it is now.
    pub(super) fn now(trial: &Trial) -> Self {
        Self {
            by_device: trial.confirm == "device",
            over: Instant::now() + Duration::from_secs(trial.seconds_left.min(3600)),
        }
    }

    /// Who ended it, if it was ended now.
    pub(super) fn ended(&self) -> By {
        match self.by_device {
            false => By::Client,
            true if self.over > Instant::now() + EARLY => By::Other,
            true => By::Device,
        }
    }
}
