//! The task that answers all requests, a step of each after the other.

use alloc::{boxed::Box, vec::Vec};
use core::{
    ffi::c_void,
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};

use super::{
    connection::work,
    port::{self, Socket},
    site::Site,
    start::site,
};
use crate::{
    face::now_ms,
    lock::Guard,
    port::{Level, give_way, log, sleep_ms},
};

/// While something is answered it is looked so often whether there is a new request, milliseconds.
const LOOK_EVERY_MS: u64 = 10;

/// How often somebody without memory asks for it, milliseconds.
const RETRY_MS: u32 = 100;

/// Told where there is no memory to answer.
const NO_MEMORY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Length: 0\r\n\r\n";

/// What is done with a connection.
enum Stage<F> {
    /// There is none.
    Free,
    /// It is answered; whether the connection may go on then.
    Answered(Pin<Box<F>>),
    /// Its server is to close it.
    Ended,
}

/// The task that runs for ever.
pub(super) extern "C" fn task(_: *mut c_void) {
    let Some(site) = site() else { return };
    let mut stages = stages(site.sockets.len());
    loop {
        take(site, &mut stages, work);
        for (socket, stage) in site.sockets.iter().zip(&mut stages) {
            step(socket, stage);
        }
        rest(site, &stages);
    }
}

/// As many as there are places. It is little memory; who has none waits for it.
fn stages<F>(count: usize) -> Vec<Stage<F>> {
    let mut stages = Vec::new();
    while stages.try_reserve_exact(count).is_err() {
        sleep_ms(RETRY_MS);
    }
    stages.resize_with(count, || Stage::Free);
    stages
}

fn is_free<F>(stage: &Stage<F>) -> bool {
    matches!(stage, Stage::Free)
}

/// Takes what has come, as far as there are places for it; waits for it where there is nothing else to do.
/// Not inlined, so that what is moved to the heap leaves the stack.
#[inline(never)]
fn take<F>(
    site: &'static Site,
    stages: &mut [Stage<F>],
    work: impl Fn(&'static Site, &'static Socket) -> Option<Pin<Box<F>>>,
) {
    let mut wait = stages.iter().all(is_free);
    for (socket, stage) in site.sockets.iter().zip(stages) {
        if !is_free(stage) {
            continue;
        }
        if !socket.next(wait) {
            return;
        }
        wait = false;
        *stage = work(site, socket).map_or_else(|| refuse(socket), Stage::Answered);
    }
}

/// Tells that there is no memory.
fn refuse<F>(socket: &Socket) -> Stage<F> {
    log(Level::Error, c"no memory to answer a request");
    // It is small, and nothing was sent before: it goes out whole, or the client is gone.
    _ = socket.send(NO_MEMORY);
    end(socket, false)
}

/// Goes on with a connection.
fn step<F: Future<Output = bool>>(socket: &Socket, stage: &mut Stage<F>) {
    match stage {
        Stage::Free => {}
        Stage::Answered(work) => {
            // Nobody calls this in a hook.
            let Ok(guard) = Guard::take() else { return };
            socket.wants_nothing();
            let polled = match socket.is_wanted() {
                true => work.as_mut().poll(&mut Context::from_waker(&waker())),
                false => Poll::Ready(false),
            };
            if let Poll::Ready(goes_on) = polled {
                // What it held of the core it gives back with the lock held.
                *stage = Stage::Ended;
                socket.wants_nothing();
                drop(guard);
                *stage = end(socket, goes_on);
            } else {
                drop(guard);
            }
            give_way();
        }
        Stage::Ended => {
            if socket.cut() && socket.give_back() {
                *stage = Stage::Free;
            }
        }
    }
}

/// What comes after an answer.
fn end<F>(socket: &Socket, goes_on: bool) -> Stage<F> {
    match socket.request() {
        None => {
            socket.close();
            Stage::Free
        }
        Some(_) if goes_on && socket.give_back() => Stage::Free,
        Some(_) => Stage::Ended,
    }
}

/// Waits until there is something to do.
fn rest<F>(site: &Site, stages: &[Stage<F>]) {
    let due_ms = site.take_due_ms();
    if stages.iter().all(is_free) {
        return;
    }
    let again = AGAIN.load(Ordering::Relaxed);
    AGAIN.store(false, Ordering::Relaxed);
    let ms = match again {
        true => 0,
        false => due_ms.saturating_sub(now_ms()).min(LOOK_EVERY_MS),
    };
    port::wait(&site.sockets, ms as u32);
}

/// Somebody wants to go on at once. Set by this task alone, while it polls.
static AGAIN: AtomicBool = AtomicBool::new(false);

/// Wakes the task. There is one, which polls all that it has.
fn waker() -> Waker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(
        |_| RawWaker::new(core::ptr::null(), &VTABLE),
        |_| AGAIN.store(true, Ordering::Relaxed),
        |_| AGAIN.store(true, Ordering::Relaxed),
        |_| {},
    );
    // SAFETY: it has no data, and its functions are for any thread.
    unsafe { Waker::from_raw(RawWaker::new(core::ptr::null(), &VTABLE)) }
}
