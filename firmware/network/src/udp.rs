//! What the servers of datagrams share: a socket on its port with room for what waits, and sending so
//! that one datagram that cannot leave does not keep back all that come after it.

use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpEndpoint, Stack};
use embassy_time::{Duration, with_timeout};

/// How long a datagram may wait for its receiver's hardware address. The stack asks for one once
/// a second; who has not answered by then is not there.
const NOBODY: Duration = Duration::from_millis(1_100);

/// What a server needs in memory; put it into a static.
///
/// Room for `QUESTIONS` received datagrams of `RECEIVED` bytes together, for `ANSWERS` of `SENT` bytes
/// together that wait to be sent, and for one of `REPLY` bytes that is being written.
#[derive(Debug)]
pub struct Buffers<
    const QUESTIONS: usize,
    const RECEIVED: usize,
    const ANSWERS: usize,
    const SENT: usize,
    const REPLY: usize,
> {
    received_meta: [PacketMetadata; QUESTIONS],
    received: [u8; RECEIVED],
    sent_meta: [PacketMetadata; ANSWERS],
    sent: [u8; SENT],
    reply: [u8; REPLY],
}

impl<
    const QUESTIONS: usize,
    const RECEIVED: usize,
    const ANSWERS: usize,
    const SENT: usize,
    const REPLY: usize,
> Buffers<QUESTIONS, RECEIVED, ANSWERS, SENT, REPLY>
{
    /// Empty.
    pub const fn new() -> Self {
        Self {
            received_meta: [PacketMetadata::EMPTY; QUESTIONS],
            received: [0; RECEIVED],
            sent_meta: [PacketMetadata::EMPTY; ANSWERS],
            sent: [0; SENT],
            reply: [0; REPLY],
        }
    }

    /// Opens a socket on a port other than 0, and lends the room for a reply.
    pub(crate) fn open<'a>(
        &'a mut self,
        stack: Stack<'a>,
        port: u16,
    ) -> (Socket<'a>, &'a mut [u8; REPLY]) {
        let inner = UdpSocket::new(
            stack,
            &mut self.received_meta,
            &mut self.received,
            &mut self.sent_meta,
            &mut self.sent,
        );
        let mut socket = Socket { inner, port };
        socket.bind();
        (socket, &mut self.reply)
    }
}

impl<
    const QUESTIONS: usize,
    const RECEIVED: usize,
    const ANSWERS: usize,
    const SENT: usize,
    const REPLY: usize,
> Default for Buffers<QUESTIONS, RECEIVED, ANSWERS, SENT, REPLY>
{
    fn default() -> Self {
        Self::new()
    }
}

/// A socket on its port.
pub(crate) struct Socket<'a> {
    pub(crate) inner: UdpSocket<'a>,
    port: u16,
}

impl Socket<'_> {
    fn bind(&mut self) {
        if let Err(error) = self.inner.bind(self.port) {
            // Cannot be: the port is not 0, and the socket new or closed.
            log::error!("cannot bind UDP port {}: {error:?}", self.port);
        }
    }

    /// Sends a datagram.
    ///
    /// The stack keeps a datagram until its receiver is found, for ever if need be, and sends no other
    /// of the same socket meanwhile. So one whose receiver has left (or never was) is given up, with
    /// all that the socket holds: whoever did not get an answer asks again.
    pub(crate) async fn send(&mut self, datagram: &[u8], to: IpEndpoint) {
        if with_timeout(NOBODY, self.inner.flush()).await.is_err() {
            self.inner.close();
            self.bind();
        }
        if let Err(error) = self.inner.send_to(datagram, to).await {
            log::warn!("no answer from UDP port {} to {to}: {error:?}", self.port);
        }
    }
}
