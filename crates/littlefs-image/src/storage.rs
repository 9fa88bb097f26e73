//! Where an image's bytes come from.

use core::{
    fmt,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// Random read access to the bytes of an image; offset 0 is its first byte.
///
/// It is asynchronous so that a device may let its network run between two reads of a long check.
/// Storage that never waits (a slice, a file) is used from ordinary code through [`run`].
#[allow(
    async_fn_in_trait,
    reason = "single-threaded executors are the users; no Send bound wanted"
)]
pub trait Storage {
    /// What a failed read reports.
    type Error;

    /// Fills `buf` from the bytes at `offset`.
    ///
    /// # Errors
    /// When the medium fails, or the range ends outside it.
    async fn read(&mut self, offset: u32, buf: &mut [u8]) -> Result<(), Self::Error>;
}

/// A read that ends outside the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfBounds;

impl fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("read outside the image")
    }
}

impl core::error::Error for OutOfBounds {}

impl Storage for &[u8] {
    type Error = OutOfBounds;

    async fn read(&mut self, offset: u32, buf: &mut [u8]) -> Result<(), OutOfBounds> {
        let start = usize::try_from(offset).map_err(|_| OutOfBounds)?;
        let end = start.checked_add(buf.len()).ok_or(OutOfBounds)?;
        buf.copy_from_slice(self.get(start..end).ok_or(OutOfBounds)?);
        Ok(())
    }
}

/// Runs a future of this crate to its end on the spot, for storage that never waits.
///
/// It polls in a loop, so a storage that really waits would keep the processor busy.
///
/// Always inlined: the future is then on the stack once, in whoever makes it.
#[inline(always)]
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
