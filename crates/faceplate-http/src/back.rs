//! Going back to the frontend before, for who has no page that works: from a button on the device.

use core::fmt;

use faceplate::{RollbackError, Slot, Text};

use crate::{App, Device, UpdateEvent, problem::Refusal};

/// Why a device does not go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoBackError {
    /// The firmware wants it not now ([`App::may_update`]), for this reason.
    NotNow(Text),
    /// There is no way back.
    Rollback(RollbackError),
}

impl fmt::Display for GoBackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNow(reason) => write!(f, "not now: {reason}"),
            Self::Rollback(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for GoBackError {}

/// Switches to the frontend in the other slot, if the firmware allows it and that one checks out now,
/// and has the device restart: what "go back" of the page does, under the same conditions, with the
/// same hooks. With `&()` for the app nobody is asked or told.
///
/// # Errors
/// When the firmware wants it not now, the other slot holds no whole frontend, something else is under
/// way, or NVS fails; what runs is served on then.
pub async fn go_back(device: &impl Device, app: &impl App) -> Result<Slot, GoBackError> {
    let slot = switch_back(device, app).await?;
    let in_ms = device.limits().reboot_ms;
    device.reboot_in(in_ms);
    app.on_update(UpdateEvent::Restarting { in_ms });
    Ok(slot)
}

/// Switches to the other slot, if the firmware allows it and that one checks out now.
pub(crate) async fn switch_back(device: &impl Device, app: &impl App) -> Result<Slot, GoBackError> {
    app.may_update().map_err(GoBackError::NotNow)?;
    let slot = device.engine().rollback_if(|| app.may_update()).await;
    slot.map_err(|error| match error {
        RollbackError::NotNow(why) => GoBackError::NotNow(why),
        error => GoBackError::Rollback(error),
    })
}

impl From<GoBackError> for Refusal {
    fn from(error: GoBackError) -> Self {
        match error {
            GoBackError::NotNow(why) => Self::NotNow(why),
            GoBackError::Rollback(error) => Self::Rollback(error),
        }
    }
}
