//! The network that the device joins: kept in NVS, set over HTTP, told to whoever drives the radio.

use core::net::Ipv4Addr;

use faceplate::{Credentials, EspNvs, EspNvsError, SetupPassword, Text, text};
use faceplate_http::{
    Device,
    wifi::{Search, Wifi, WifiMode, WifiStatus},
};

use crate::{Face, WifiLink};

impl Face {
    /// The credentials in NVS; `None` where there are none, or none that Wi-Fi allows.
    ///
    /// # Errors
    /// When NVS cannot be read.
    pub fn wifi_credentials(&self) -> Result<Option<Credentials>, EspNvsError> {
        self.engine().with_nvs(EspNvs::credentials)
    }

    /// What protects the access point for the setup: the password that the maker of this device put into its NVS.
    ///
    /// # Errors
    /// When NVS cannot be read.
    pub fn setup_password(&self) -> Result<SetupPassword, EspNvsError> {
        self.engine().with_nvs(EspNvs::setup_password)
    }

    /// Forgets the credentials in NVS, as a button may ask for, and tells whoever drives the radio
    /// ([`WifiLink::changed`]): the product's then opens its access point for the setup, also after each
    /// restart until there are others.
    ///
    /// # Errors
    /// When they cannot be removed; nothing changes then.
    pub fn forget_wifi(&self) -> Result<(), EspNvsError> {
        self.engine().with_nvs(EspNvs::forget_credentials)?;
        if let Some(link) = self.link() {
            link.change(None);
        }
        Ok(())
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
            link.change(Some(credentials));
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
        self.link().map(WifiLink::search)
    }

    fn look(&self) {
        if let Some(link) = self.link() {
            link.look();
        }
    }
}
