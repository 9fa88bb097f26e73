//! Want of memory in ESP-IDF's functions while the device boots: what could not be read then is not broken, and
//! nothing may be concluded from it, still less be stored.

use core::sync::atomic::{AtomicU8, Ordering};

use crate::code::Code;

const NOT_WATCHED: u8 = 0;
const ENOUGH: u8 = 1;
const WANT: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(NOT_WATCHED);

/// Begins to look at what functions return.
pub(crate) fn watch() {
    STATE.store(ENOUGH, Ordering::Relaxed);
}

/// Looks at what a function has returned.
pub(crate) fn noted(code: Code) -> Result<(), Code> {
    if code == Code::NO_MEM && STATE.load(Ordering::Relaxed) == ENOUGH {
        STATE.store(WANT, Ordering::Relaxed);
    }
    code.done()
}

/// An error where memory was wanting since [`watch`].
pub(crate) fn none_yet() -> Result<(), Code> {
    match STATE.load(Ordering::Relaxed) {
        WANT => Err(Code::NO_MEM),
        _ => Ok(()),
    }
}

/// The same, and ends that.
pub(crate) fn none() -> Result<(), Code> {
    let none = none_yet();
    STATE.store(NOT_WATCHED, Ordering::Relaxed);
    none
}
