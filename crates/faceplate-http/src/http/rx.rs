//! The way in: heads and bodies, from one buffer that keeps what comes too early.
//!
//! The buffer has room at its end, for what is sent: see [`Rx::and_out`].

use embedded_io_async::Read;
use faceplate::update::UploadError;

use super::{
    head::{HeadError, find_end},
    time::{Pace, before},
};
use crate::{
    Device,
    limits::{OUT_MIN, PATH_WITH_BODY_MAX, RECEIVE_BUFFER},
    problem::{Failed, Gone, Refusal},
};

/// Bytes that must be left behind the head for the body of a request, or the frames of a WebSocket.
const ROOM_MIN: usize = 512;

/// Bytes that are read before it is known where a head ends: most are shorter.
const AHEAD: usize = 1024;

/// Of a longer head so many are read at once.
const STEP: usize = 64;

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
    /// Where what arrives must end.
    room: usize,
}

/// What a request whose head is still wanted has of its connection; see [`Rx::behind`].
pub(crate) struct Behind<'r, D, R> {
    pub(crate) head: &'r [u8],
    pub(crate) path: &'r mut [u8],
    pub(crate) rx: Rx<'r, D, &'r mut R>,
    pub(crate) out: &'r mut [u8],
}

impl<'a, D: Device, R: Read> Rx<'a, D, R> {
    pub(crate) fn new(device: &'a D, reader: R, buf: &'a mut [u8]) -> Self {
        let room = buf.len().min(RECEIVE_BUFFER);
        Self {
            device,
            reader,
            buf,
            start: 0,
            end: 0,
            room,
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

    /// Makes room behind what has arrived.
    pub(crate) fn move_to_front(&mut self) {
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
    }

    /// Waits for a whole head and returns its length; its bytes are the first that
    /// [`Self::arrived`] has. It must begin within `idle_ms`.
    pub(crate) async fn head(&mut self, idle_ms: u64) -> Result<usize, Failed> {
        self.move_to_front();
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
            if self.end == self.room {
                let line_ends = self.arrived().contains(&b'\n');
                let error = if line_ends {
                    HeadError::TooLong
                } else {
                    HeadError::TargetTooLong
                };
                return Err(Refusal::Head(error).into());
            }
            match self.read(deadline, self.most(self.end)).await {
                Ok(()) if !begun => {
                    begun = true;
                    deadline = self.device.now_ms() + limits.head_ms;
                }
                Ok(()) => {}
                Err(Dry::TimedOut) if begun => return Err(Refusal::Stalled.into()),
                // An idle connection ends without a word.
                Err(_) => return Err(Gone.into()),
            }
        }
    }

    /// Where what has arrived ends at the furthest, while a head of `len` bytes is looked at. The room behind
    /// that is the same however much of the next requests has come along.
    fn most(&self, len: usize) -> usize {
        AHEAD.max(len + STEP).min(self.room)
    }

    /// The head of `len` bytes, with room to decode its path into.
    pub(crate) fn with_scratch(&mut self, len: usize) -> (&[u8], &mut [u8]) {
        let most = self.most(len);
        debug_assert!(self.start == 0 && self.end <= most, "read too far");
        let (arrived, scratch) = self.buf.split_at_mut(most);
        (&arrived[..len], scratch)
    }

    /// The head of `len` bytes, with all that is free for an answer: for requests of which nothing more
    /// comes.
    pub(crate) fn lend(&mut self, len: usize) -> (&[u8], &mut [u8]) {
        let (arrived, out) = self.buf.split_at_mut(self.end);
        (&arrived[self.start..self.start + len], out)
    }

    /// The way in, apart from room for an answer.
    pub(crate) fn and_out(&mut self) -> (Rx<'_, D, &mut R>, &mut [u8]) {
        let (buf, out) = self.buf.split_at_mut(self.room);
        let inner = Rx {
            device: self.device,
            reader: &mut self.reader,
            room: buf.len(),
            buf,
            start: self.start,
            end: self.end,
        };
        (inner, out)
    }

    /// The head of `len` bytes, room to decode a path into `path` bytes, a way in for what comes behind it, and
    /// room for an answer: as much as there is, if no more comes of the request.
    ///
    /// # Errors
    /// When there is too little room, whatever has arrived behind the head.
    pub(crate) fn behind(
        &mut self,
        len: usize,
        path: usize,
        more_comes: bool,
    ) -> Result<Behind<'_, D, R>, HeadError> {
        let arrived = self.end - self.start - len;
        let end = match more_comes {
            true if len + ROOM_MIN > self.room => return Err(HeadError::TooLong),
            true if path > PATH_WITH_BODY_MAX => return Err(HeadError::TargetTooLong),
            true => self.room,
            false if self.most(len) + 1 + path + OUT_MIN > self.buf.len() => {
                return Err(HeadError::TooLong);
            }
            // Nothing is expected, but it would have to be seen.
            false => self.end + 1,
        };
        let (buf, out) = self.buf.split_at_mut(end);
        let (path, out) = out.split_at_mut(path);
        let (head, buf) = buf[self.start..].split_at_mut(len);
        let rx = Rx {
            device: self.device,
            reader: &mut self.reader,
            room: buf.len(),
            buf,
            start: 0,
            end: arrived,
        };
        Ok(Behind {
            head,
            path,
            rx,
            out,
        })
    }

