//! The way out: one buffer, sent when it is full and at the end of a response.

use core::fmt;

use embedded_io_async::Write;

use super::{
    clean::Clean,
    time::{Pace, before},
};
use crate::{
    Device,
    problem::{Denied, Gone, ProblemJson, Refusal, reason},
};

/// A header of a response.
pub(crate) type Header<'a> = (&'a str, &'a dyn fmt::Display);

/// Headers of an answer that is true only now.
pub(crate) const JSON: [Header<'_>; 2] = [
    ("Content-Type", &"application/json"),
    ("Cache-Control", &"no-store"),
];

/// In the place of a header that is not sent.
pub(crate) const NONE: Header<'static> = ("", &"");

/// How the answers of one request are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    /// The request was HEAD: no body, but the headers of one.
    pub(crate) head_only: bool,
    /// No other request will be answered on this connection.
    pub(crate) close: bool,
}

impl Framing {
    /// As long as nobody knows where the request ends.
    pub(crate) const UNKNOWN: Self = Self {
        head_only: false,
        close: true,
    };
}

/// The sending half of a connection, for the answer to one request.
pub(crate) struct Tx<'a, D, W> {
    device: &'a D,
    writer: W,
    buf: &'a mut [u8],
    len: usize,
    sent: u64,
    pace: Pace,
    framing: &'a mut Framing,
}

impl<'a, D: Device, W: Write> Tx<'a, D, W> {
    /// The way out for the answer to one request; `buf` is what it is put together in.
    pub(crate) fn new(
        device: &'a D,
        writer: W,
        buf: &'a mut [u8],
        framing: &'a mut Framing,
    ) -> Self {
        let pace = Pace::start(device);
        Self {
            device,
            writer,
            buf,
            len: 0,
            sent: 0,
            pace,
            framing,
        }
    }

    /// No other request will be answered on this connection.
    pub(crate) fn close(&mut self) {
        self.framing.close = true;
    }

    /// The request was read to its end: another may follow.
    pub(crate) fn keep_open(&mut self) {
        self.framing.close = false;
    }

    /// How the answer is framed.
    pub(crate) const fn framing(&self) -> Framing {
        *self.framing
    }

    /// The buffer, for other uses before anything is written.
    pub(crate) fn scratch(&mut self) -> &mut [u8] {
        self.buf
    }

    /// Lets a client that waits for it send its body.
    pub(crate) async fn proceed(&mut self) -> Result<(), Gone> {
        self.push(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        self.flush().await
    }

    /// What comes now has all the time that a response may take.
    pub(crate) fn restart_pace(&mut self) {
        self.pace = Pace::start(self.device);
        self.sent = 0;
    }

    /// Writes the status line and the headers. `length` is that of the body, `None` where a body
    /// cannot be, or has another framing.
    pub(crate) async fn head(
        &mut self,
        status: u16,
        headers: &[Header<'_>],
        length: Option<u64>,
    ) -> Result<(), Gone> {
        // Not before: an upload may have taken its time.
        self.restart_pace();
        let head = HeadText {
            status,
            headers,
            length,
            close: self.framing.close,
        };
        let write = |out: &mut dyn fmt::Write| write!(out, "{head}");
        self.formatted(Self::count(write)?, write).await
    }

    /// A whole response of text.
    pub(crate) async fn text(
        &mut self,
        status: u16,
        headers: &[Header<'_>],
        text: &impl fmt::Display,
    ) -> Result<(), Gone> {
        let write = |out: &mut dyn fmt::Write| write!(out, "{text}");
        let length = Self::count(write)?;
        self.head(status, headers, Some(length as u64)).await?;
        if !self.framing.head_only {
            self.formatted(length, write).await?;
        }
        self.flush().await
    }

    /// A whole response that refuses.
    pub(crate) async fn refuse(&mut self, refusal: &Refusal) -> Result<(), Gone> {
        if let Some(attempt) = refusal.attempt() {
            let now_ms = self.device.now_ms();
            self.device.engine().note_refused(attempt, now_ms);
        }
        let media_type: Header<'_> = ("Content-Type", &"application/problem+json");
        let no_store: Header<'_> = ("Cache-Control", &"no-store");
        let name = self.device.info().name;
        let body = ProblemJson { refusal, name };
        let size = match refusal {
            Refusal::Range { size } => *size,
            _ => 0,
        };
        let star = format_args!("bytes */{size}");
        let more: Header<'_> = match refusal {
            Refusal::Method { allow } => ("Allow", allow),
            Refusal::Range { .. } => ("Content-Range", &star),
            Refusal::Compressed => ("Vary", &"Accept-Encoding"),
            Refusal::Denied(Denied::Unauthorized { challenge }) => ("WWW-Authenticate", challenge),
            Refusal::Locked(locked) => locked.header(),
            Refusal::TooManyLive => ("Retry-After", &"5"),
            // RFC 6455, 4.2.2, and RFC 9110, 15.5.22.
            Refusal::NoWebSocket => ("Upgrade", &"websocket"),
            _ => NONE,
        };
        let version = match refusal {
            Refusal::NoWebSocket => ("Sec-WebSocket-Version", &"13" as _),
            _ => NONE,
        };
        let headers = [media_type, no_store, more, version];
        self.text(refusal.status(), &headers, &body).await
    }

    /// Bytes of a text.
    pub(crate) fn count(write: impl Fn(&mut dyn fmt::Write) -> fmt::Result) -> Result<usize, Gone> {
        let mut count = Window {
            skip: usize::MAX,
            out: &mut [],
            len: 0,
            seen: 0,
        };
        write(&mut count).map_err(|_| Gone)?;
        Ok(count.seen)
    }

    /// Writes text of `len` bytes, however many: it is formatted again for each buffer that it fills, which
    /// must give the same text. Of a text that has become another no more is sent than was promised, and
    /// when it is shorter the connection is of no more use.
    pub(crate) async fn formatted(
        &mut self,
        len: usize,
        write: impl Fn(&mut dyn fmt::Write) -> fmt::Result,
    ) -> Result<(), Gone> {
        let mut done = 0;
        while done < len {
            let room = self.space().await?;
            let room = room.len().min(len - done);
            let mut window = Window {
                skip: done,
                out: &mut self.buf[self.len..self.len + room],
                len: 0,
                seen: 0,
            };
            // It ends early when the window is full.
            let _full = write(&mut window);
            if window.len < room {
                return Err(Gone);
            }
            self.len += room;
            done += room;
        }
        Ok(())
    }

    /// Writes bytes.
    pub(crate) async fn push(&mut self, mut bytes: &[u8]) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let free = self.space().await?;
            let (now, rest) = bytes.split_at(bytes.len().min(free.len()));
            free[..now.len()].copy_from_slice(now);
            self.filled(now.len());
            bytes = rest;
        }
        Ok(())
    }

