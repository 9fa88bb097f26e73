//! The port to a Wi-Fi whose network the user chooses by the setup page.

mod networks;

use core::net::Ipv4Addr;

use faceplate::Text;
use heapless::String;

pub use networks::{NETWORKS_MAX, Network, Networks, Security};

/// Longest name of a network, bytes (IEEE 802.11-2020, 9.4.2.2).
pub const SSID_MAX: usize = 32;

/// Shortest passphrase of WPA2, characters (IEEE 802.11-2020, J.4).
pub const PASS_MIN: usize = 8;

/// Longest passphrase of WPA2, characters (as above).
pub const PASS_MAX: usize = 63;

/// The name of a network.
pub type Ssid = String<SSID_MAX>;

/// A Wi-Fi that joins a network, or opens one of its own where there is none to join.
pub trait Wifi {
    /// How it stands.
    fn status(&self) -> WifiStatus;

    /// Stores the credentials and returns; joins about a second later, so that the answer can leave
    /// by the network that is left then.
    ///
    /// `ssid` has 1 to [`SSID_MAX`] bytes, and no NUL; `pass` is a WPA2 passphrase ([`PASS_MIN`]
    /// to [`PASS_MAX`] printable ASCII characters), or empty for a network without one.
    ///
    /// # Errors
    /// When they cannot be stored; in words, without the password. Nothing is joined then.
    fn join(&self, ssid: &str, pass: &str) -> Result<(), Text>;

    /// Where the setup page is reached, as long as every name that clients ask for leads here: the
    /// device is the access point of its own setup, and its DNS answers every name with itself.
    ///
    /// Requests under foreign names are then sent there, which makes phones open the page by
    /// themselves; else they are refused. `None`, unless the firmware says otherwise.
    fn portal(&self) -> Option<Ipv4Addr> {
        None
    }

    /// What is known of the networks in range; `None` (unless the firmware says otherwise) where
    /// nobody can look for them.
    fn search(&self) -> Option<Search> {
        None
    }

    /// Looks for networks, soon, and returns at once. What it finds replaces what was known.
    fn look(&self) {}
}

/// How the search for networks stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// It is under way, or about to begin.
    pub searching: bool,
    /// The last one that ended found nothing out: the radio refused.
    pub failed: bool,
    /// How old the list is, milliseconds; `None` before the first search.
    pub age_ms: Option<u64>,
    /// What was heard.
    pub networks: Networks,
}

/// How a Wi-Fi stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WifiStatus {
    /// What it does now.
    pub mode: WifiMode,
    /// The network that it was told to join, whether it is there or not; `None` before the setup.
    pub ssid: Option<Ssid>,
    /// Whether it is in that network.
    pub connected: bool,
    /// Its address in the network that it joined, or opened.
    pub address: Option<Ipv4Addr>,
}

/// What a Wi-Fi does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WifiMode {
    /// It is in a network, or tries to join it.
    Station,
    /// It has opened a network of its own for the setup.
    AccessPoint,
}

impl WifiMode {
    /// As the API says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::AccessPoint => "access_point",
        }
    }
}