    /// Goes on after a request whose way in began `from` bytes into what had arrived, and has bytes of the
    /// next one in `left`.
    pub(crate) fn go_on(&mut self, from: usize, left: core::ops::Range<usize>) {
        let from = self.start + from;
        (self.start, self.end) = (from + left.start, from + left.end);
        // The byte that would have to be seen is read by live answers alone, which keep none.
        debug_assert!(self.end <= self.room, "read into the room for an answer");
    }

    /// Goes on after a request whose way in was [`Self::and_out`].
    pub(crate) fn take_back(&mut self, left: core::ops::Range<usize>) {
        (self.start, self.end) = (left.start, left.end);
    }

    /// Bytes that have room in the buffer from what was not consumed on.
    pub(crate) const fn room(&self) -> usize {
        self.room - self.start
    }

    /// Waits for more of a body behind what has arrived of it; `received` bytes of its `total` were
    /// consumed.
    pub(crate) async fn more(
        &mut self,
        pace: Pace,
        received: u64,
        total: u64,
    ) -> Result<(), Refusal> {
        let device = self.device;
        let received = received + self.arrived().len() as u64;
        // Nothing of the next request, which would take room from its own head.
        let left = usize::try_from(total - received).unwrap_or(usize::MAX);
        let to = self.room.min(self.end.saturating_add(left));
        let stalled = device.now_ms() + device.limits().body_stall_ms;
        let too_slow = pace.deadline_ms(device, received);
        match self.read(stalled.min(too_slow), to).await {
            Ok(()) => Ok(()),
            Err(Dry::TimedOut) if too_slow < stalled => Err(Refusal::TooSlow {
                min_rate: device.limits().min_rate,
            }),
            Err(Dry::TimedOut) => Err(Refusal::Stalled),
            Err(Dry::Gone) => Err(Refusal::EndedEarly { received, total }),
        }
    }

    /// Where in its buffer lies what has arrived and was not consumed.
    pub(crate) const fn place(&self) -> core::ops::Range<usize> {
        self.start..self.end
    }

    pub(crate) const fn device(&self) -> &'a D {
        self.device
    }

    /// The parts of it: reader, buffer, and where in that lies what has arrived. For who has all of the
    /// buffer.
    pub(crate) fn into_parts(self) -> (R, &'a mut [u8], core::ops::Range<usize>) {
        (self.reader, self.buf, self.start..self.end)
    }

    /// Reads until what has arrived ends at `to` at the furthest.
    async fn read(&mut self, deadline_ms: u64, to: usize) -> Result<(), Dry> {
        let read = self.reader.read(&mut self.buf[self.end..to]);
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
        matches!(self.read(deadline, self.room).await, Err(Dry::Gone))
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
            if budget == 0 || now >= end || self.read(deadline, self.room).await.is_err() {
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
    digest: Option<[u8; 32]>,
}

impl<'r, 'a, D: Device, R: Read> Body<'r, 'a, D, R> {
    /// The `total` bytes that come next, whose SHA-256 is `digest`, if the client says so.
    pub(crate) fn new(rx: &'r mut Rx<'a, D, R>, total: u64, digest: Option<[u8; 32]>) -> Self {
        let pace = Pace::start(rx.device);
        Self {
            digest,
            ..Self::resume(rx, total, 0, pace)
        }
    }

    /// A body of which `received` bytes were consumed, since `pace` began.
    pub(crate) const fn resume(
        rx: &'r mut Rx<'a, D, R>,
        total: u64,
        received: u64,
        pace: Pace,
    ) -> Self {
        Self {
            rx,
            total,
            received,
            pace,
            digest: None,
        }
    }

    /// The SHA-256 that it must have.
    pub(crate) const fn digest(&self) -> Option<[u8; 32]> {
        self.digest
    }

    /// Bytes that were not consumed.
    pub(crate) const fn left(&self) -> u64 {
        self.total - self.received
    }

    /// Bytes of the whole body.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that were consumed.
    pub(crate) const fn received(&self) -> u64 {
        self.received
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
            self.rx.more(self.pace, self.received, self.total).await?;
        }
        let left = usize::try_from(self.left()).unwrap_or(usize::MAX);
        let arrived = self.rx.arrived();
        Ok(&arrived[..arrived.len().min(left)])
    }

    /// Waits for all of it, at most `max` bytes, and is done with it. It has the digest that the client says.
    pub(crate) async fn whole(&mut self, max: usize) -> Result<&[u8], Refusal> {
        let len = usize::try_from(self.left()).unwrap_or(usize::MAX);
        if len > max {
            return Err(Refusal::JsonTooLong { max });
        }
        if self.rx.room() < len {
            self.rx.move_to_front();
        }
        while self.rx.arrived().len() < len {
            self.rx.more(self.pace, self.received, self.total).await?;
        }
        let at = self.rx.start;
        self.consume(len);
        let bytes = &self.rx.buf[at..at + len];
        compare(self.rx.device, bytes, self.digest)?;
        Ok(bytes)
    }

    /// The device did what so many bytes more would have told it to do.
    pub(crate) fn earn(&mut self, bytes: u64) {
        self.pace.earn(self.rx.device, bytes);
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

/// Whether a body has the digest that its client says.
pub(crate) fn compare<D: Device>(
    device: &D,
    body: &[u8],
    digest: Option<[u8; 32]>,
) -> Result<(), Refusal> {
    match digest {
        Some(digest) if device.engine().sha256(body) != digest => {
            Err(Refusal::Upload(UploadError::Digest))
        }
        _ => Ok(()),
    }
}
