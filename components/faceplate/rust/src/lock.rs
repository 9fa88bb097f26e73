//! The one lock: the core is made for one thread, and a firmware has many tasks.
//!
//! It is held from one wait to the next, as an executor would run the core: other tasks get in between two
//! steps of a check or an upload, and see what other connections of a device see.

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{code::Code, port};

/// That the lock is held.
pub(crate) struct Guard(());

impl Guard {
    /// Waits for the lock; an error where the caller has it already, in a hook.
    pub(crate) fn take() -> Result<Self, Code> {
        port::lock().map(|()| Self(()))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        port::unlock();
    }
}

/// Runs a future to its end, taking the lock for each step. It waits for nothing but for others to have
/// their turn.
///
/// It comes pinned, so that it is on the stack once.
pub(crate) fn wait<R>(mut future: Pin<&mut impl Future<Output = R>>) -> Result<R, Code> {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let guard = Guard::take()?;
        let polled = future.as_mut().poll(&mut context);
        drop(guard);
        if let Poll::Ready(result) = polled {
            return Ok(result);
        }
        port::give_way();
    }
}

/// Runs a future to its end while nobody else has anything to do with the core.
pub(crate) fn alone<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
        port::give_way();
    }
}
