//! The Wi-Fi of a simulated device: the credentials are really stored, and every network is there.

use std::{
    cell::{Cell, RefCell},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use embedded_storage::nor_flash::NorFlash;
use faceplate::{EspNvs, EspNvsError};
use faceplate_http::wifi::{Ssid, WifiMode, WifiStatus};

/// The namespace of the credentials in NVS, and their keys, as in the firmware.
const NAMESPACE: &str = "wifi";
const SSID: &str = "ssid";
const PASS: &str = "pass";

/// How long it takes to be in a network.
const JOINING: Duration = Duration::from_secs(1);

/// What the simulated radio does.
#[derive(Debug)]
pub struct SimWifi {
    ssid: RefCell<Option<Ssid>>,
    since: Cell<Instant>,
    address: Option<Ipv4Addr>,
}

impl SimWifi {
    /// Joins the network whose credentials are stored, if there are any. `address` is where the
    /// device is reached in any case.
    pub fn start<F: NorFlash>(nvs: &mut EspNvs<F>, address: Option<Ipv4Addr>) -> Self {
        // What cannot be read cannot be joined: then there is the setup page.
        let stored = nvs.get_str(NAMESPACE, SSID).ok().flatten();
        let ssid = stored.and_then(|ssid| Ssid::try_from(ssid.as_str()).ok());
        Self {
            ssid: RefCell::new(ssid.filter(|ssid| !ssid.is_empty())),
            since: Cell::new(Instant::now()),
            address,
        }
    }

    /// How it stands.
    pub fn status(&self) -> WifiStatus {
        let ssid = self.ssid.borrow().clone();
        let mode = match ssid {
            Some(_) => WifiMode::Station,
            None => WifiMode::AccessPoint,
        };
        let connected = ssid.is_some() && self.since.get().elapsed() >= JOINING;
        let reached = connected || mode == WifiMode::AccessPoint;
        WifiStatus {
            mode,
            ssid,
            connected,
            address: self.address.filter(|_| reached),
        }
    }

    /// Stores the credentials and joins.
    ///
    /// The password goes first: if the power is cut in between, the name that is still there has
    /// the wrong password at worst, which ends at the setup page.
    ///
    /// # Errors
    /// When they cannot be stored.
    pub fn join<F: NorFlash>(
        &self,
        nvs: &mut EspNvs<F>,
        ssid: &str,
        pass: &str,
    ) -> Result<(), EspNvsError> {
        nvs.set_str(NAMESPACE, PASS, pass)?;
        nvs.set_str(NAMESPACE, SSID, ssid)?;
        self.ssid.replace(Ssid::try_from(ssid).ok());
        self.since.set(Instant::now());
        Ok(())
    }
}
