//! A simulated device: the real core and HTTP app over a flash chip in software.
//!
//! [`run`] is a whole device as a program: a flash file that is byte for byte the chip's, boots,
//! restarts, power cuts; a firmware's own routes run in it as on the chip. [`flash`] alone is for tests that put code over a flash that can fail.

pub mod device;
mod first;
pub mod flash;
mod networks;
mod port;
mod run;
pub mod wifi;

pub use first::First;
pub use run::{
    CONNECTIONS, Event, PARTITIONS, SimError, SimOptions, live, live_with, run, run_beside,
    run_with,
};
