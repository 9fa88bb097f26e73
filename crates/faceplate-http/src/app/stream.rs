//! An answer of unknown length, piece by piece.

use core::fmt;

use embedded_io_async::Write;

use super::{
    Answered,
    state::{Said, State},
};
use crate::{
    Device,
    http::tx::Tx,
    problem::{Failed, Gone},
};

/// An answer in pieces: chunks (RFC 9112, 7.1), or for a client of HTTP/1.0 all that comes until the
/// connection ends. It must be [finished](Self::finish), or the client sees that it is not whole.
pub struct Stream<'r, D, W> {
    pub(super) tx: Tx<'r, D, &'r mut W>,
    pub(super) state: &'r State,
}

impl<D: Device, W: Write> Stream<'_, D, W> {
    /// Sends bytes, when the buffer is full or [`Self::flush`] is called.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        if bytes.is_empty() || self.tx.framing().head_only {
            return Ok(());
        }
        self.hold()?;
        self.begin_chunk(bytes.len()).await?;
        self.tx.push(bytes).await?;
        self.end_chunk().await?;
        self.state.said.set(Said::Pieces);
        Ok(())
    }

    /// The same with text of any length. It is formatted more than once, and must be the same each
    /// time.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn text(&mut self, text: &impl fmt::Display) -> Result<(), Failed> {
        self.hold()?;
        self.formatted(|out| write!(out, "{text}")).await?;
        self.state.said.set(Said::Pieces);
        Ok(())
    }

    /// Sends what was given so far.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn flush(&mut self) -> Result<(), Failed> {
        self.hold()?;
        // As for events: who drops this while the network's word is waited for may go on.
        self.tx.send().await?;
        self.state.said.set(Said::Pieces);
        Ok(self.tx.flush().await?)
    }

    /// Says that this is all.
    ///
    /// # Errors
    /// When the client is gone, or too slow.
    pub async fn finish(mut self) -> Answered {
        self.hold()?;
        if self.state.http11 && !self.tx.framing().head_only {
            self.tx.push(LAST_CHUNK).await?;
        }
        self.tx.flush().await?;
        self.state.said.set(Said::All);
        Ok(())
    }

    /// A piece begins; the last one must not have been dropped half way, since what comes behind it
    /// would be taken for its rest.
    fn hold(&self) -> Result<(), Gone> {
        match self.state.said.replace(Said::Begun) {
            Said::Pieces => Ok(()),
            _ => Err(Gone),
        }
    }

    pub(super) async fn formatted(
        &mut self,
        write: impl Fn(&mut dyn fmt::Write) -> fmt::Result,
    ) -> Result<(), Gone> {
        let len = Tx::<D, W>::count(&write)?;
        if len == 0 || self.tx.framing().head_only {
            return Ok(());
        }
        self.begin_chunk(len).await?;
        self.tx.formatted(len, write).await?;
        self.end_chunk().await
    }

    async fn begin_chunk(&mut self, len: usize) -> Result<(), Gone> {
        self.tx.restart_pace();
        let write = |out: &mut dyn fmt::Write| write!(out, "{len:x}\r\n");
        match self.state.http11 {
            true => self.tx.formatted(Tx::<D, W>::count(write)?, write).await,
            false => Ok(()),
        }
    }

    async fn end_chunk(&mut self) -> Result<(), Gone> {
        match self.state.http11 {
            true => self.tx.push(b"\r\n").await,
            false => Ok(()),
        }
    }
}

/// Says that no chunk follows.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
