//! Who looks at each request first.

use core::{cell::Cell, future::poll_fn, task::Poll};

use embassy_futures::select::{Either, select};
use embedded_io_async::{ErrorType, Read};
use faceplate_http::{
    Device, Head,
    beside::Refused,
    head::{HeadError, find_end},
};

use crate::ending::Answer;

/// Whose the next request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Nobody's.
    Nobodys(Refused),
    Faceplates,
    Picoserves {
        /// Whether another one may follow.
        keep_alive: bool,
    },
}

/// The way in of a connection, with what was read before anybody asked for it.
pub(crate) struct Front<'b, R> {
    reader: R,
    buf: &'b mut [u8],
    len: usize,
    /// So many bytes are picoserve's.
    pass: u64,
}

impl<'b, R: Read> Front<'b, R> {
    pub(crate) fn new(reader: R, buf: &'b mut [u8]) -> Self {
        Self {
            reader,
            buf,
            len: 0,
            pass: 0,
        }
    }

    /// Waits for the head of a request, which must begin within `idle_ms`; `None` when none comes.
    pub(crate) async fn next<D: Device>(
        &mut self,
        device: &D,
        idle_ms: u64,
        is_own: fn(&str) -> bool,
    ) -> Option<Whose> {
        let head_ms = device.limits().head_ms;
        let mut begun = self.len > 0;
        let mut deadline = device.now_ms() + if begun { head_ms } else { idle_ms };
        loop {
            match self.sort(is_own) {
                Ok(Some(whose)) => return Some(whose),
                Ok(None) if self.len < self.buf.len() => {}
                // It says what is wrong.
                _ => return Some(Whose::Faceplates),
            }
            let left = deadline.saturating_sub(device.now_ms());
            let read = self.reader.read(&mut self.buf[self.len..]);
            match select(read, device.sleep_ms(left)).await {
                Either::First(Ok(n)) if n > 0 => self.len += n,
                Either::Second(()) if begun => return Some(Whose::Nobodys(Refused::Late)),
                _ => return None,
            }
            if !begun {
                begun = true;
                deadline = device.now_ms() + head_ms;
            }
        }
    }

    /// Whose the request is whose head has arrived; `None`: not all of it is there.
    fn sort(&mut self, is_own: fn(&str) -> bool) -> Result<Option<Whose>, HeadError> {
        // Empty lines before a request are none of it, for picoserve (RFC 9112, 2.2).
        while self.buf[..self.len].starts_with(b"\r\n") {
            self.consume(2);
        }
        let bytes = &self.buf[..self.len];
        let Some(len) = find_end(bytes)? else {
            return Ok(None);
        };
        let head = Head::parse(&bytes[..len])?;
        if !is_own(head.path) {
            return Ok(Some(Whose::Faceplates));
        }
        // It would take chunks for the next request.
        if head.transfer_encoding {
            return Ok(Some(Whose::Nobodys(Refused::Chunks)));
        }
        // It counts from the start of its buffer, and in `usize`.
        let body = head.content_length.unwrap_or(0);
        let max = (usize::MAX - self.buf.len()) as u64;
        if body > max {
            return Ok(Some(Whose::Nobodys(Refused::TooLong { max })));
        }
        // What follows an upgrade may be no HTTP.
        let upgrade = head.all("Upgrade").next().is_some();
        self.pass = match upgrade {
            true => u64::MAX,
            false => len as u64 + body,
        };
        Ok(Some(Whose::Picoserves {
            keep_alive: head.keep_alive && !upgrade,
        }))
    }

    /// What has arrived, and where the rest comes from.
    pub(crate) fn parts(&mut self) -> (&[u8], &mut R) {
        (&self.buf[..self.len], &mut self.reader)
    }

    /// Goes on behind the first `used` bytes of what had arrived, and with `read`, which is new; false
    /// where there is no room for it.
    pub(crate) fn go_on(&mut self, used: usize, read: &[u8]) -> bool {
        self.consume(used);
        let end = self.len + read.len();
        let Some(room) = self.buf.get_mut(self.len..end) else {
            return false;
        };
        room.copy_from_slice(read);
        self.len = end;
        true
    }

    /// Whether all that comes is picoserve's.
    const fn is_upgrade(&self) -> bool {
        self.pass == u64::MAX
    }

    /// Whether picoserve has taken all of its request.
    pub(crate) const fn is_passed(&self) -> bool {
        self.pass == 0
    }

    fn consume(&mut self, n: usize) {
        self.buf.copy_within(n..self.len, 0);
        self.len -= n;
    }
}

/// The way in as picoserve has it: of one request.
pub(crate) struct OneRequest<'f, 'b, R> {
    pub(crate) front: &'f mut Front<'b, R>,
    pub(crate) answer: &'f Cell<Answer>,
}

impl<R: ErrorType> ErrorType for OneRequest<'_, '_, R> {
    type Error = R::Error;
}

impl<R: Read> Read for OneRequest<'_, '_, R> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, R::Error> {
        let front = &mut *self.front;
        while !front.is_passed() {
            let n = front.pass_on(buf).await?;
            // What its handler left of a body would be taken for the next request.
            let is_left = self.answer.get() != Answer::None && !front.is_upgrade();
            if n == 0 || !is_left {
                return Ok(n);
            }
        }
        front.ended(self.answer).await
    }
}

impl<R: Read> Front<'_, R> {
    /// Gives bytes of picoserve's.
    async fn pass_on(&mut self, buf: &mut [u8]) -> Result<usize, R::Error> {
        let most = usize::try_from(self.pass).map_or(buf.len(), |pass| pass.min(buf.len()));
        let n = if self.len == 0 {
            self.reader.read(&mut buf[..most]).await?
        } else {
            let n = most.min(self.len);
            buf[..n].copy_from_slice(&self.buf[..n]);
            self.consume(n);
            n
        };
        if !self.is_upgrade() {
            self.pass -= n as u64;
        }
        Ok(n)
    }

    /// Waits for the end of the connection, as who answers for long does: 0 then. What comes meanwhile
    /// is for the next request. Where there is no room for more, it waits in the connection, or is thrown
    /// away if no request may follow: the end would not be seen behind it.
    async fn ended(&mut self, answer: &Cell<Answer>) -> Result<usize, R::Error> {
        while self.len < self.buf.len() {
            match self.reader.read(&mut self.buf[self.len..]).await? {
                0 => return Ok(0),
                n => self.len += n,
            }
        }
        poll_fn(|_| match answer.get() {
            Answer::Last => Poll::Ready(()),
            Answer::None | Answer::Begun => Poll::Pending,
        })
        .await;
        while self.reader.read(&mut self.buf[..]).await? > 0 {}
        Ok(0)
    }
}
