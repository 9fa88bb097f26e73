//! Connections of the firmware's network stack, answered by the HTTP app.

use embassy_net::{Stack, tcp::TcpSocket};
use embassy_time::{Duration, with_timeout};
use faceplate_http::{App, ConnectionBuffers};

use crate::Face;

/// Tasks that should run [`Face::serve`], each with a connection of its own: browsers open six at
/// once, and with fewer listening sockets some are refused.
pub const CONNECTIONS: usize = 6;

/// Where HTTP is served.
pub const PORT: u16 = 80;

/// Bytes that a client may send ahead: three full segments of Ethernet and Wi-Fi (1460 bytes).
const RECEIVE: usize = 3 * 1460;

/// Bytes on their way to a client: two full segments, which it acknowledges at once.
const SEND: usize = 2 * 1460;

/// How long nothing may come from a client, also while it connects, until it counts as gone: the
/// stack then resets the connection. Longer than any silence that the HTTP app answers (15 s).
const SILENCE: Duration = Duration::from_secs(20);

/// How long a connection that is done may take to say so: time for TCP to send a lost packet again.
const GOODBYE: Duration = Duration::from_secs(2);

impl Face {
    /// Serves one connection after the other, for ever. It needs one TCP socket of the stack. `app` is
    /// what the firmware adds, or `&()`.
    pub async fn serve(&'static self, app: &impl App, stack: Stack<'static>) -> ! {
        let (mut receive, mut send) = ([0; RECEIVE], [0; SEND]);
        let mut buffers = ConnectionBuffers::new();
        loop {
            // A new one each time: an old one could only be used again after an abort, which
            // resets the connection, and some clients (Windows) then throw away what they have
            // received and not read yet.
            let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
            socket.set_timeout(Some(SILENCE));
            // Each answer is written in one go: waiting for more to send has no use.
            socket.set_nagle_enabled(false);
            if socket.accept(PORT).await.is_err() {
                continue;
            }
            let (reader, writer) = socket.split();
            faceplate_http::serve(self, app, reader, writer, &mut buffers).await;
            socket.close();
            // Who does not take the rest in time has lost interest, and is reset.
            if with_timeout(GOODBYE, socket.flush()).await.is_err() {
                socket.abort();
                let _sent = with_timeout(GOODBYE, socket.flush()).await;
            }
        }
    }
}
