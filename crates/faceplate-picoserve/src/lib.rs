//! Faceplate beside [picoserve] on one port.
//!
//! picoserve writes the head of every answer itself, so none of its handlers can give a connection to
//! another server. The other way round works: [`serve`] waits for the head of each request and looks
//! whose it is. Faceplate gets its own with [`faceplate_http::beside`]; picoserve gets one request at a
//! time, and finds nothing behind it. Both may answer on one connection, in any order.
//!
//! A head that is not as it should be goes to Faceplate, which refuses it: what picoserve gets was
//! looked at strictly, and ends where both think that it ends; a body in chunks, which picoserve does not know, is refused
//! (411). What its handler leaves of a body is
//! thrown away if it is there when the answer is, and ends the connection if not.
//!
//! ```
//! use faceplate_http::{Device, beside::is_faceplates};
//! use faceplate_picoserve::{Buffers, Own, serve};
//! use picoserve::{Timeouts, Timer, io::Socket, routing::{PathRouter, Router}};
//!
//! async fn connection<Runtime, S: Socket<Runtime>>(
//!     device: &impl Device,
//!     routes: &Router<impl PathRouter>,
//!     timer: impl Timer<Runtime>,
//!     socket: S,
//! ) {
//!     let own = Own {
//!         routes,
//!         is_own: |path| path.starts_with("/api/") && !is_faceplates(path),
//!         timeouts: Timeouts::default(),
//!         timer,
//!     };
//!     let mut buffers = Buffers::new();
//!     // The socket is closed when it returns; what went wrong with it is for a log.
//!     let _gone = serve(device, &(), &own, socket, &mut buffers).await;
//! }
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod ending;
mod front;
mod turn;

use core::cell::Cell;

use faceplate_http::{
    App, ConnectionBuffers, Device,
    beside::{Handed, Next, refuse, serve_request},
    limits::RECEIVE_BUFFER,
};
use picoserve::{
    Config, Error, KeepAlive, Server, Timeouts, Timer,
    io::Socket,
    routing::{PathRouter, Router},
    time::Duration,
};

use self::{
    ending::{Answer, Ending},
    front::{Front, Whose},
    turn::{Lent, Turn},
};

/// What picoserve serves.
pub struct Own<'o, P: PathRouter, T> {
    /// Its routes.
    pub routes: &'o Router<P>,
    /// Whether it gets the requests for a path (as it came, without a query). All others are
    /// Faceplate's, above all those that
    /// [`is_faceplates`](faceplate_http::beside::is_faceplates) knows, and the files.
    pub is_own: fn(&str) -> bool,
    /// Its time limits for a request. How long a connection may be idle is among Faceplate's limits.
    pub timeouts: Timeouts,
    /// Its clock.
    pub timer: T,
}

impl<P: PathRouter, T> Own<'_, P, T> {
    /// How picoserve answers one request.
    fn config(&self, keep_alive: bool) -> Config {
        Config {
            timeouts: Timeouts {
                // It is not to wait for another one: that may be Faceplate's.
                persistent_start_read_request: Duration::from_millis(0),
                ..self.timeouts.clone()
            },
            connection: match keep_alive {
                true => KeepAlive::KeepAlive,
                false => KeepAlive::Close,
            },
        }
    }
}

/// The memory of one connection beyond its future and the network's own buffers: room for a head that
/// is looked at, and what each of both servers needs.
#[derive(Debug)]
pub struct Buffers {
    ahead: [u8; RECEIVE_BUFFER],
    picoserve: [u8; RECEIVE_BUFFER],
    faceplate: ConnectionBuffers,
}

impl Buffers {
    /// Blank buffers; `const`, so that they can live in a `static`.
    pub const fn new() -> Self {
        Self {
            ahead: [0; RECEIVE_BUFFER],
            picoserve: [0; RECEIVE_BUFFER],
            faceplate: ConnectionBuffers::new(),
        }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// Serves one connection and closes it; `app` is what the firmware adds to Faceplate's own server, or
/// `()`.
///
/// # Errors
/// What picoserve found wrong with the connection, which was then aborted.
pub async fn serve<Runtime, D: Device, A: App, P: PathRouter, T: Timer<Runtime>, S>(
    device: &D,
    app: &A,
    own: &Own<'_, P, T>,
    mut socket: S,
    buffers: &mut Buffers,
) -> Result<(), Error<S::Error>>
where
    S: Socket<Runtime>,
{
    let served = serve_requests(device, app, own, &mut socket, buffers).await;
    let ended = match served {
        Ok(()) => socket.shutdown(&own.timeouts, &own.timer).await,
        Err(_) => socket.abort(&own.timeouts, &own.timer).await,
    };
    served.and(ended)
}

async fn serve_requests<Runtime, D: Device, A: App, P: PathRouter, T: Timer<Runtime>, S>(
    device: &D,
    app: &A,
    own: &Own<'_, P, T>,
    socket: &mut S,
    buffers: &mut Buffers,
) -> Result<(), Error<S::Error>>
where
    S: Socket<Runtime>,
{
    let limits = device.limits();
    let until_ms = device.now_ms() + limits.connection_ms;
    let (reader, mut writer) = socket.split();
    let mut front = Front::new(reader, &mut buffers.ahead);
    let mut idle_ms = limits.idle_ms;
    for more in (0..limits.requests).rev() {
        let Some(whose) = front.next(device, idle_ms, own.is_own).await else {
            return Ok(());
        };
        idle_ms = limits.next_idle_ms;
        let may_go_on = more > 0 && device.now_ms() < until_ms;
        let goes_on = match whose {
            Whose::Nobodys(refused) => {
                refuse(device, refused, &mut writer, &mut buffers.faceplate).await;
                false
            }
            Whose::Faceplates => {
                let (bytes, reader) = front.parts();
                let handed = Handed { bytes, may_go_on };
                let buffers = &mut buffers.faceplate;
                match serve_request(device, app, handed, reader, &mut writer, buffers).await {
                    Next::GoOn { used, read } => front.go_on(used, read),
                    Next::Close => false,
                }
            }
            Whose::Picoserves { keep_alive } => {
                let keep_alive = keep_alive && may_go_on;
                let (mut aborted, mut ending) = (false, Ending::new());
                let answer = Cell::new(Answer::None);
                let turn = Turn {
                    front: &mut front,
                    writer: &mut writer,
                    ending: &mut ending,
                    answer: &answer,
                    aborted: &mut aborted,
                };
                let config = own.config(keep_alive);
                let (timer, buf) = (Lent(&own.timer), &mut buffers.picoserve);
                Server::<Runtime, _, _, _>::custom(own.routes, timer, &config, buf)
                    .serve(turn)
                    .await?;
                keep_alive && !aborted && ending.may_go_on() && front.is_passed()
            }
        };
        if !goes_on {
            break;
        }
    }
    Ok(())
}
