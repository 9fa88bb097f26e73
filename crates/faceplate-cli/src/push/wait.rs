//! Waiting for the device: until it is back after a restart, and until it has made up its mind.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Image, PushError, runs};
use crate::device::{self, Address, ApiError, State, Status, Trial};

/// How often a device is asked that restarts or makes up its mind.
const ASK: Duration = Duration::from_millis(250);
/// How much longer than its trial a device may take: to notice, and to store what follows.
const PATIENCE: Duration = Duration::from_secs(10);
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
        let error = match device::confirm(address, image.build()) {
            Ok((status, _)) => return runs(image.sha256(), &status).map(|()| status),
            Err(error) => error,
        };
        match (&error, device::status(address)) {
            (ApiError::Refused(problem), Ok((status, _))) if problem.kind == "not-on-trial" => {
                if matches!(verdict(image.sha256(), &status)?, Verdict::Confirmed) {
                    return Ok(status);
                }
            }
            // It may have gone back, and runs another build now.
            (ApiError::Refused(_), Ok((status, _))) => {
                runs(image.sha256(), &status)?;
                return Err(PushError::NotConfirmed(error));
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

/// What happens while a device makes up its mind.
pub(super) enum Event<'a> {
    /// The frontend is on trial.
    Trial(&'a Trial),
    /// It is on trial anew, after a restart.
    Anew(&'a Trial),
    /// The device does not answer, for so long.
    Silence(Duration),
}

/// Waits until somebody has confirmed the frontend, or the device has decided otherwise.
pub(super) fn for_verdict(
    address: &Address,
    image: &Image,
    timeout: Duration,
    mut tell: impl FnMut(Event<'_>),
) -> Result<Status, PushError> {
    let begin = Instant::now();
    let mut seen = begin;
    let mut window: Option<Window> = None;
    loop {
        match device::status(address) {
            Ok((status, _)) => {
                seen = Instant::now();
                let trial = match verdict(image.sha256(), &status)? {
                    Verdict::Confirmed => return Ok(status),
                    Verdict::OnTrial(trial) => trial,
                };
                match &mut window {
                    None => {
                        window = Some(Window::new(trial));
                        tell(Event::Trial(trial));
                    }
                    Some(window) if window.restarted(trial) => {
                        *window = Window::new(trial);
                        tell(Event::Anew(trial));
                    }
                    Some(_) => tell(Event::Trial(trial)),
                }
            }
            Err(_) if seen.elapsed() > timeout => {
                return Err(PushError::Gone {
                    what: format!("nothing for {} s", seen.elapsed().as_secs()),
                });
            }
            Err(_) => tell(Event::Silence(seen.elapsed())),
        }
        if window.as_ref().is_some_and(Window::is_over) {
            return Err(PushError::Unsettled {
                waited: begin.elapsed(),
            });
        }
        thread::sleep(ASK);
    }
}

/// The time in which a device has to decide, from its last restart.
struct Window {
    until: Instant,
    boots_left: u64,
}

impl Window {
    fn new(trial: &Trial) -> Self {
        Self {
            until: Instant::now() + Duration::from_secs(trial.seconds_left.min(3600)) + PATIENCE,
            boots_left: trial.boots_left,
        }
    }

    /// Whether it begins anew. Each restart takes one of few, so that there is an end to it.
    fn restarted(&self, trial: &Trial) -> bool {
        trial.boots_left < self.boots_left
    }

    fn is_over(&self) -> bool {
        Instant::now() > self.until
    }
}

/// What a device says about the image that it was switched to.
#[derive(Debug)]
enum Verdict<'a> {
    /// It is to be confirmed.
    OnTrial(&'a Trial),
    /// It was.
    Confirmed,
}

/// Reads a status; an error is why the image does not run, or is not confirmed and will not be.
fn verdict<'a>(sha256: &str, status: &'a Status) -> Result<Verdict<'a>, PushError> {
    runs(sha256, status)?;
    match (&status.trial, &status.fault, &status.last) {
        (Some(trial), _, _) => Ok(Verdict::OnTrial(trial)),
        // There may be a trial that it cannot read.
        (None, Some(fault), _) => Err(PushError::Fault(fault.clone())),
        (None, None, Some(last)) if last.outcome == "kept" => Err(PushError::Kept { why: None }),
        (None, None, _) => Ok(Verdict::Confirmed),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_a_device_says_about_the_image_that_it_was_switched_to_is_understood() {
        let trial = || json!({ "confirm": "client", "seconds_left": 7, "boots_left": 2 });
        let last = |outcome: &str| {
            let reason = (outcome == "fell_back").then_some("not_confirmed");
            json!({ "outcome": outcome, "reason": reason, "from": 0, "to": 1 })
        };
        let fault = json!("cannot be read");
        let no = Value::Null;
        for (active, state, trial, last, fault, wanted) in [
            (1, "trial", trial(), last("updated"), &no, "OnTrial(7)"),
            (1, "trial", trial(), no.clone(), &fault, "OnTrial(7)"),
            (1, "settled", no.clone(), last("updated"), &no, "Confirmed"),
            (1, "settled", no.clone(), no.clone(), &no, "Confirmed"),
            (1, "settled", no.clone(), last("kept"), &no, "not-confirmed"),
            (1, "settled", no.clone(), no.clone(), &fault, "nvs-fault"),
            (
                0,
                "settled",
                no.clone(),
                last("fell_back"),
                &no,
                "went-back",
            ),
            (0, "trial", trial(), last("rolled_back"), &no, "went-back"),
            (
                0,
                "settled",
                no.clone(),
                last("updated"),
                &no,
                "other-frontend",
            ),
            (1, "recovery", no.clone(), last("updated"), &no, "recovery"),
        ] {
            let slot = |sha256: &str| json!({ "label": "www", "size": 0, "used": 0, "valid": true, "sha256": sha256 });
            let status = json!({
                "device": {
                    "name": "", "firmware": "", "api": 1, "chip": "", "boot_id": "", "uptime_ms": 0,
                },
                "active": active, "state": state, "trial": trial, "last": last, "fault": fault,
                "slots": [slot("old"), slot("new")], "upload": null,
            });
            let parsed: Status = serde_json::from_value(status.clone()).unwrap();
            let found = match verdict("new", &parsed) {
                Ok(Verdict::OnTrial(trial)) => format!("OnTrial({})", trial.seconds_left),
                Ok(Verdict::Confirmed) => "Confirmed".to_owned(),
                Err(error) => error.kind().name().to_owned(),
            };
            assert_eq!(found, wanted, "{status}");
        }
    }
}
