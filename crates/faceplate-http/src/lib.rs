//! The HTTP app of a Faceplate device: the update API, the frontend's files, and a recovery page
//! that is always there.
//!
//! [`serve`] answers one connection over any `embedded-io-async` stream, so the same code runs on a
//! chip (embassy-net) and on a host (tokio). It needs neither heap nor threads; a connection's
//! memory is its [`ConnectionBuffers`] and its future.
//!
//! ```
//! # use embedded_io_async::{Read, Write};
//! use faceplate_http::{ConnectionBuffers, Device, serve};
//!
//! async fn connection(device: &impl Device, reader: impl Read, writer: impl Write) {
//!     let mut buffers = ConnectionBuffers::new();
//!     serve(device, reader, writer, &mut buffers).await;
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

mod accept;
mod api;
mod conditional;
mod confirmation;
mod content_type;
mod credentials;
mod device;
mod digest;
mod documents;
#[cfg(test)]
mod fake;
mod files;
mod guard;
mod guess;
pub mod head;
mod hosts;
mod json;
pub mod limits;
mod lookup;
mod networks;
mod object;
mod path;
mod portal;
mod problem;
mod range;
mod recovery;
mod rx;
mod serve;
mod time;
mod tx;
pub mod wifi;

pub use device::{Device, Info};
pub use limits::Limits;
pub use serve::{ConnectionBuffers, serve};
