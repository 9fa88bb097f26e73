//! What must happen by itself: trials end, and restarts come.

use core::ffi::c_void;

use faceplate::Tick;

use crate::{
    face::{self, Face, now_ms},
    port::{self, Level},
    text::line,
};

/// How often it is looked whether a restart is due, milliseconds.
const EVERY_MS: u32 = 100;

/// How often the trial is looked at. When its end cannot be stored, this is how often that is tried again, on a
/// flash that may be failing.
const TRIAL_EVERY_MS: u64 = 1000;

/// The task that runs for ever.
pub(crate) extern "C" fn task(_: *mut c_void) {
    let mut trial_due = 0;
    loop {
        let due = face::with(|face| {
            let now = now_ms();
            if trial_due <= now {
                trial_due = now + TRIAL_EVERY_MS;
                look_at_the_trial(face, now);
            }
            face.restart_at.get().is_some_and(|at| at <= now)
        });
        // Without the lock: what the firmware does at a restart may ask for the state.
        if due == Ok(true) {
            port::log(Level::Info, c"restarting");
            port::restart();
        }
        port::sleep_ms(EVERY_MS);
    }
}

fn look_at_the_trial(face: &Face, now: u64) {
    match face.engine.tick(now) {
        Ok(Tick::Nothing) => {}
        Ok(Tick::Confirmed) => {
            port::log(Level::Info, c"the frontend is confirmed: it kept running");
        }
        Ok(Tick::Kept) => port::log(
            Level::Warning,
            c"not confirmed, but there is none to go back to",
        ),
        Ok(Tick::Reboot) => {
            port::log(Level::Warning, c"the frontend was not confirmed in time");
            face.restart();
        }
        Err(error) => port::log(
            Level::Error,
            &line(format_args!("the trial cannot be ended yet: {error}")),
        ),
    }
}
