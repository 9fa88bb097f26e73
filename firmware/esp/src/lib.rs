//! Faceplate on ESP32 chips: adds safe frontend updates to a firmware made with `esp-hal` and
//! `embassy`.
//!
//! [`Memory`] says how large a slot may be. [`boot`] reads the flash and decides what to serve; [`Face::serve`] answers connections, as many
//! at once as tasks run it; [`Face::care`] lets trials run, restarts when that is due, and feeds
//! the [`Watchdog`]. The network is the firmware's own: any `embassy_net::Stack` will do.
//!
//! Exactly one of the features `esp32s3`, `esp32c3` and `esp32c6` names the chip. The NVS library
//! needs a global allocator, about 2 KiB; nothing else here uses the heap.
#![no_std]

mod back;
mod boot_id;
mod care;
mod chip;
mod connection;
mod face;
mod flash;
#[cfg(feature = "password")]
mod password;
mod setup;
mod sha;
mod watchdog;
mod wifi;

pub use connection::{CONNECTIONS, PORT};
pub use face::{Face, Memory, Options, boot};
pub use faceplate::{
    self, Credentials, PublicKey, SetupPassword, Signers, layout::Places, sectors,
};
pub use faceplate_http;
pub use flash::ChipFlash;
#[cfg(feature = "password")]
pub use password::random;
pub use watchdog::Watchdog;
pub use wifi::WifiLink;
