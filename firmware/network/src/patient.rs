//! A network driver that leaves clients waiting instead of turning them away.
//!
//! The network stack has a fixed number of connections and no queue before them: a client that
//! finds all of them taken is refused at once, and a browser then shows a broken page. Without an
//! answer the client asks again by itself, after one second and then more seldom (RFC 6298), and
//! soon finds one free.

use core::task::Context;

use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, TxToken};

/// A driver that swallows the refusals of one TCP port; everything else passes.
pub struct Patient<D> {
    inner: D,
    port: u16,
}

impl<D> Patient<D> {
    /// Around `inner`, for those who connect to `port`.
    pub const fn new(inner: D, port: u16) -> Self {
        Self { inner, port }
    }
}

/// Bytes of a frame with a refusal: Ethernet, IPv4 without options, TCP without options.
const REFUSAL: usize = 14 + 20 + 20;

/// Whether the frame is IPv4 with a TCP answer that there is no connection for what came: RST
/// and ACK, sequence number 0 (RFC 9293, section 3.5.2, "reset generation"). A reset of a
/// connection that there was has that connection's sequence number.
fn is_refusal(frame: &[u8; REFUSAL], port: u16) -> bool {
    let (ethernet, packet) = frame.split_at(14);
    let (ip, tcp) = packet.split_at(20);
    let ipv4 = ethernet[12..] == [0x08, 0x00] && ip[0] == 0x45;
    let is_tcp = ip[9] == 6;
    let from_port = tcp[..2] == port.to_be_bytes();
    let no_sequence = tcp[4..8] == [0; 4];
    let reset_and_ack = tcp[13] & 0x3f == 0x14;
    ipv4 && is_tcp && from_port && no_sequence && reset_and_ack
}

/// Room for a frame, of which a refusal is not sent.
pub struct Filtered<T> {
    inner: T,
    port: u16,
}

impl<T: TxToken> TxToken for Filtered<T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
        if len != REFUSAL {
            return self.inner.consume(len, fill);
        }
        let mut frame = [0; REFUSAL];
        let result = fill(&mut frame);
        if !is_refusal(&frame, self.port) {
            self.inner
                .consume(len, |bytes| bytes.copy_from_slice(&frame));
        }
        result
    }
}

impl<D: Driver> Driver for Patient<D> {
    type RxToken<'a>
        = D::RxToken<'a>
    where
        Self: 'a;
    type TxToken<'a>
        = Filtered<D::TxToken<'a>>
    where
        Self: 'a;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        let port = self.port;
        let (received, inner) = self.inner.receive(cx)?;
        Some((received, Filtered { inner, port }))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Self::TxToken<'_>> {
        let port = self.port;
        let inner = self.inner.transmit(cx)?;
        Some(Filtered { inner, port })
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        self.inner.link_state(cx)
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn hardware_address(&self) -> HardwareAddress {
        self.inner.hardware_address()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as the stack makes it for a client that asks for port 80.
    fn refusal() -> [u8; REFUSAL] {
        let mut frame = [0; REFUSAL];
        frame[12] = 8;
        frame[14] = 0x45;
        frame[23] = 6;
        frame[35] = 80;
        frame[46] = 0x50;
        frame[47] = 0x14;
        // The number that is acknowledged: any.
        frame[42..46].fill(0xab);
        frame
    }

    struct Sent<'a>(&'a mut std::vec::Vec<std::vec::Vec<u8>>);

    impl TxToken for Sent<'_> {
        fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, fill: F) -> R {
            let mut bytes = std::vec![0xee; len];
            let result = fill(&mut bytes);
            self.0.push(bytes);
            result
        }
    }

    fn sent(frame: &[u8], port: u16) -> std::vec::Vec<std::vec::Vec<u8>> {
        let mut frames = std::vec::Vec::new();
        let inner = Sent(&mut frames);
        let len = Filtered { inner, port }.consume(frame.len(), |bytes| {
            bytes.copy_from_slice(frame);
            bytes.len()
        });
        assert_eq!(len, frame.len());
        frames
    }

    #[test]
    fn a_refusal_of_the_port_is_not_sent() {
        assert!(sent(&refusal(), 80).is_empty());
    }

    #[test]
    fn everything_else_is_sent_as_it_is() {
        let frame = refusal();
        let mut others = std::vec![frame[..53].to_vec(), [&frame[..], &[0; 6]].concat()];
        // Another protocol, options, UDP, the other port, a connection's reset, no reset, no ACK.
        for (at, byte) in [
            (12, 9),
            (14, 0x46),
            (23, 17),
            (35, 81),
            (41, 1),
            (47, 0x12),
            (47, 4),
        ] {
            let mut other = frame.to_vec();
            other[at] = byte;
            others.push(other);
        }
        for other in others {
            assert_eq!(sent(&other, 80), [&other[..]], "{other:x?}");
        }
        assert_eq!(sent(&frame, 8080).len(), 1);
    }
}
