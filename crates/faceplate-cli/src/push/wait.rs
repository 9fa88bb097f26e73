//! Waiting for the device: until it is back after a restart, and until it is settled.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Image, PushError, runs};
use crate::device::{self, Address, ApiError, State, Status};

/// How often a device is asked that restarts or makes up its mind.
const ASK: Duration = Duration::from_millis(250);
/// How long a frontend serves before the device confirms it, and some more.
const DEVICE_CONFIRMS: Duration = Duration::from_secs(30 + 10);
/// How often a confirmation is tried whose answer does not come.
const TRIES: u32 = 3;

/// Waits until the device answers from a later boot than `before`.
///
/// A device that comes back with its recovery page gets the rest of the time to think better of it.
pub(crate) fn for_reboot(
    address: &Address,
    before: &Status,
    timeout: Duration,
) -> Result<Status, PushError> {
    let begin = Instant::now();
    let mut answers = false;
    let mut recovery = false;
    while begin.elapsed() < timeout {
        answers = false;
        if let Ok((status, _)) = device::status(address) {
            answers = true;
            if status.device.boot_id != before.device.boot_id {
                if status.state != State::Recovery {
                    return Ok(status);
                }
                recovery = true;
            }
        }
        thread::sleep(ASK);
    }
    match recovery {
        true => Err(PushError::Recovery),
        false => Err(PushError::NotBack {
            waited: begin.elapsed(),
            answers,
        }),
    }
}

/// Confirms the frontend; it may have been confirmed by somebody else, or by the call before this
/// one, whose answer got lost.
pub(super) fn confirm(address: &Address, image: &Image) -> Result<Status, PushError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match device::confirm(address) {
            Ok((status, _)) => return runs(image, &status).map(|()| status),
            Err(error) => error,
        };
        match (&error, device::status(address)) {
            (ApiError::Refused(problem), Ok((status, _))) if problem.kind == "not-on-trial" => {
                runs(image, &status)?;
                if status.state == State::Settled {
                    return Ok(status);
                }
            }
            (ApiError::Client(_) | ApiError::Unknown(_), _) if tries < TRIES => {}
            _ => return Err(PushError::NotConfirmed(error)),
        }
        if tries >= TRIES {
            return Err(PushError::NotConfirmed(error));
        }
        thread::sleep(ASK);
    }
}

/// Waits until the device has confirmed the frontend by itself.
pub(super) fn for_device(
    address: &Address,
    image: &Image,
    after: &Status,
    timeout: Duration,
) -> Result<Status, PushError> {
    let begin = Instant::now();
    // It may restart meanwhile, and then begins again.
    let mut limit = DEVICE_CONFIRMS;
    let mut boot = after.device.boot_id.clone();
    let mut seen = Instant::now();
    while begin.elapsed() < limit {
        if let Ok((status, _)) = device::status(address) {
            seen = Instant::now();
            runs(image, &status)?;
            if status.state == State::Settled {
                return Ok(status);
            }
            if status.device.boot_id != boot {
                boot = status.device.boot_id;
                limit = begin.elapsed() + DEVICE_CONFIRMS;
            }
        } else if seen.elapsed() > timeout {
            return Err(PushError::NotBack {
                waited: seen.elapsed(),
                answers: false,
            });
        }
        thread::sleep(ASK);
    }
    Err(PushError::Unsettled {
        waited: begin.elapsed(),
    })
}
