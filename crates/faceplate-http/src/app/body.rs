//! The body of a request, as a stream that is bounded in length and in time.

use super::{Connection, state::State};
use crate::{
    http::{
        digest::content_digest,
        head::Head,
        rx::{self, Rx, compare},
        time::Pace,
    },
    password::over,
    problem::{Failed, Refusal},
};

/// What a client sends. Its length is known, and was found to be no more than
/// [`Limits::body_max`](crate::Limits::body_max); a client that stalls or dawdles gets 408.
pub struct Body<'r, C: Connection> {
    rx: Rx<'r, C::Device, &'r mut C::Reader>,
    total: u64,
    pace: Pace,
    /// That of its request.
    head: &'r [u8],
    state: &'r State,
}

/// Longest text with escapes in JSON, bytes; on the stack, while it is read.
#[cfg(feature = "json")]
const UNESCAPED_MAX: usize = 512;

impl<'r, C: Connection> Body<'r, C> {
    pub(crate) fn new(
        rx: Rx<'r, C::Device, &'r mut C::Reader>,
        total: u64,
        pace: Pace,
        head: &'r [u8],
        state: &'r State,
    ) -> Self {
        Self {
            rx,
            total,
            pace,
            head,
            state,
        }
    }

    /// Bytes of the whole body.
    pub const fn len(&self) -> u64 {
        self.total
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Reads on; 0 at the end. What comes is not compared with the request's `Content-Digest`, as it is used before
    /// it is all there.
    ///
    /// # Errors
    /// When the client stalls, is too slow or goes away, or the device's password is another one since the request.
    pub async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Failed> {
        let left = self.state.left.get();
        let mut body = rx::Body::resume(&mut self.rx, self.total, self.total - left, self.pace);
        let chunk = body.chunk().await?;
        if self.state.over.get() {
            return Err(over().into());
        }
        let n = chunk.len().min(buf.len());
        buf[..n].copy_from_slice(&chunk[..n]);
        body.consume(n);
        self.state.left.set(body.left());
        self.state.set_arrived(self.rx.place());
        Ok(n)
    }

    /// All of it, at most what the connection's buffer has room for: 512 bytes always, more where the
    /// head is short (a browser's leaves some 1 KiB). It has the SHA-256 that its `Content-Digest` says, if nothing
    /// of it was read before.
    ///
    /// # Errors
    /// 413 where it is longer, 400 `digest-mismatch` where it is other than the client says; and as [`Self::read`].
    pub async fn all(self) -> Result<&'r [u8], Failed> {
        let Self {
            mut rx,
            total,
            pace,
            head,
            state,
        } = self;
        let left = state.left.get();
        let want = usize::try_from(left).unwrap_or(usize::MAX);
        if rx.room() < want {
            rx.move_to_front();
        }
        let max = rx.room();
        if want > max {
            return Err(Refusal::JsonTooLong { max }.into());
        }
        let received = total - left;
        while rx.arrived().len() < want {
            rx.more(pace, received, total).await?;
        }
        if state.over.get() {
            return Err(over().into());
        }
        let device = rx.device();
        let (_, buf, at) = rx.into_parts();
        state.left.set(0);
        state.set_arrived(at.start + want..at.end);
        let bytes = &buf[at.start..at.start + want];
        if left == total {
            let digest = content_digest(&Head::parse(head).map_err(Refusal::Head)?);
            compare(device, bytes, digest.map_err(Refusal::from)?)?;
        }
        Ok(bytes)
    }

    /// The value that it is in JSON, whatever its media type. A text with escapes (`"a\"b"`) has no place to be
    /// lent from: it fits `heapless::String`, not `&str`; and it may be of 512 bytes.
    ///
    /// # Errors
    /// 400 `bad-body` where it is not such a value, and as [`Self::all`].
    #[cfg(feature = "json")]
    pub async fn json<T: serde::Deserialize<'r>>(self) -> Result<T, Failed> {
        let bytes = self.all().await?;
        match serde_json_core::from_slice_escaped(bytes, &mut [0; UNESCAPED_MAX]) {
            Ok((value, _)) => Ok(value),
            Err(_) => Err(Refusal::Body("the body is not the JSON that is wanted here").into()),
        }
    }

    pub(crate) fn into_rx(self) -> Rx<'r, C::Device, &'r mut C::Reader> {
        self.rx
    }
}
