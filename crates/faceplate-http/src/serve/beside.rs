//! One request that came to another server, for who stays with a server of their own.
//!
//! That server waits for a request and decides whose it is ([`is_faceplates`] knows what must come
//! here; the files are what is nobody else's). What is not its own it hands to [`serve_request`], with
//! what it has read and both streams of the connection, and goes on when that is done:
//!
//! ```
//! # use embedded_io_async::{Read, Write};
//! use faceplate_http::beside::{Handed, Next, serve_request};
//! use faceplate_http::{App, ConnectionBuffers, Device};
//!
//! /// Whether the connection may go on; `ahead` begins with the head of the request, and then has
//! /// what came behind it.
//! async fn hand_over(
//!     device: &impl Device,
//!     app: &impl App,
//!     ahead: &mut Vec<u8>,
//!     reader: &mut impl Read,
//!     writer: &mut impl Write,
//!     buffers: &mut ConnectionBuffers,
//! ) -> bool {
//!     let handed = Handed { bytes: ahead.as_slice(), may_go_on: true };
//!     match serve_request(device, app, handed, reader, writer, buffers).await {
//!         Next::GoOn { used, read } => {
//!             ahead.drain(..used);
//!             ahead.extend_from_slice(read);
//!             true
//!         }
//!         Next::Close => false,
//!     }
//! }
//! ```
//!
//! A server that has taken the head apart, and kept nothing of it, writes it again with
//! [`HeadWriter`].
//!
//! What the other server answers itself is open to everybody, also where the device has a password, unless it
//! asks [`check_password`] first.
//!
//! All guards and limits hold for what is handed over, as in [`serve`](crate::serve), but two: how many
//! requests a connection may bring, and for how long, is for who owns it to say. A device serves as
//! many connections beside each other as there are calls; each has its own buffers.

mod own;
mod writer;

use embedded_io_async::{ErrorType, Read, Write};

pub use self::{
    own::{check_password, needs_password},
    writer::{HEADERS, HeadWriter},
};
use super::{After, ConnectionBuffers, Turn, request};
pub use crate::whose::is_faceplates;
use crate::{
    App, Device,
    http::{
        head::HeadError,
        rx::Rx,
        tx::{Framing, Tx},
    },
    problem::Refusal,
};

/// A request, as far as the other server has read it.
#[derive(Debug, Clone, Copy)]
pub struct Handed<'h> {
    /// What was read of the connection from the request's first byte on, as it came: the head, and what
    /// was read beyond it. It may be longer than a head may be; and if it ends within the head, the rest
    /// is waited for.
    pub bytes: &'h [u8],
    /// Whether the other server would take another request on the connection after this one. Else the
    /// answer says that it is the last.
    pub may_go_on: bool,
}

/// What comes after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a connection that must be closed is of no use for another request"]
pub enum Next<'b> {
    /// The request was answered, and the connection may go on.
    ///
    /// The next request begins with what is left of [`Handed::bytes`] behind the first `used`, and goes
    /// on with `read`, which was read beyond this one. Nothing may be lost of that: a server that cannot
    /// take it back closes the connection where there is any.
    GoOn {
        /// So many of the bytes that were handed over belong to this request.
        used: usize,
        /// What was read from the connection and belongs to the next one; mostly nothing.
        read: &'b [u8],
    },
    /// The connection must be closed: it was the last request, or nobody can say where it ends, or the
    /// client is gone. What the client still sent was thrown away, within limits, so that it sees the
    /// answer.
    Close,
}

/// Answers one request that came to another server; `app` is what the firmware adds to Faceplate's
/// own, or `()`.
///
/// `reader` goes on where [`Handed::bytes`] end, and both streams are those of the connection itself: a
/// reader that gives 0 says that the client has gone, which ends an upload. One that has nothing beyond
/// the request waits.
///
/// Dropping the future drops what it was doing; an upload is then aborted.
pub async fn serve_request<'b, D: Device, A: App, R: Read, W: Write>(
    device: &D,
    app: &A,
    handed: Handed<'_>,
    reader: R,
    mut writer: W,
    buffers: &'b mut ConnectionBuffers,
) -> Next<'b> {
    let total = handed.bytes.len();
    let ahead = Ahead {
        bytes: handed.bytes,
        reader,
        read: 0,
    };
    let mut rx = Rx::new(device, ahead, &mut buffers.0);
    let turn = Turn {
        idle_ms: device.limits().idle_ms,
        more: handed.may_go_on.into(),
        until_ms: u64::MAX,
    };
    match request(device, app, &mut rx, &mut writer, &turn).await {
        Ok(After::Next) => {}
        Ok(After::Close { left }) => {
            rx.drain(left).await;
            return Next::Close;
        }
        Err(_) => return Next::Close,
    }
    let (ahead, _, at) = rx.into_parts();
    let left = &buffers.0[at];
    // Bytes come in order: nothing was read while there were bytes that had been handed over.
    let read = left.len().min(ahead.read);
    let of_handed = left.len() - read;
    Next::GoOn {
        used: total - ahead.bytes.len() - of_handed,
        read: &left[of_handed..],
    }
}

/// Why the other server does not take a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its head did not come in time (408): the server has waited for it as long as
    /// [`Limits::head_ms`](crate::Limits::head_ms).
    Late,
    /// Its body comes in chunks, of which the server knows nothing (411).
    Chunks,
    /// Its body is longer than the server can count (413).
    TooLong {
        /// The most that it can, bytes.
        max: u64,
    },
    /// Its head cannot be written again ([`HeadWriter`]).
    Head(HeadError),
}

