//! The HTTP app of a Faceplate device: the update API, the frontend's files, and a recovery page
//! that is always there.
//!
//! [`serve`] answers one connection over any `embedded-io-async` stream, so the same code runs on a
//! chip (embassy-net) and on a host (tokio). It needs neither heap nor threads; a connection's
//! memory is its [`ConnectionBuffers`] and its future.
//!
//! ```
//! # use embedded_io_async::{Read, Write};
//! use faceplate_http::{App, ConnectionBuffers, Device, serve};
//!
//! async fn connection(device: &impl Device, app: &impl App, reader: impl Read, writer: impl Write) {
//!     let mut buffers = ConnectionBuffers::new();
//!     serve(device, app, reader, writer, &mut buffers).await;
//!     // Now close the socket.
//! }
//! ```
//!
//! It is a small server of its own since the device wants what others lack: an answer before the
//! body of a bad upload, a strict parser that cannot be led to take a body for a request, time
//! limits for heads, bodies and responses, and persistent connections.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod answer;
mod app;
mod back;
mod command;
mod device;
#[cfg(test)]
mod fake;
mod frontend;
mod guard;
mod hosts;
mod http;
pub mod limits;
mod live;
mod ota;
#[cfg(feature = "password")]
pub mod password;
#[cfg(not(feature = "password"))]
#[path = "password/off.rs"]
mod password;
mod problem;
mod recovery;
mod route;
mod serve;
mod setup;
pub mod websocket;
mod whose;
pub mod wifi;

pub use app::{Access, App, Body, Connection, Events, Reply, Request, Stream, UpdateEvent};
pub use back::{GoBackError, go_back};
pub use device::{Device, Info};
pub use http::{
    head::{self, Head, Method},
    methods::Methods,
};
pub use limits::Limits;
pub use live::Live;
pub use problem::{Answered, Denied, Failed, Problem};
pub use serve::{ConnectionBuffers, beside, serve};
