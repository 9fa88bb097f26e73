//! A connection as the HTTP app reads and writes it.

use alloc::boxed::Box;
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

/// Reads what comes on a connection of the port of its own.
pub(super) struct Connection(pub(super) &'static Socket);

impl ErrorType for Connection {
    type Error = Broken;
}

impl Read for Connection {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Broken> {
        when_ready(self.0, READ, || self.0.recv(buf)).await
    }
}

/// Sends on a connection.
pub(super) struct Sender(pub(super) &'static Socket);

impl ErrorType for Sender {
    type Error = Broken;
}

impl Write for Sender {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Broken> {
        when_ready(self.0, WRITE, || self.0.send(buf)).await
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        Ok(())
    }
}

/// Does something as soon as it need not be waited for.
async fn when_ready(
    socket: &Socket,
    what: u8,
    mut act: impl FnMut() -> Result<Option<usize>, Broken>,
) -> Result<usize, Broken> {
    poll_fn(|_| {
        loop {
            if !socket.can(what) {
                return Poll::Pending;
            }
            if let Some(n) = act()? {
                return Poll::Ready(Ok(n));
            }
        }
    })
    .await
}

/// Reads a request that httpd gave: its head, as it was written again, its body, and then the end of the
/// connection. What comes behind the request is httpd's.
pub(super) struct Handed {
    socket: &'static Socket,
    head: Option<Box<[u8]>>,
    /// So much of the head was read.
    at: usize,
    /// So much of the body was not.
    left: u32,
    /// Nobody knows where it ends: all that comes is read, as it is before the connection is closed.
    endless: bool,
    /// Something else has come behind it.
    beyond: bool,
}

impl Handed {
    /// `endless` where its body has no length.
    pub(super) fn new(socket: &'static Socket, head: Box<[u8]>, left: u32, endless: bool) -> Self {
        Self {
            socket,
            head: Some(head),
            at: 0,
            left,
            endless,
            beyond: false,
        }
    }

    /// The next bytes of the head. Its memory is given back with the last.
    fn head(&mut self, buf: &mut [u8]) -> Option<usize> {
        let rest = self.head.as_ref()?.get(self.at..)?;
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        if n == rest.len() {
            self.head = None;
        }
        Some(n)
    }

    /// Waits for the end of the connection, which cannot be seen behind anything else.
    async fn end(&mut self) -> Result<usize, Broken> {
        poll_fn(|_| {
            while !self.beyond && self.socket.can(READ) {
                match self.socket.peek()? {
                    Some(0) => return Poll::Ready(Ok(0)),
                    Some(_) => self.beyond = true,
                    None => {}
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl ErrorType for Handed {
    type Error = Broken;
}

impl Read for Handed {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Broken> {
        if let Some(n) = self.head(buf) {
            return Ok(n);
        }
        if self.endless {
            return when_ready(self.socket, READ, || self.socket.recv(buf)).await;
        }
        if self.left == 0 {
            return self.end().await;
        }
        let n = when_ready(self.socket, READ, || self.socket.body(buf)).await?;
        self.left = self.left.saturating_sub(n as u32);
        Ok(n)
    }
}
