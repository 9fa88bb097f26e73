//! Wi-Fi credentials: kept in NVS, set over HTTP, told to whoever drives the radio.

mod air;

use core::{cell::RefCell, net::Ipv4Addr};

use embassy_sync::{
    blocking_mutex::{Mutex, raw::CriticalSectionRawMutex},
    signal::Signal,
};
use faceplate::{Credentials, EspNvs, EspNvsError, Text, text};
use faceplate_http::{
    Device,
    wifi::{Networks, Search, Wifi, WifiMode, WifiStatus},
};

use crate::Face;
use air::Air;

/// Between the HTTP app and what drives the radio; a `static` of the firmware.
pub struct WifiLink {
    status: Mutex<CriticalSectionRawMutex, RefCell<WifiStatus>>,
    changed: Signal<CriticalSectionRawMutex, Credentials>,
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

    /// Waits for new credentials, which are stored already.
    pub async fn changed(&self) -> Credentials {
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

    fn status(&self) -> WifiStatus {
        self.status.lock(|cell| cell.borrow().clone())
    }
}

impl Default for WifiLink {
    fn default() -> Self {
        Self::new()
    }
}

impl Face {
    /// The credentials in NVS; `None` where there are none, or none that Wi-Fi allows.
    ///
    /// # Errors
    /// When NVS cannot be read.
    pub fn wifi_credentials(&self) -> Result<Option<Credentials>, EspNvsError> {
        self.engine().with_nvs(EspNvs::credentials)
    }
}

impl Wifi for Face {
    fn status(&self) -> WifiStatus {
        self.link()
            .map_or_else(|| WifiLink::new().status(), WifiLink::status)
    }

    fn join(&self, ssid: &str, pass: &str) -> Result<(), Text> {
        let credentials = Credentials::new(ssid, pass)
            .ok_or_else(|| text("Wi-Fi has no such name or password"))?;
        let stored = self
            .engine()
            .with_nvs(|nvs| nvs.set_credentials(&credentials));
        stored.map_err(text)?;
        if let Some(link) = self.link() {
            link.changed.signal(credentials);
        }
        Ok(())
    }

    /// As long as it is an access point; the firmware's DNS then answers every name with it.
    fn portal(&self) -> Option<Ipv4Addr> {
        let status = Wifi::status(self);
        let own = status.mode == WifiMode::AccessPoint;
        status.address.filter(|_| own)
    }

    fn search(&self) -> Option<Search> {
        self.link().map(|link| link.air.search())
    }

    fn look(&self) {
        if let Some(link) = self.link() {
            link.air.want();
        }
    }
}
