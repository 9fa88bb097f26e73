//! A connection from memory to memory, which costs both servers the same.

use std::convert::Infallible;

use faceplate_http::limits::TCP_SEND;
use picoserve::{
    Error, Timeouts, Timer, TokioRuntime,
    io::{BaseWrite, ErrorType, Read, Socket, Write},
    mem::{BorrowedBuffer, BorrowedCursor},
};

use crate::{
    Result,
    requests::{Answer, Request},
    runtime,
    servers::{self, Server},
};

/// A client that asks the same so many times, each time when it is read from.
struct Client<'r> {
    request: &'r [u8],
    /// What is left to be read of the request.
    rest: &'r [u8],
    more: u32,
}

/// What comes back: as with TCP, it is copied into a buffer, from which it is sent.
struct Sent {
    buffer: [u8; TCP_SEND],
    len: u64,
    /// All of it, where somebody wants to see it.
    kept: Option<Vec<u8>>,
}

struct Pipe<'p> {
    client: Client<'p>,
    sent: &'p mut Sent,
}

/// Serves so many rounds of a hundred requests on one connection; how many were answered.
pub(crate) fn serve(server: Server, request: Request, rounds: u32) -> Result<u64> {
    runtime()?.block_on(async {
        let device = servers::device().await?;
        let routes = servers::routes();
        let answers = async |bytes: &[u8], more, keep: bool| {
            let mut sent = Sent {
                buffer: [0; TCP_SEND],
                len: 0,
                kept: keep.then(Vec::new),
            };
            let client = Client {
                request: bytes,
                rest: &[],
                more,
            };
            let sent_to = &mut sent;
            let pipe = Pipe {
                client,
                sent: sent_to,
            };
            match server {
                Server::Faceplate => servers::faceplate(&device, pipe).await,
                Server::Picoserve => servers::picoserve(&routes, pipe).await?,
            }
            Result::Ok(sent)
        };
        let one = async |request: Request, etag: &str| {
            let bytes = request.bytes(etag);
            let sent = answers(&bytes, 1, true).await?;
            let answer = Answer::parse(&sent.kept.unwrap_or_default()).ok_or("no answer")?;
            match request.is_answered_by(&answer) {
                true => Ok((answer, bytes, sent.len)),
                false => Result::Err(format!("{server:?} answers {request:?} otherwise").into()),
            }
        };
        // The first answers are looked at; the others have to be as long.
        let (large, ..) = one(Request::Large, "").await?;
        let (_, bytes, len) = one(request, &large.etag.ok_or("no tag")?).await?;
        let wanted = 100 * rounds;
        let sent = answers(&bytes, wanted, false).await?;
        match sent.len == len * u64::from(wanted) {
            true => Ok(u64::from(wanted)),
            false => Err("not all answers are the same".into()),
        }
    })
}

impl ErrorType for Client<'_> {
    type Error = Infallible;
}

impl Read for Client<'_> {
    async fn read(&mut self, buf: &mut [u8]) -> std::result::Result<usize, Infallible> {
        if self.rest.is_empty() && self.more > 0 {
            self.more -= 1;
            self.rest = self.request;
        }
        let (now, rest) = self.rest.split_at(self.rest.len().min(buf.len()));
        buf[..now.len()].copy_from_slice(now);
        self.rest = rest;
        Ok(now.len())
    }
}

impl Sent {
    fn sent(&mut self, len: usize) {
        self.len += len as u64;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(&self.buffer[..len]);
        }
        std::hint::black_box(&self.buffer);
    }
}

impl ErrorType for Sent {
    type Error = Infallible;
}

impl BaseWrite for Sent {
    async fn write(&mut self, bytes: &[u8]) -> std::result::Result<usize, Infallible> {
        let len = bytes.len().min(self.buffer.len());
        self.buffer[..len].copy_from_slice(&bytes[..len]);
        self.sent(len);
        Ok(len)
    }

    async fn flush(&mut self) -> std::result::Result<(), Infallible> {
        Ok(())
    }
}

impl Write for Sent {
    async fn write_with<F: FnOnce(BorrowedCursor<'_>) -> R, R>(
        &mut self,
        fill: F,
    ) -> std::result::Result<R, Infallible> {
        let mut buffer = BorrowedBuffer::new(&mut self.buffer);
        let result = fill(buffer.unfilled());
        let len = buffer.len();
        self.sent(len);
        Ok(result)
    }
}

impl<'p> Socket<TokioRuntime> for Pipe<'p> {
    type Error = Infallible;
    type ReadHalf<'a>
        = &'a mut Client<'p>
    where
        Self: 'a;
    type WriteHalf<'a>
        = &'a mut Sent
    where
        Self: 'a;

    fn split(&mut self) -> (Self::ReadHalf<'_>, Self::WriteHalf<'_>) {
        (&mut self.client, self.sent)
    }

    async fn abort<T: Timer<TokioRuntime>>(
        self,
        _: &Timeouts,
        _: &T,
    ) -> std::result::Result<(), Error<Infallible>> {
        Ok(())
    }

    async fn shutdown<T: Timer<TokioRuntime>>(
        self,
        _: &Timeouts,
        _: &T,
    ) -> std::result::Result<(), Error<Infallible>> {
        Ok(())
    }
}
