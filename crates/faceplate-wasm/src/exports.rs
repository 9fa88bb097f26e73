//! What the module exports: functions over one buffer that the caller writes to and reads from.
#![expect(
    unsafe_code,
    reason = "an export needs a name of its own, and to give one counts as unsafe: two items of \
              one name would be one. These are all there are. Nothing here dereferences a pointer"
)]

use std::sync::{Mutex, PoisonError};

use crate::answer;

/// The request until a function takes it, then the answer.
static BUFFER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn with<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    // A panic ends the module, so that nobody ever finds the lock poisoned.
    work(&mut BUFFER.lock().unwrap_or_else(PoisonError::into_inner))
}

fn run(function: fn(&[u8]) -> Vec<u8>) -> usize {
    with(|buffer| {
        *buffer = function(buffer);
        buffer.len()
    })
}

/// Makes room for a request; null when there is not enough memory.
#[unsafe(no_mangle)]
extern "C" fn request(len: usize) -> *mut u8 {
    with(|buffer| {
        *buffer = Vec::new();
        if buffer.try_reserve_exact(len).is_err() {
            return std::ptr::null_mut();
        }
        buffer.resize(len, 0);
        buffer.as_mut_ptr()
    })
}

/// Where the answer is.
#[unsafe(no_mangle)]
extern "C" fn response() -> *const u8 {
    with(|buffer| buffer.as_ptr())
}

/// See [`answer::pack`]; gives the length of the answer.
#[unsafe(no_mangle)]
extern "C" fn pack() -> usize {
    run(answer::pack)
}

/// See [`answer::inspect`]; gives the length of the answer.
#[unsafe(no_mangle)]
extern "C" fn inspect() -> usize {
    run(answer::inspect)
}

/// See [`answer::statement`]; gives the length of the answer.
#[unsafe(no_mangle)]
extern "C" fn statement() -> usize {
    run(answer::statement)
}

/// See [`answer::attach`]; gives the length of the answer.
#[unsafe(no_mangle)]
extern "C" fn attach() -> usize {
    run(answer::attach)
}

/// See [`answer::page`]; gives the length of the answer.
#[unsafe(no_mangle)]
extern "C" fn page() -> usize {
    run(answer::page)
}
