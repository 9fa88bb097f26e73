//! The frontend of this device: one, from boot to restart.

use alloc::boxed::Box;
use core::{
    cell::{Cell, RefCell},
    fmt, ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use faceplate::{Engine, Text, text};

use crate::{
    code::Code,
    config::{Event, Hooks},
    flash::Flash,
    lock::Guard,
    password::Own,
    port::{self, Level},
    settings::Settings,
    text::line,
};

/// The core over ESP-IDF.
pub(crate) type IdfEngine = Engine<Flash, Settings>;

/// How long a restart is put off: time for an answer to leave, milliseconds. As over HTTP.
const RESTART_MS: u32 = 500;

/// All that there is, behind the lock.
pub(crate) struct Face {
    pub(crate) engine: Box<IdfEngine>,
    pub(crate) hooks: Hooks,
    pub(crate) password: Own,
    /// Label of the partition that is served, for C.
    pub(crate) label: Option<&'static core::ffi::CStr>,
    pub(crate) restart_at: Cell<Option<u64>>,
    pub(crate) last_error: RefCell<Text>,
}

/// Null until there is one; then it stays.
static FACE: AtomicPtr<Face> = AtomicPtr::new(ptr::null_mut());

/// Whether there is one.
pub(crate) fn is_there() -> bool {
    !FACE.load(Ordering::Acquire).is_null()
}

/// Makes it known to all tasks.
pub(crate) fn set(face: Box<Face>) {
    FACE.store(Box::into_raw(face), Ordering::Release);
}

/// Does something with it, holding the lock.
pub(crate) fn with<R>(act: impl FnOnce(&'static Face) -> R) -> Result<R, Code> {
    if !is_there() {
        return Err(Code::INVALID_STATE);
    }
    let _guard = Guard::take()?;
    Ok(act(get()?))
}

/// The same one, for a future that [`wait`](crate::lock::wait) runs: only what is polled there may look at
/// it.
pub(crate) fn get() -> Result<&'static Face, Code> {
    // SAFETY: it was made by `set`, and is never freed nor changed but through its cells. Those are for one
    // thread: whoever looks at them holds the lock, which `with` takes, and `wait` for each poll.
    unsafe { FACE.load(Ordering::Acquire).as_ref() }.ok_or(Code::INVALID_STATE)
}

/// Milliseconds since the start.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(port::clock_ms()).unwrap_or(0)
}

impl Face {
    /// Notes why something failed, for people, and gives the code that says so.
    pub(crate) fn failed<E: fmt::Display>(&self, error: &E) -> Code
    where
        Code: for<'e> From<&'e E>,
    {
        self.failed_by(Code::from(error), error)
    }

    /// The same where it is known which code that is.
    pub(crate) fn failed_by<E: fmt::Display>(&self, code: Code, error: &E) -> Code {
        port::log(Level::Warning, &line(error));
        *self.last_error.borrow_mut() = text(error);
        code
    }

    /// Lets the device restart, and tells so.
    pub(crate) fn restart(&self) {
        self.restart_at.set(Some(now_ms() + u64::from(RESTART_MS)));
        self.hooks.tell(Event::restarting(RESTART_MS));
    }
}
