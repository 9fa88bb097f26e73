//! How a live connection begins: events, or a WebSocket.

use core::ops::Range;

use super::{
    Connection, Reply, Request,
    state::{Said, State},
};
use crate::{
    Device,
    http::tx::{Header, Tx},
    live::Entered,
    problem::{Gone, Refusal},
};

/// What a live answer has of its request.
pub(crate) struct Opening<'r, C: Connection> {
    pub(crate) reader: &'r mut C::Reader,
    pub(crate) buf: &'r mut [u8],
    /// Where in `buf` lies what has arrived already.
    pub(crate) arrived: Range<usize>,
    pub(crate) tx: Tx<'r, C::Device, &'r mut C::Writer>,
    pub(crate) state: &'r State,
    pub(crate) device: &'r C::Device,
    pub(crate) place: Entered<'r>,
}

impl<'r, C: Connection> Request<'r, C> {
    /// Takes a place among the live connections.
    pub(crate) fn enter(self) -> Result<Opening<'r, C>, Refusal> {
        if !self.own_page {
            return Err(Refusal::Origin);
        }
        let device = self.device;
        let place = device.live().enter(device.limits().live)?;
        let (reader, buf, arrived) = self.body.into_rx().into_parts();
        let Reply { tx, state, .. } = self.reply;
        Ok(Opening {
            reader,
            buf,
            arrived,
            tx,
            state,
            device,
            place,
        })
    }
}

impl<C: Connection> Opening<'_, C> {
    /// Sends the head.
    pub(crate) async fn head(&mut self, status: u16, headers: &[Header<'_>]) -> Result<(), Gone> {
        self.state.said.set(Said::Begun);
        self.tx.head(status, headers, None).await?;
        self.tx.flush().await
    }
}
