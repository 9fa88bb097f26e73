//! A connection as the HTTP app reads and writes it.

use alloc::{boxed::Box, vec::Vec};
use core::{fmt, future::poll_fn, task::Poll};

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

use super::port::{Broken, READ, Socket, WRITE};

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is broken")
    }
}

impl core::error::Error for Broken {}

impl embedded_io_async::Error for Broken {
    fn kind(&self) -> ErrorKind {
        ErrorKind::ConnectionReset
    }
}

/// Sends on a connection.
pub(super) struct Sender(pub(super) &'static Socket);

impl ErrorType for Sender {
    type Error = Broken;
}

impl Write for Sender {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Broken> {
        poll_fn(|_| {
            while self.0.can(WRITE) {
                if let Some(n) = self.0.send(buf)? {
                    return Poll::Ready(Ok(n));
                }
            }
            Poll::Pending
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        Ok(())
    }
}

/// Reads what comes on a connection: what was known of it before, then what is of it, and then its end.
///
/// One type for both kinds of connections: the HTTP app is compiled for each.
pub(super) struct Reader {
    socket: &'static Socket,
    /// What was known before: the head of a request, as it was written again, or what came behind the one
    /// before.
    ahead: Option<Box<[u8]>>,
    /// So much of that was read.
    at: usize,
    rest: Rest,
}

/// What comes then.
enum Rest {
    /// Whatever the client sends.
    All,
    /// So much of a body, which httpd gives; what comes behind it is httpd's.
    Body(u32),
    /// Nothing but the end of the connection.
    End,
    /// The end, which cannot be seen behind something else.
    Unseen,
}

impl Reader {
    /// All that comes.
    pub(super) fn all(socket: &'static Socket) -> Self {
        Self {
            socket,
            ahead: None,
            at: 0,
            rest: Rest::All,
        }
    }

    /// A request that httpd gave, with a body of so many bytes.
    pub(super) fn request(socket: &'static Socket, head: Box<[u8]>, body: u32) -> Self {
        Self {
            ahead: Some(head),
            rest: Rest::Body(body),
            ..Self::all(socket)
        }
    }

    /// Takes back what was read beyond a request; false where there is no memory for it.
    pub(super) fn take_back(&mut self, bytes: &[u8]) -> bool {
        let copy = copied(bytes);
        self.at = 0;
        self.ahead = copy;
        self.ahead.is_some()
    }

    /// Waits until there is something to read.
    pub(super) async fn ready(&self) {
        poll_fn(|_| match self.ahead.is_some() || self.socket.can(READ) {
            true => {
                self.socket.can_again(READ);
                Poll::Ready(())
            }
            false => Poll::Pending,
        })
        .await;
    }

    /// The next bytes of what was known before. Its memory is given back with the last.
    fn ahead(&mut self, buf: &mut [u8]) -> Option<usize> {
        let rest = self.ahead.as_ref()?.get(self.at..)?;
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        if n == rest.len() {
            self.ahead = None;
        }
        Some(n)
    }

    /// Bytes, if there are any now.
    fn now(&mut self, buf: &mut [u8]) -> Result<Option<usize>, Broken> {
        match &mut self.rest {
            Rest::All => self.socket.recv(buf),
            Rest::Body(0) => {
                self.rest = Rest::End;
                self.now(buf)
            }
            Rest::Body(left) => {
                let n = self.socket.body(buf)?;
                *left = left.saturating_sub(n.unwrap_or(0) as u32);
                Ok(n)
            }
            Rest::End => {
                let n = self.socket.peek()?;
                if n > Some(0) {
                    self.rest = Rest::Unseen;
                    return Ok(None);
                }
                Ok(n)
            }
            Rest::Unseen => Ok(None),
        }
    }
}

/// A copy on the heap, if there is memory for it.
pub(super) fn copied(bytes: &[u8]) -> Option<Box<[u8]>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).ok()?;
    copy.extend_from_slice(bytes);
    Some(copy.into_boxed_slice())
}

impl ErrorType for Reader {
    type Error = Broken;
}

impl Read for Reader {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Broken> {
        if let Some(n) = self.ahead(buf) {
            return Ok(n);
        }
        poll_fn(|_| {
            while !matches!(self.rest, Rest::Unseen) && self.socket.can(READ) {
                if let Some(n) = self.now(buf)? {
                    return Poll::Ready(Ok(n));
                }
            }
            Poll::Pending
        })
        .await
    }
}