    /// Room in the buffer, at least one byte; what is put there counts after [`Self::filled`].
    pub(crate) async fn space(&mut self) -> Result<&mut [u8], Gone> {
        if self.len == self.buf.len() {
            self.send().await?;
        }
        Ok(&mut self.buf[self.len..])
    }

    /// The first `n` bytes of the room are to be sent.
    pub(crate) fn filled(&mut self, n: usize) {
        self.len = self.buf.len().min(self.len + n);
    }

    /// Sends what is in the buffer.
    pub(crate) async fn send(&mut self) -> Result<(), Gone> {
        let mut at = 0;
        while at < self.len {
            let deadline = self.deadline_ms();
            match before(
                self.device,
                deadline,
                self.writer.write(&self.buf[at..self.len]),
            )
            .await
            {
                Ok(Ok(n)) if n > 0 => {
                    at += n;
                    self.sent += n as u64;
                }
                _ => {
                    // What is left must not be sent behind something else.
                    self.len = 0;
                    return Err(Gone);
                }
            }
        }
        self.len = 0;
        Ok(())
    }

    /// Sends what is in the buffer, and waits until the network has it.
    pub(crate) async fn flush(&mut self) -> Result<(), Gone> {
        self.send().await?;
        let deadline = self.deadline_ms();
        match before(self.device, deadline, self.writer.flush()).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    fn deadline_ms(&self) -> u64 {
        let stalled = self.device.now_ms() + self.device.limits().write_stall_ms;
        stalled.min(self.pace.deadline_ms(self.device, self.sent))
    }
}

/// The status line and the headers of a response.
struct HeadText<'a> {
    status: u16,
    headers: &'a [Header<'a>],
    length: Option<u64>,
    close: bool,
}

impl fmt::Display for HeadText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status;
        write!(f, "HTTP/1.1 {status} {}\r\n", reason(status))?;
        let sent = self.headers.iter().filter(|(name, _)| !name.is_empty());
        for (name, value) in sent {
            write!(f, "{name}: {}\r\n", Clean(value))?;
        }
        if let Some(length) = self.length {
            write!(f, "Content-Length: {length}\r\n")?;
        }
        if self.close {
            f.write_str("Connection: close\r\n")?;
        }
        f.write_str("X-Content-Type-Options: nosniff\r\n\r\n")
    }
}

/// Keeps the part of a text that begins after `skip` bytes and fits into `out`.
struct Window<'o> {
    skip: usize,
    out: &'o mut [u8],
    len: usize,
    seen: usize,
}

impl fmt::Write for Window<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let skipped = self.skip.saturating_sub(self.seen).min(s.len());
        self.seen += s.len();
        let wanted = &s.as_bytes()[skipped..];
        let free = &mut self.out[self.len..];
        let n = wanted.len().min(free.len());
        free[..n].copy_from_slice(&wanted[..n]);
        self.len += n;
        match wanted.len() > n && !self.out.is_empty() {
            // What comes behind it is for another window.
            true => Err(fmt::Error),
            false => Ok(()),
        }
    }
}
