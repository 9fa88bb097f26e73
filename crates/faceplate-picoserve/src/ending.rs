//! Where an answer of picoserve's ends, as its head says to the client.

use core::{cell::Cell, future::poll_fn, task::Poll};

use picoserve::{
    io::{BaseWrite, ErrorType, Write},
    mem::{BorrowedBuffer, BorrowedCursor},
};

/// Bytes of a line that are looked at: enough for the headers that matter.
const LINE: usize = 40;

/// Bytes of formatted text that are written at a time.
const WRITE: usize = 256;

/// How far an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing of it was written.
    None,
    Begun,
    /// Its head says that the connection ends with it.
    Last,
}

/// Reads the head of an answer that passes by.
pub(crate) struct Ending {
    line: [u8; LINE],
    /// Bytes of the line so far, also those that are not looked at.
    len: usize,
    /// Another head follows (1xx).
    interim: bool,
    /// The head is over.
    over: bool,
    /// It says where the body ends.
    framed: bool,
    /// It says that the connection ends.
    closes: bool,
}

impl Ending {
    pub(crate) const fn new() -> Self {
        Self {
            line: [0; LINE],
            len: 0,
            interim: false,
            over: false,
            framed: false,
            closes: false,
        }
    }

    /// Whether the client knows where the answer ended, and that another may follow. One of a status
    /// without a body is not told apart from one whose body ends with the connection: that ends, too.
    pub(crate) const fn may_go_on(&self) -> bool {
        self.over && self.framed && !self.closes
    }

    fn see(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                _ if self.over => return,
                b'\r' => {}
                b'\n' => self.end_line(),
                byte => {
                    if let Some(place) = self.line.get_mut(self.len) {
                        *place = byte.to_ascii_lowercase();
                    }
                    self.len += 1;
                }
            }
        }
    }

    fn end_line(&mut self) {
        let line = &self.line[..self.len.min(LINE)];
        if line.is_empty() {
            self.over = !self.interim;
            self.interim = false;
        } else if let Some(status) = line.strip_prefix(b"http/1.1 ") {
            self.interim = status.starts_with(b"1") && !status.starts_with(b"101");
        } else if line.starts_with(b"content-length:") || line.starts_with(b"transfer-encoding:") {
            self.framed = true;
        } else if line.starts_with(b"connection:") {
            self.closes |= line.windows(5).any(|word| word == b"close");
        }
        self.len = 0;
    }
}

/// The way out, seen.
pub(crate) struct Seen<'w, W> {
    pub(crate) writer: &'w mut W,
    pub(crate) ending: &'w mut Ending,
    pub(crate) answer: &'w Cell<Answer>,
}

impl<W: ErrorType> ErrorType for Seen<'_, W> {
    type Error = W::Error;
}

impl<W: Write> Write for Seen<'_, W> {
    async fn write_with<F: FnOnce(BorrowedCursor<'_>) -> R, R>(
        &mut self,
        fill: F,
    ) -> Result<R, W::Error> {
        let mut bytes = [0; WRITE];
        let mut buffer = BorrowedBuffer::new(&mut bytes);
        let output = fill(buffer.unfilled());
        self.write_all(buffer.filled()).await?;
        Ok(output)
    }
}

impl<W: Write> BaseWrite for Seen<'_, W> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, W::Error> {
        if self.answer.get() == Answer::None {
            self.answer.set(Answer::Begun);
        }
        let n = self.writer.write(bytes).await?;
        self.ending.see(&bytes[..n]);
        let is_last = self.ending.over && !self.ending.may_go_on();
        if is_last && self.answer.replace(Answer::Last) != Answer::Last {
            // Who reads meanwhile is to look again.
            poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Ready(())
            })
            .await;
        }
        Ok(n)
    }

    async fn flush(&mut self) -> Result<(), W::Error> {
        self.writer.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_that_says_where_it_ends_lets_another_follow() {
        for (head, goes_on) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                true,
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
                true,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
                false,
            ),
            ("HTTP/1.1 200 OK\r\n\r\nContent-Length: 3\r\n\r\n", false),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
                false,
            ),
            (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
                false,
            ),
            ("HTTP/1.1 100 Continue\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", false),
            ("", false),
        ] {
            for size in [1, 7, 1000] {
                let mut ending = Ending::new();
                head.as_bytes()
                    .chunks(size)
                    .for_each(|part| ending.see(part));
                assert_eq!(ending.may_go_on(), goes_on, "{head}");
            }
        }
    }
}
