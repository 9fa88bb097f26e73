//! The Wi-Fi of a simulated device: the credentials are really stored, and every network is there.

use std::{
    cell::{Cell, RefCell},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use embedded_storage::nor_flash::NorFlash;
use faceplate::{Credentials, EspNvs, EspNvsError};
use faceplate_http::wifi::{Search, Ssid, WifiMode, WifiStatus};

use crate::networks::Air;

/// How long it takes to be in a network.
const JOINING: Duration = Duration::from_secs(1);

/// What the simulated radio does.
#[derive(Debug)]
pub struct SimWifi {
    ssid: RefCell<Option<Ssid>>,
    since: Cell<Instant>,
    address: Option<Ipv4Addr>,
    /// Whether clients come here whatever name they ask for.
    portal: Cell<bool>,
    air: Air,
}

impl SimWifi {
    /// Joins the network whose credentials are stored, if there are any. `address` is where the
    /// device is reached in any case.
    pub fn start<F: NorFlash>(nvs: &mut EspNvs<F>, address: Option<Ipv4Addr>) -> Self {
        // What cannot be read cannot be joined: then there is the setup page.
        let stored = nvs.credentials().ok().flatten();
        let wifi = Self {
            ssid: RefCell::new(stored.map(|stored| stored.ssid)),
            since: Cell::new(Instant::now()),
            address,
            portal: Cell::new(false),
            air: Air::default(),
        };
        if wifi.status().mode == WifiMode::AccessPoint {
            // As the firmware does, before it opens its network.
            wifi.air.heard();
        }
        wifi
    }

    /// Answers for a network in which all names lead here, while it has one of its own, or not.
    pub fn set_portal(&self, portal: bool) {
        self.portal.set(portal);
    }

    /// Where who asks for a foreign name is sent.
    pub fn portal(&self) -> Option<Ipv4Addr> {
        let own = self.status().mode == WifiMode::AccessPoint;
        self.address.filter(|_| own && self.portal.get())
    }

    /// The networks in range, made up.
    pub fn search(&self) -> Search {
        self.air.search()
    }

    /// Looks for networks.
    pub fn look(&self) {
        self.air.look();
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

    /// Stores the credentials, both or neither, and joins.
    ///
    /// # Errors
    /// When they cannot be stored.
    pub fn join<F: NorFlash>(
        &self,
        nvs: &mut EspNvs<F>,
        credentials: &Credentials,
    ) -> Result<(), EspNvsError> {
        nvs.set_credentials(credentials)?;
        self.ssid.replace(Some(credentials.ssid.clone()));
        self.since.set(Instant::now());
        Ok(())
    }

    /// Forgets the credentials, and has a network of its own.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn forget<F: NorFlash>(&self, nvs: &mut EspNvs<F>) -> Result<(), EspNvsError> {
        nvs.forget_credentials()?;
        self.ssid.replace(None);
        self.air.heard();
        Ok(())
    }
}
