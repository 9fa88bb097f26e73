//! Wi-Fi credentials: kept in NVS, set over HTTP, told to whoever drives the radio.

use core::{cell::RefCell, fmt};

use embassy_sync::{
    blocking_mutex::{Mutex, raw::CriticalSectionRawMutex},
    signal::Signal,
};
use faceplate::{EspNvsError, Text, text};
use faceplate_http::{
    Device,
    wifi::{Wifi, WifiMode, WifiStatus},
};
use heapless::String;

use crate::Face;

/// The NVS namespace of the keys below; ESP-IDF strings.
const NAMESPACE: &str = "wifi";
const SSID: &str = "ssid";
const PASS: &str = "pass";

/// What joins a network.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The network's name.
    pub ssid: String<32>,
    /// Its passphrase; empty for an open network.
    pub pass: String<64>,
}

impl fmt::Debug for Credentials {
    /// Leaves the passphrase out, so that no log has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("ssid", &self.ssid)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// `None` where one is longer than Wi-Fi allows.
    fn new(ssid: &str, pass: &str) -> Option<Self> {
        Some(Self {
            ssid: String::try_from(ssid).ok()?,
            pass: String::try_from(pass).ok()?,
        })
    }
}

/// Between the HTTP app and what drives the radio; a `static` of the firmware.
pub struct WifiLink {
    status: Mutex<CriticalSectionRawMutex, RefCell<WifiStatus>>,
    changed: Signal<CriticalSectionRawMutex, Credentials>,
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
        self.engine().with_nvs(|nvs| {
            let Some(ssid) = nvs
                .get_str(NAMESPACE, SSID)?
                .filter(|ssid| !ssid.is_empty())
            else {
                return Ok(None);
            };
            let pass = nvs.get_str(NAMESPACE, PASS)?.unwrap_or_default();
            Ok(Credentials::new(&ssid, &pass))
        })
    }
}

impl Wifi for Face {
    fn status(&self) -> WifiStatus {
        self.link()
            .map_or_else(|| WifiLink::new().status(), WifiLink::status)
    }

    fn join(&self, ssid: &str, pass: &str) -> Result<(), Text> {
        let stored = self.engine().with_nvs(|nvs| {
            // A cut between the two leaves a network that cannot be joined, never one that is
            // joined with a name nobody gave; the device then opens its own again.
            nvs.set_str(NAMESPACE, PASS, pass)?;
            nvs.set_str(NAMESPACE, SSID, ssid)
        });
        stored.map_err(text)?;
        if let (Some(link), Some(credentials)) = (self.link(), Credentials::new(ssid, pass)) {
            link.changed.signal(credentials);
        }
        Ok(())
    }
}
