//! The port: what the HTTP app needs from the machine it runs on.

use embedded_storage_async::nor_flash::NorFlash;
use faceplate::{Engine, Nvs};

use crate::{Limits, wifi::Wifi};

/// A device, as the HTTP app sees it. One value serves all connections of a single-threaded
/// executor.
#[allow(
    async_fn_in_trait,
    reason = "single-threaded executors are the users; no Send bound wanted"
)]
pub trait Device {
    /// Handle to the flash.
    type Flash: NorFlash + Clone;
    /// The settings store.
    type Nvs: Nvs;

    /// The core that runs on this device.
    fn engine(&self) -> &Engine<Self::Flash, Self::Nvs>;

    /// What the device says about itself.
    fn info(&self) -> Info<'_>;

    /// Whether a `Host` header may name `host` (lower or upper case, without port), besides what
    /// is always allowed: IP addresses, `localhost`, and [`Info::name`] with `.local`.
    fn answers_to(&self, host: &str) -> bool {
        let _none = host;
        false
    }

    /// Its Wi-Fi, when it has one whose network can be chosen by its page and API.
    fn wifi(&self) -> Option<&dyn Wifi> {
        None
    }

    /// What one client may take.
    fn limits(&self) -> &Limits {
        &Limits::DEFAULT
    }

    /// Milliseconds since boot; the same clock as the engine's.
    fn now_ms(&self) -> u64;

    /// Waits. It may be dropped before its time.
    async fn sleep_ms(&self, ms: u64);

    /// Restarts the device after so many milliseconds; returns at once, and until then everything
    /// goes on.
    ///
    /// Called before the response that says so is sent, in case that takes for ever, and again when
    /// it has left. A later call replaces an earlier one, also when its time is nearer.
    fn reboot_in(&self, ms: u32);
}

/// What the device says about itself in its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info<'a> {
    /// Its name on the network, without `.local`.
    pub name: &'a str,
    /// The firmware's version.
    pub firmware: &'a str,
    /// The API that the firmware offers to frontends; images say which they need.
    pub api: u16,
    /// The chip, such as `esp32s3`.
    pub chip: &'a str,
    /// Another number at every boot, so that a client sees that the device restarted.
    pub boot_id: u32,
}
