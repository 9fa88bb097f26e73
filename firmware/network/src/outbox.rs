//! Sending datagrams, so that one that cannot leave does not keep back all that come after it.

use embassy_net::IpEndpoint;
use embassy_net::udp::{SendError, UdpSocket};
use embassy_time::{Duration, with_timeout};

/// How long a datagram may wait for its receiver's hardware address. The stack asks for one once
/// a second; who has not answered by then is not there.
const NOBODY: Duration = Duration::from_millis(1_100);

/// Sends a datagram from `port`, to which the socket is bound.
///
/// The stack keeps a datagram until its receiver is found, for ever if need be, and sends no other
/// of the same socket meanwhile. So one whose receiver has left (or never was) is given up, with
/// all that the socket holds: whoever did not get an answer asks again.
pub(crate) async fn send(
    socket: &mut UdpSocket<'_>,
    port: u16,
    datagram: &[u8],
    to: IpEndpoint,
) -> Result<(), SendError> {
    if with_timeout(NOBODY, socket.flush()).await.is_err() {
        socket.close();
        // It was bound to this port before.
        let _bound = socket.bind(port);
    }
    socket.send_to(datagram, to).await
}
