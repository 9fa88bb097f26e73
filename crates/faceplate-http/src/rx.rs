//! The way in: heads and bodies, from one buffer that keeps what comes too early.

use embedded_io_async::Read;

use crate::{
    Device,
    head::{HeadError, find_end},
    problem::{Failed, Refusal},
    time::{Pace, before},
};

/// Why a read brought nothing.
enum Dry {
    /// End of the stream, or a broken connection.
    Gone,
    /// The time was over.
    TimedOut,
}

/// The receiving half of a connection.
pub(crate) struct Rx<'a, D, R> {
    device: &'a D,
    reader: R,
    buf: &'a mut [u8],
    start: usize,
    end: usize,
}

impl<'a, D: Device, R: Read> Rx<'a, D, R> {
    pub(crate) fn new(device: &'a D, reader: R, buf: &'a mut [u8]) -> Self {
        Self {
            device,
            reader,
            buf,
            start: 0,
            end: 0,
        }
    }

    /// What has arrived and was not consumed.
    pub(crate) fn arrived(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    /// Is done with the first `n` bytes of [`Self::arrived`].
    pub(crate) fn consume(&mut self, n: usize) {
        self.start = self.end.min(self.start + n);
    }

    /// Waits for a whole head and returns its length; its bytes are the first that
    /// [`Self::arrived`] has. It must begin within `idle_ms`.
    pub(crate) async fn head(&mut self, idle_ms: u64) -> Result<usize, Failed> {
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let limits = self.device.limits();
        let now = self.device.now_ms();
        let mut begun = self.end > 0;
        let mut deadline = now + if begun { limits.head_ms } else { idle_ms };
        loop {
            match find_end(self.arrived()) {
                Ok(Some(len)) => return Ok(len),
                Ok(None) => {}
                Err(error) => return Err(Refusal::Head(error).into()),
            }
            if self.end == self.buf.len() {
                let line_ends = self.buf.contains(&b'\n');
                let error = if line_ends {
                    HeadError::TooLong
                } else {
                    HeadError::TargetTooLong
                };
                return Err(Refusal::Head(error).into());
            }
            match self.read(deadline).await {
                Ok(()) if !begun => {
                    begun = true;
                    deadline = self.device.now_ms() + limits.head_ms;
                }
                Ok(()) => {}
                Err(Dry::TimedOut) if begun => return Err(Refusal::Stalled.into()),
                // An idle connection ends without a word.
                Err(_) => return Err(Failed::Gone),
            }
        }
    }

    async fn read(&mut self, deadline_ms: u64) -> Result<(), Dry> {
        let read = self.reader.read(&mut self.buf[self.end..]);
        match before(self.device, deadline_ms, read).await {
            Ok(Ok(n)) if n > 0 => {
                self.end += n;
                Ok(())
            }
            Ok(_) => Err(Dry::Gone),
            Err(_) => Err(Dry::TimedOut),
        }
    }

    /// Whether the client has closed the connection, as far as is known by now.
    async fn is_closed(&mut self) -> bool {
        if !self.arrived().is_empty() {
            return false;
        }
        (self.start, self.end) = (0, 0);
        // What has arrived may need a moment to be seen.
        let deadline = self.device.now_ms() + 1;
        matches!(self.read(deadline).await, Err(Dry::Gone))
    }

    /// Reads and throws away what a client still sends, within limits, before the connection is
    /// closed: closing with unread bytes resets it, and then the client may lose the answer.
    ///
    /// `left` is what belongs to the request, where that is known. When that is over, and nothing
    /// more is there, nothing is waited for; else the client may be in the middle of sending more.
    pub(crate) async fn drain(&mut self, left: Option<u64>) {
        let limits = self.device.limits();
        let end = self.device.now_ms() + limits.drain_ms;
        let mut budget = limits.drain_bytes;
        let mut left = left.unwrap_or(u64::MAX);
        let mut sends_more = false;
        loop {
            let arrived = self.arrived().len();
            (self.start, self.end) = (0, 0);
            sends_more |= arrived as u64 > left;
            left = left.saturating_sub(arrived as u64);
            budget = budget.saturating_sub(arrived);
            let now = self.device.now_ms();
            let deadline = match left == 0 && !sends_more {
                true => now,
                false => end.min(now + limits.drain_idle_ms),
            };
            if budget == 0 || now >= end || self.read(deadline).await.is_err() {
                return;
            }
        }
    }
}

/// A body that is being received.
pub(crate) struct Body<'r, 'a, D, R> {
    rx: &'r mut Rx<'a, D, R>,
    total: u64,
    received: u64,
    pace: Pace,
}

impl<'r, 'a, D: Device, R: Read> Body<'r, 'a, D, R> {
    /// The `total` bytes that come next.
    pub(crate) fn new(rx: &'r mut Rx<'a, D, R>, total: u64) -> Self {
        let pace = Pace::start(rx.device);
        Self {
            rx,
            total,
            received: 0,
            pace,
        }
    }

    /// Bytes that were not consumed.
    pub(crate) const fn left(&self) -> u64 {
        self.total - self.received
    }

    /// Whether the client sends it already.
    pub(crate) fn has_begun(&self) -> bool {
        !self.rx.arrived().is_empty()
    }

    /// Waits for the next bytes; none are left when it is empty.
    pub(crate) async fn chunk(&mut self) -> Result<&[u8], Refusal> {
        if self.left() == 0 {
            return Ok(&[]);
        }
        if self.rx.arrived().is_empty() {
            (self.rx.start, self.rx.end) = (0, 0);
            let device = self.rx.device;
            let stalled = device.now_ms() + device.limits().body_stall_ms;
            let too_slow = self.pace.deadline_ms(device, self.received);
            match self.rx.read(stalled.min(too_slow)).await {
                Ok(()) => {}
                Err(Dry::TimedOut) if too_slow < stalled => {
                    let min_rate = device.limits().min_rate;
                    return Err(Refusal::TooSlow { min_rate });
                }
                Err(Dry::TimedOut) => return Err(Refusal::Stalled),
                Err(Dry::Gone) => {
                    let Self {
                        received, total, ..
                    } = *self;
                    return Err(Refusal::EndedEarly { received, total });
                }
            }
        }
        let left = usize::try_from(self.left()).unwrap_or(usize::MAX);
        let arrived = self.rx.arrived();
        Ok(&arrived[..arrived.len().min(left)])
    }

    /// Whether the client does not wait for an answer any more, once the whole body was consumed.
    pub(crate) async fn is_abandoned(&mut self) -> bool {
        self.left() == 0 && self.rx.is_closed().await
    }

    /// Is done with `n` bytes of the last chunk.
    pub(crate) fn consume(&mut self, n: usize) {
        self.rx.consume(n);
        self.received += n as u64;
    }
}
