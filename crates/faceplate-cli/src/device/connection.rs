//! A connection that sends exactly what it is told, and on which several answers may come.

use std::{
    io::Write as _,
    net::{IpAddr, Shutdown, TcpStream},
    time::{Duration, Instant},
};

use super::{
    Address, ClientError, Response,
    answer::{next_head, next_response, read_more},
    http::{connect, is_wait},
};

/// One to a device.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What came and was not looked at.
    ahead: Vec<u8>,
}

/// What comes on a connection behind an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Its end.
    End,
    /// Nothing in the time that was waited.
    Silence,
    /// More bytes, these first.
    Bytes(Vec<u8>),
}

impl Connection {
    pub(crate) fn open(address: &Address) -> Result<Self, ClientError> {
        Ok(Self {
            stream: connect(address, Duration::MAX)?,
            ahead: Vec::new(),
        })
    }

    /// The address on the other side.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        Some(self.stream.peer_addr().ok()?.ip())
    }

    /// Sends bytes. Whether the other side took all of them in time; where it did not, it may have
    /// answered all the same.
    pub(crate) fn send(&self, bytes: &[u8], within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut rest = bytes;
        while !rest.is_empty() {
            match (&self.stream).write(rest) {
                Ok(n) => rest = &rest[n..],
                Err(error) if is_wait(&error) && Instant::now() < until => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// Says that nothing more is sent; answers may still come.
    pub(crate) fn end(&self) {
        // Where the other side has closed it already there is nobody to tell.
        let _told = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads the next answer. That to a HEAD has no body.
    pub(crate) fn answer(
        &mut self,
        to_head: bool,
        within: Duration,
    ) -> Result<Response, ClientError> {
        let until = Instant::now() + within;
        next_response(&self.stream, &mut self.ahead, to_head, || {
            Instant::now() < until
        })
    }

    /// Reads the next head, also one that only announces the answer, as 100 does.
    pub(crate) fn head(&mut self, within: Duration) -> Result<Response, ClientError> {
        let until = Instant::now() + within;
        next_head(&self.stream, &mut self.ahead, &|| Instant::now() < until)
    }

    /// What comes next.
    pub(crate) fn next(&mut self, within: Duration) -> Next {
        let until = Instant::now() + within;
        if self.ahead.is_empty() {
            match read_more(&self.stream, &mut self.ahead, &|| Instant::now() < until) {
                Ok(0) | Err(ClientError::Closed) => return Next::End,
                Err(_) => return Next::Silence,
                Ok(_) => {}
            }
        }
        Next::Bytes(std::mem::take(&mut self.ahead))
    }
}