/// Refuses a request of the other server's, as one of Faceplate's would be. Then the connection must be
/// closed.
pub async fn refuse<D: Device, W: Write>(
    device: &D,
    refused: Refused,
    mut writer: W,
    buffers: &mut ConnectionBuffers,
) {
    let mut framing = Framing::UNKNOWN;
    let mut tx = Tx::new(device, &mut writer, &mut buffers.0, &mut framing);
    let refusal = match refused {
        Refused::Late => Refusal::Stalled,
        Refused::Chunks => Refusal::LengthRequired,
        Refused::TooLong { max } => Refusal::BodyTooLong { max },
        Refused::Head(error) => Refusal::Head(error),
    };
    // Who is gone does not hear it.
    let _told = tx.refuse(&refusal).await;
}

/// A way in that begins with what was read before.
struct Ahead<'h, R> {
    bytes: &'h [u8],
    reader: R,
    /// So many bytes came from the reader.
    read: usize,
}

impl<R: ErrorType> ErrorType for Ahead<'_, R> {
    type Error = R::Error;
}

impl<R: Read> Read for Ahead<'_, R> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, R::Error> {
        if self.bytes.is_empty() {
            let n = self.reader.read(buf).await?;
            self.read = self.read.saturating_add(n);
            return Ok(n);
        }
        let (now, later) = self.bytes.split_at(self.bytes.len().min(buf.len()));
        buf[..now.len()].copy_from_slice(now);
        self.bytes = later;
        Ok(now.len())
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use std::{string::String, vec, vec::Vec};

    use embassy_futures::block_on;

    use super::*;
    use crate::{
        fake::{FakeDevice, Pieces},
        limits::RECEIVE_BUFFER,
    };

    /// What comes after a request whose first bytes are `bytes`: how many of them it used and what was
    /// read beyond it, or `None` for the end; and the answer.
    fn hand_over(
        bytes: &[u8],
        reader: &mut Pieces<'_>,
        may_go_on: bool,
    ) -> (Option<(usize, Vec<u8>)>, String) {
        let device = FakeDevice::new();
        let mut buffers = ConnectionBuffers::new();
        let mut answer = [0; 4096];
        let mut free = &mut answer[..];
        let handed = Handed { bytes, may_go_on };
        let next = serve_request(&device, &(), handed, reader, &mut free, &mut buffers);
        let next = match block_on(next) {
            Next::GoOn { used, read } => Some((used, read.to_vec())),
            Next::Close => None,
        };
        let len = 4096 - free.len();
        (next, String::from_utf8(answer[..len].to_vec()).unwrap())
    }

    fn pieces<'p>(taken: &'p Cell<usize>, pieces: &[&'p [u8]]) -> Pieces<'p> {
        Pieces {
            pieces: pieces
                .iter()
                .filter(|one| !one.is_empty())
                .copied()
                .collect(),
            taken,
        }
    }

    const STATUS: &str = "GET /api/ota/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const CONFIRM: &str = "POST /api/ota/confirm HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    const LAST: &str = "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    #[test]
    fn nothing_is_lost_however_the_requests_come_in_pieces() {
        let stream = [CONFIRM, STATUS, STATUS, LAST].concat();
        let stream = stream.as_bytes();
        for first in 0..=stream.len() {
            for second in [first, (first + 7).min(stream.len()), stream.len()] {
                let taken = Cell::new(0);
                let rest = [&stream[first..second], &stream[second..]];
                let mut reader = pieces(&taken, &rest);
                let mut ahead = stream[..first].to_vec();
                let mut statuses = Vec::new();
                loop {
                    let (next, answer) = hand_over(&ahead, &mut reader, true);
                    statuses.push(answer[9..12].parse::<u16>().unwrap());
                    let Some((used, read)) = next else { break };
                    ahead.drain(..used);
                    ahead.extend_from_slice(&read);
                }
                // There is nothing to confirm, and no frontend.
                assert_eq!(statuses, [409, 200, 200, 503], "{first} {second}");
            }
        }
    }

    #[test]
    fn what_is_longer_than_the_buffer_is_given_back() {
        let taken = Cell::new(0);
        let next = vec![b'x'; 3 * RECEIVE_BUFFER];
        let bytes = [STATUS.as_bytes(), &next].concat();
        let (after, _) = hand_over(&bytes, &mut pieces(&taken, &[b"more"]), true);
        assert_eq!(after, Some((STATUS.len(), Vec::new())));
        assert_eq!(taken.get(), 0);
    }

    #[test]
    fn the_last_request_says_so() {
        let taken = Cell::new(0);
        let (next, answer) = hand_over(STATUS.as_bytes(), &mut pieces(&taken, &[]), false);
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        assert_eq!(next, None);
    }

    #[test]
    fn a_head_that_is_too_long_is_refused() {
        let head = std::format!(
            "{}X: {}\r\n\r\n",
            &STATUS[..STATUS.len() - 2],
            "x".repeat(RECEIVE_BUFFER)
        );
        let bytes = head.as_bytes();
        for first in [0, 1, STATUS.len(), RECEIVE_BUFFER, bytes.len()] {
            let taken = Cell::new(0);
            let mut reader = pieces(&taken, &[&bytes[first..]]);
            let (next, answer) = hand_over(&bytes[..first], &mut reader, true);
            assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
            assert_eq!(next, None);
            // Thrown away, so that the client sees the answer.
            assert_eq!(taken.get(), bytes.len() - first);
        }
    }

    #[test]
    fn a_client_that_sends_nothing_is_let_go() {
        let taken = Cell::new(0);
        let (next, answer) = hand_over(b"", &mut pieces(&taken, &[]), true);
        assert_eq!((next, &*answer), (None, ""));
        let (next, answer) = hand_over(&STATUS.as_bytes()[..9], &mut pieces(&taken, &[]), true);
        assert_eq!(next, None);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}
