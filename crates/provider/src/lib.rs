//! The example device: a lamp, a sensor and a log, on a chip and in the simulator alike.
//!
//! | route | gives |
//! |---|---|
//! | `GET`, `PUT /api/lamp` | `{"on":true,"colour":"#ffaa00"}` |
//! | `/api/lamp/socket` | the same by WebSocket, both ways: at once, and after every change |
//! | `GET /api/sensor` | the temperatures of the last five minutes, oldest first |
//! | `GET /api/events` | server-sent events: `sensor` once a second, `log` for each new line |
//! | `GET /api/log` | the last lines, oldest first |
//!
//! [`Provider`] is all of it but the hardware, which is a [`Room`]. Its hooks are examples, too: no
//! update begins while the lamp fades, and the lamp shows how far an update is.
#![no_std]
#![forbid(unsafe_code)]

mod lamp;
mod provider;
mod ring;
mod room;
mod routes;

pub use lamp::Colour;
pub use provider::{LISTENERS, Provider};
pub use room::{Room, Tenths};
