//! Connections of the firmware's network stack, answered by the HTTP app.

use embassy_net::{Stack, tcp::TcpSocket};
use embassy_time::{Duration, Timer, with_timeout};
use faceplate_http::{
    App, ConnectionBuffers,
    limits::{TCP_RECEIVE, TCP_RECEIVE_UPLOAD, TCP_SEND},
};

use crate::Face;

/// Connections at once, each of a task of its own: one of [`Face::serve_uploads`], the others of
/// [`Face::serve`]. Browsers open six, and with fewer listening sockets some are refused.
pub const CONNECTIONS: usize = 6;

/// Where HTTP is served.
pub const PORT: u16 = 80;

/// How long the others leave it to the connection for uploads to be the first that listens.
const AFTER: Duration = Duration::from_millis(1);

/// How long nothing may come from a client, also while it connects, until it counts as gone: the
/// stack then resets the connection. Longer than any silence that the HTTP app answers (15 s).
const SILENCE: Duration = Duration::from_secs(20);

/// How long a connection that is done may take to say so: time for TCP to send a lost packet again.
const GOODBYE: Duration = Duration::from_secs(2);

impl Face {
    /// Serves one connection after the other, for ever. It needs one TCP socket of the stack. `app` is
    /// what the firmware adds, or `&()`.
    pub async fn serve(&'static self, app: &impl App, stack: Stack<'static>) -> ! {
        Timer::after(AFTER).await;
        let mut receive = [0; TCP_RECEIVE];
        self.connections(app, stack, &mut receive).await
    }

    /// The same by a connection with 2.9 KiB more memory, by which an upload is quicker. One task should
    /// run it, started with the others.
    ///
    /// The network stack gives a new connection to the first socket that listens, so that this one is taken
    /// whenever it is free: an upload has it, unless other traffic does. A live connection that took it keeps
    /// it; uploads then go by the others, slower.
    pub async fn serve_uploads(&'static self, app: &impl App, stack: Stack<'static>) -> ! {
        let mut receive = [0; TCP_RECEIVE_UPLOAD];
        self.connections(app, stack, &mut receive).await
    }

    async fn connections(
        &'static self,
        app: &impl App,
        stack: Stack<'static>,
        receive: &mut [u8],
    ) -> ! {
        let mut send = [0; TCP_SEND];
        let mut buffers = ConnectionBuffers::new();
        loop {
            // A new one each time: an old one could only be used again after an abort, which
            // resets the connection, and some clients (Windows) then throw away what they have
            // received and not read yet.
            let mut socket = TcpSocket::new(stack, receive, &mut send);
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
