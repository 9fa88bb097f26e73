//! What follows where the new frontend does not load: its trial is ended at once, if that is certain.

use std::time::Duration;

use super::{Confirm, Image, Options, PushError, STALL, check::Flaw, for_reboot, runs};
use crate::{
    device::{self, Address, ApiError, Status},
    progress::Progress,
};

/// Says what has become of a frontend in which `what` is wrong; nothing is done about it.
pub(super) fn found(what: String, address: &Address, image: &Image) -> PushError {
    match still_runs(&what, address, image) {
        Ok(status) => broken(what, status, true),
        Err(error) => error,
    }
}

/// The same, but takes it back where it certainly does not load: waiting would change nothing, and
/// keep the device from taking a better one.
pub(super) fn take_back(
    flaw: Flaw,
    address: &Address,
    image: &Image,
    options: &Options,
    progress: &mut Progress,
) -> PushError {
    let Flaw { what, certain } = flaw;
    let status = match still_runs(&what, address, image) {
        Ok(status) => status,
        Err(error) => return error,
    };
    if !(certain && is_ours(&status, options.confirm)) {
        return broken(what, status, true);
    }
    progress.phase("taking the new frontend back, since it does not load");
    let patience = match device::rollback(address) {
        Ok(_) => options.timeout,
        Err(ApiError::Refused(problem)) => match &*problem.kind {
            // It goes back already, by itself or for somebody else.
            "restarting" => options.timeout,
            kind => return broken(what, status, kind != "no-way-back"),
        },
        Err(ApiError::Client(_)) => return broken(what, status, true),
        // It may do so all the same. To ask again could bring back what was just taken back.
        Err(_) => STALL.min(options.timeout),
    };
    went(what, address, image, &status, patience)
}

/// Whether the frontend is on a trial that we were to end.
fn is_ours(status: &Status, confirm: Confirm) -> bool {
    let by_client = |trial: &device::Trial| trial.confirm == "client";
    confirm != Confirm::Device && status.trial.as_ref().is_some_and(by_client)
}

/// Waits until a device that was to go back has restarted; says what it runs then.
fn went(
    what: String,
    address: &Address,
    image: &Image,
    before: &Status,
    patience: Duration,
) -> PushError {
    match for_reboot(address, before, patience) {
        Ok(after) if after.serves(image.sha256()) => broken(what, after, true),
        Ok(after) => PushError::TakenBack {
            what,
            runs: after.active_slot().to_string(),
        },
        Err(PushError::NotBack { answers: true, .. }) => found(what, address, image),
        Err(PushError::NotBack { .. }) => PushError::Gone {
            what: format!("{what}, and nothing came since it was told to go back"),
        },
        Err(error) => error,
    }
}

/// The status of a device that still runs the frontend; it may have gone back meanwhile.
fn still_runs(what: &str, address: &Address, image: &Image) -> Result<Status, PushError> {
    let gone = |_| PushError::Gone { what: what.into() };
    let (status, _) = device::status(address).map_err(gone)?;
    runs(image.sha256(), &status)?;
    Ok(status)
}

fn broken(what: String, status: Status, way_back: bool) -> PushError {
    PushError::Broken {
        what,
        trial: status.trial,
        way_back,
    }
}
