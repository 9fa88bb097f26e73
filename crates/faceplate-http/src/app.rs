//! The firmware's own part of the server: its routes, its hooks, its login.

mod body;
mod connection;
#[cfg(test)]
mod dropped;
mod events;
#[cfg(feature = "json")]
mod json;
mod opening;
mod query;
mod reply;
mod request;
mod state;
mod stream;
mod wait;

use faceplate::Text;

#[cfg(feature = "json")]
pub(crate) use self::json::Json;
pub use self::{
    body::Body, connection::Connection, events::Events, reply::Reply, request::Request,
    stream::Stream,
};
pub(crate) use self::{
    connection::Streams,
    opening::Opening,
    state::{Said, State},
    stream::LAST_CHUNK,
    wait::{Came, first},
};
#[cfg(feature = "password")]
use crate::password::Password;
use crate::{
    Methods,
    http::head::Head,
    problem::{Answered, Denied},
};

/// What a firmware adds to the server. `()` adds nothing.
///
/// It is asked under the same guards and limits as Faceplate's own API, and never for Faceplate's
/// paths: `/api/ota/…`, `/api/wifi…`, `/recovery…`.
///
/// ```
/// use core::cell::Cell;
/// use faceplate_http::{Answered, App, Connection, Methods, Request};
///
/// struct Lamp(Cell<bool>);
///
/// impl App for Lamp {
///     fn methods(&self, path: &str) -> Methods {
///         match path {
///             "/api/lamp" => Methods::GET,
///             "/api/lamp/toggle" => Methods::POST,
///             _ => Methods::NONE,
///         }
///     }
///
///     async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
///         if request.path() == "/api/lamp/toggle" {
///             self.0.set(!self.0.get());
///         }
///         let on = if self.0.get() { "on" } else { "off" };
///         request.reply.text("text/plain", &on).await
///     }
/// }
/// ```
#[allow(
    async_fn_in_trait,
    reason = "single-threaded executors are the users; no Send bound wanted"
)]
pub trait App {
    /// The methods that a path answers to; [`Methods::NONE`] where it is not the firmware's: it goes
    /// on to the files. `path` is decoded and begins with `/`; it has no query, no empty segment and
    /// no `/` that was escaped. It is called once or more for each request, and should be quick.
    fn methods(&self, path: &str) -> Methods {
        let _nobodys = path;
        Methods::NONE
    }

    /// Answers a request for a path with [`Self::methods`], by one of them (`HEAD` comes as `GET`).
    async fn answer<C: Connection>(&self, request: Request<'_, C>) -> Answered {
        request.reply.not_found().await
    }

    /// Whether an upload, or going back, may begin now.
    ///
    /// # Errors
    /// Why not, as a line for people: such as "the gate is moving". The client gets 409 `not-now`.
    fn may_update(&self) -> Result<(), Text> {
        Ok(())
    }

    /// An update begins, goes on, or ends. It is called between two reads of the network, and should
    /// be quick.
    fn on_update(&self, event: UpdateEvent) {
        let _nobody = event;
    }

    /// The device's password; `None` unless the firmware says otherwise: then everybody may do everything.
    ///
    /// With one it is wanted for every change, before [`Self::allows`] is asked.
    #[cfg(feature = "password")]
    fn password(&self) -> Option<&Password> {
        None
    }

    /// A login of the firmware's own: whether a request may do what it is about to. Asked once for each request, before
    /// any of its body is read; other guards have let it pass.
    ///
    /// `path` is decoded and begins with `/`, as for [`Self::methods`], but may be anybody's, and may have
    /// empty segments. A file has more than one: `/secret` also shows `secret.html` and `secret/index.html`.
    /// The path in `head` is as it came: one that is judged by it has many spellings.
    ///
    /// # Errors
    /// Why not.
    async fn allows(&self, path: &str, head: &Head<'_>, access: Access) -> Result<(), Denied> {
        let _anybody = (path, head, access);
        Ok(())
    }
}

impl App for () {}

/// What a request is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read: files, pages, the status, the firmware's routes by `GET`.
    Read,
    /// Change something: the firmware's routes by other methods, or a WebSocket; the Wi-Fi.
    Change,
    /// Upload a frontend, go back to the other one, or confirm the running one.
    Update,
}

/// How an update goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateEvent {
    /// An upload began.
    Began {
        /// Bytes that are sent: of the image, or of a patch that makes it.
        total: u32,
    },
    /// So much of it has arrived and was taken.
    Progress {
        /// Bytes so far.
        received: u64,
        /// Bytes that are sent.
        total: u64,
    },
    /// The upload ended without a new frontend: it was refused, or the client went away.
    Failed,
    /// The device restarts, for a new frontend or for the way back.
    Restarting {
        /// Milliseconds from now.
        in_ms: u32,
    },
}
