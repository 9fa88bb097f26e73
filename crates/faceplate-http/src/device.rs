//! The port: what the HTTP app needs from the machine it runs on.

use embedded_storage_async::nor_flash::NorFlash;
use faceplate::{Engine, Nvs};

use crate::{Limits, Live, wifi::Wifi};

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

    /// Hosts that lead to the device besides what always may: IP addresses, `localhost`, and
    /// [`Info::name`] alone or with a suffix that is nobody's, such as `.local` or `.lan`. Names in the
    /// DNS, and reverse proxies.
    ///
    /// Each is `host` or `host:port` as a browser shows it, in ASCII (`xn--…` for others), such as
    /// `home.example` or `10.0.0.1:8443`. Requests may name that host, with any port; and pages at
    /// `http://` or `https://` and just that may change things. The standard port, case and a final dot
    /// do not matter; a scheme is the only one then, and a path does not count: for a browser all pages of
    /// a host are one site.
    fn hosts(&self) -> impl Iterator<Item = &str> {
        core::iter::empty()
    }

    /// Whether the network's DHCP server calls the local domain so (option 15; case does not
    /// matter). [`Info::name`] in it is a name of the device, if the domain has a dot: a public
    /// ending such as `com` is not the network's to give.
    fn is_domain(&self, domain: &str) -> bool {
        let _none = domain;
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

    /// The count of its live connections: one value, for as long as it runs.
    fn live(&self) -> &Live;

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
