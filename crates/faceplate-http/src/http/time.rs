//! Waiting for a client, but not for ever.

use core::future::Future;

use embassy_futures::select::{Either, select};

use crate::Device;

/// The time was over first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimedOut;

/// Runs `future` until `deadline_ms` on the device's clock. It is always given one chance, so that
/// bytes that are there already count even when they are read late.
pub(crate) async fn before<D: Device, F: Future>(
    device: &D,
    deadline_ms: u64,
    future: F,
) -> Result<F::Output, TimedOut> {
    let left = deadline_ms.saturating_sub(device.now_ms());
    match select(future, device.sleep_ms(left)).await {
        Either::First(output) => Ok(output),
        Either::Second(()) => Err(TimedOut),
    }
}

/// The pace that a transfer must keep: by when its next byte is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    start_ms: u64,
}

impl Pace {
    /// A transfer begins.
    pub(crate) fn start<D: Device>(device: &D) -> Self {
        Self {
            start_ms: device.now_ms(),
        }
    }

    /// Gives time as for so many bytes more.
    pub(crate) fn earn<D: Device>(&mut self, device: &D, bytes: u64) {
        let ms = bytes.saturating_mul(1000) / device.limits().min_rate.max(1);
        self.start_ms = self.start_ms.saturating_add(ms);
    }

    /// When a transfer that has moved `bytes` so far is too slow on the whole.
    pub(crate) fn deadline_ms<D: Device>(self, device: &D, bytes: u64) -> u64 {
        let limits = device.limits();
        let earned = bytes.saturating_mul(1000) / limits.min_rate.max(1);
        self.start_ms
            .saturating_add(limits.grace_ms)
            .saturating_add(earned)
    }
}
