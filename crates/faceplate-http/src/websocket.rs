//! WebSockets (RFC 6455): a connection that a handler of the firmware takes over.

pub mod frames;
mod handshake;
mod socket;

pub(crate) use handshake::is_wanted;
pub(crate) use socket::{Goodbye, INTERNAL, NORMAL, POLICY, RESTARTS, goodbye};
pub use socket::{Incoming, Message, WebSocket};
