//! Between the HTTP app and whoever drives the radio: how the network stands, and what it is to be.

mod air;

use core::cell::RefCell;

use embassy_sync::{
    blocking_mutex::{Mutex, raw::CriticalSectionRawMutex},
    signal::Signal,
};
use faceplate::Credentials;
use faceplate_http::wifi::{Networks, Search, WifiMode, WifiStatus};

use air::Air;

/// Between the HTTP app and what drives the radio; a `static` of the firmware.
pub struct WifiLink {
    status: Mutex<CriticalSectionRawMutex, RefCell<WifiStatus>>,
    changed: Signal<CriticalSectionRawMutex, Option<Credentials>>,
    air: Air,
}

impl WifiLink {
    /// Not connected yet.
    pub const fn new() -> Self {
        Self {
            status: Mutex::new(RefCell::new(WifiStatus {
                mode: WifiMode::Station,
                ssid: None,
                connected: false,
                address: None,
            })),
            changed: Signal::new(),
            air: Air::new(),
        }
    }

    /// Says how the network stands.
    pub fn set_status(&self, status: WifiStatus) {
        self.status.lock(|cell| cell.replace(status));
    }

    /// Waits for new credentials, which are stored already; `None`: they were forgotten, and an access
    /// point is to be opened for the setup.
    pub async fn changed(&self) -> Option<Credentials> {
        self.changed.wait().await
    }

    /// Waits until somebody wants to know the networks in range; then tell [`Self::found`].
    pub async fn search_wanted(&self) {
        self.air.wanted().await;
    }

    /// Says that a search begins which nobody asked for.
    pub fn searching(&self) {
        self.air.searching();
    }

    /// Says what a search found; `None`: the radio refused.
    pub fn found(&self, networks: Option<Networks>) {
        self.air.found(networks);
    }

    /// Says which network is to be joined from now on.
    pub(crate) fn change(&self, credentials: Option<Credentials>) {
        self.changed.signal(credentials);
    }

    pub(crate) fn status(&self) -> WifiStatus {
        self.status.lock(|cell| cell.borrow().clone())
    }

    pub(crate) fn search(&self) -> Search {
        self.air.search()
    }

    /// Somebody wants to know the networks in range.
    pub(crate) fn look(&self) {
        self.air.want();
    }
}

impl Default for WifiLink {
    fn default() -> Self {
        Self::new()
    }
}
