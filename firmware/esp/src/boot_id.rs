//! A number that differs from boot to boot, so that clients see that the device restarted.

use core::sync::atomic::{AtomicU32, Ordering};

use esp_hal::{ram, rng::Rng};

/// Restarts since power came: the memory of the real-time clock outlives a restart, not a power
/// cut.
#[ram(unstable(rtc_fast, persistent))]
static RESTARTS: Count = Count(AtomicU32::new(0));

/// A number in memory that may hold anything when power comes.
struct Count(AtomicU32);

#[allow(unsafe_code, reason = "memory that nothing clears")]
// SAFETY: every bit pattern is a number.
unsafe impl esp_hal::Persistable for Count {}

/// Odd, so that another count always gives another number; its bits are spread (2^32 divided by
/// the golden ratio, Knuth's multiplicative hash).
const SPREAD: u32 = 0x9e37_79b9;

/// The number of this boot; to be called once.
///
/// Before the radio runs the generator is weak: after a power cut it may repeat itself, though
/// this is not likely. The count alone tells two restarts apart.
pub(crate) fn next() -> u32 {
    // One core calls this: no read-modify-write instruction is needed, which the ESP32-C3 lacks.
    let restarts = RESTARTS.0.load(Ordering::Relaxed).wrapping_add(1);
    RESTARTS.0.store(restarts, Ordering::Relaxed);
    log::info!("boot {restarts} since power came");
    Rng::new().random() ^ restarts.wrapping_mul(SPREAD)
}
