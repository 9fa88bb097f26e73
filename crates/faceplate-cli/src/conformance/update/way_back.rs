//! Back to what was found, and what is left in the end.

use std::time::Duration;

use super::{Update, is_idle, is_settled, needs};
use crate::{
    conformance::{
        change::command,
        request::Request,
        row::{Checked, skip},
        shape::Part,
        status::STATUS,
        talk::{Talk, miss},
    },
    device::{self, State, Status},
    push::for_reboot,
};

/// Longest wait for the answer to a rollback: the whole other slot is read before it.
const CHECKED: Duration = Duration::from_secs(20);
/// Seconds of a trial by the device.
const BY_DEVICE: u64 = 30;

pub(super) fn rollback(update: &Update) -> Checked {
    needs(&update.confirmed, "update/confirm")?;
    if update.before.state == State::Recovery {
        return Err(skip(
            "the device was in recovery: there is nothing to go back to",
        ));
    }
    let Some(now) = update.target.status_now() else {
        return Err(skip("its status cannot be read"));
    };
    let mut talk = Talk::open(&update.target)?;
    talk.send(&command("rollback", "{}"));
    let asked = talk.answer_within(CHECKED)?;
    asked.has_status(202)?;
    let json = asked.json()?;
    let started = Part::whole(&asked, &json);
    let slot = started.get("slot")?;
    if slot.slot()? != update.before.active {
        return Err(slot.wrong(&update.before.active.to_string()));
    }
    started.get("reboot_ms")?.number()?;
    let after = for_reboot(&update.target.address, &now, update.timeout)
        .map_err(|error| asked.differs("a restart with what ran before", &error.to_string()))?;
    update.target.has_restarted(&after);
    if !is_found_again(&update.before, &after) {
        let got = format!("it runs {}", after.active_slot());
        return Err(asked.differs("a restart with what ran before", &got));
    }
    update.back.set(true);
    Ok(())
}

/// Whether the device runs what it did.
fn is_found_again(before: &Status, now: &Status) -> bool {
    now.active == before.active && now.active_slot().sha256 == before.active_slot().sha256
}

pub(super) fn watched(update: &Update) -> Checked {
    needs(&update.back, "update/rollback")?;
    let asked = update.target.ask(&Request::get(STATUS))?;
    let json = asked.json()?;
    let status = Part::whole(&asked, &json);
    status
        .get("last")?
        .get("outcome")?
        .one_of(&["rolled_back"])?;
    status.get("state")?.one_of(&["trial"])?;
    let trial = status.get("trial")?;
    trial.get("confirm")?.one_of(&["device"])?;
    let left = trial.get("seconds_left")?;
    match left.number()? <= BY_DEVICE {
        true => Ok(()),
        false => Err(left.wrong(&format!("at most {BY_DEVICE}"))),
    }
}

pub(super) fn as_before(update: &Update) -> Checked {
    needs(&update.back, "update/rollback")?;
    let asked = update.target.ask(&command("confirm", "{}"))?;
    is_settled(&asked)?;
    match update.target.status_now() {
        Some(now) if is_found_again(&update.before, &now) => Ok(()),
        _ => Err(miss(
            "POST /api/ota/confirm | {}".to_owned(),
            "the frontend that was found".to_owned(),
            "another one",
        )),
    }
}

/// Sees to it that the device runs what it did, whatever the rows came to, and says what is left.
pub(super) fn leave(update: &Update) -> String {
    let address = &update.target.address;
    let before = &update.before;
    // It may be about to restart into what it had to refuse.
    let _idle = is_idle(update);
    let now = update.target.status_now();
    if let Some(now) = &now
        && before.state == State::Settled
        && !is_found_again(before, now)
    {
        // What comes of it is seen below.
        let _started = device::rollback(address);
        let _back = for_reboot(address, now, update.timeout);
    }
    if let Some(now) = update.target.status_now()
        && now.state == State::Trial
        && is_found_again(before, &now)
    {
        let _confirmed = device::confirm(address, None);
    }
    let Some(now) = update.target.status_now() else {
        return format!("it does not answer; see to it, then ask `faceplate status {address}`");
    };
    let runs = format!("it runs {}, {}", now.active_slot(), now.state);
    let other = now.inactive_slot();
    match (before.state, is_found_again(before, &now)) {
        (_, true) if other.valid => format!("{runs}, as before; the other slot has {other} now"),
        (_, true) => format!("{runs}, as before; the other slot holds no frontend now"),
        (State::Recovery, _) => format!("{runs}; it had no frontend before"),
        _ => format!("{runs}, and not what it ran before: try `faceplate rollback {address}`"),
    }
}
