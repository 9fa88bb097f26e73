//! The networks in range: the strongest few, each name once, in memory that does not grow.

use heapless::Vec;

use super::Ssid;

/// So many networks are told of. A list on a phone is not read further, and each takes 40 bytes.
pub const NETWORKS_MAX: usize = 12;

/// A network that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub ssid: Ssid,
    /// How strong it was heard (RSSI), dBm.
    pub rssi: i8,
    /// What it takes to join it.
    pub security: Security,
}

/// What it takes to join a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Nothing.
    Open,
    /// A password.
    Password,
    /// What the device cannot do: an account, a certificate, an old or a new kind of encryption.
    Other,
}

impl Security {
    /// As the API says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Password => "password",
            Self::Other => "other",
        }
    }
}

/// What a search found: at most [`NETWORKS_MAX`], the strongest first, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network, NETWORKS_MAX>);

impl Networks {
    /// Nothing was heard yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Notes an access point. Of several with one name, the strongest counts: it is the one that
    /// is joined.
    ///
    /// Left out are hidden ones (no name) and those whose name is no text (UTF-8 without NUL):
    /// nobody could choose them here, as [`Wifi::join`](super::Wifi::join) takes text.
    pub fn hear(&mut self, ssid: &[u8], rssi: i8, security: Security) {
        let Some(ssid) = name(ssid) else { return };
        if let Some(known) = self.0.iter().position(|network| network.ssid == ssid) {
            if self.0[known].rssi >= rssi {
                return;
            }
            self.0.remove(known);
        }
        let place = self.0.iter().position(|network| network.rssi < rssi);
        let place = place.unwrap_or(self.0.len());
        if place == NETWORKS_MAX {
            return;
        }
        // The weakest makes room.
        self.0.truncate(NETWORKS_MAX - 1);
        let network = Network {
            ssid,
            rssi,
            security,
        };
        // It has room for just this.
        let _fits = self.0.insert(place, network);
    }

    /// The strongest first.
    pub fn list(&self) -> &[Network] {
        &self.0
    }
}

fn name(ssid: &[u8]) -> Option<Ssid> {
    let text = core::str::from_utf8(ssid).ok()?;
    let choosable = !text.is_empty() && !text.contains('\0');
    Ssid::try_from(text).ok().filter(|_| choosable)
}

#[cfg(test)]
mod tests {
    use std::{format, string::String, vec::Vec};

    use super::*;

    fn heard(all: &[(&str, i8)]) -> Vec<(String, i8)> {
        let mut networks = Networks::new();
        for (ssid, rssi) in all {
            networks.hear(ssid.as_bytes(), *rssi, Security::Password);
        }
        let list = networks.list().iter();
        list.map(|network| (network.ssid.as_str().into(), network.rssi))
            .collect()
    }

    #[test]
    fn the_strongest_comes_first_and_a_name_once_as_strong_as_its_strongest() {
        let all = [("b", -70), ("a", -40), ("b", -50), ("c", -60), ("b", -90)];
        let want = [("a", -40), ("b", -50), ("c", -60)].map(|(ssid, rssi)| (ssid.into(), rssi));
        assert_eq!(heard(&all), want);
    }

    #[test]
    fn of_more_than_there_is_room_for_the_strongest_stay_whatever_their_order() {
        let names: Vec<_> = (0..40).map(|n| format!("n{n}")).collect();
        let mut all: Vec<_> = names.iter().map(String::as_str).zip(-60..).collect();
        let strongest: Vec<_> = (28..40).rev().map(|n| format!("n{n}")).collect();
        for turn in 0..40 {
            all.rotate_left((7 + turn) % names.len());
            let found: Vec<_> = heard(&all).into_iter().map(|(ssid, _)| ssid).collect();
            assert_eq!(found, strongest);
        }
    }

    #[test]
    fn a_name_that_grows_stronger_takes_no_others_place() {
        let names: Vec<_> = (0..12).map(|n| format!("n{n}")).collect();
        let mut all: Vec<_> = names.iter().map(|name| (name.as_str(), -60)).collect();
        all.push(("n11", -10));
        let found = heard(&all);
        assert_eq!(found.len(), NETWORKS_MAX);
        assert_eq!(found[0], ("n11".into(), -10));
    }

    #[test]
    fn names_that_nobody_can_choose_are_left_out() {
        let mut networks = Networks::new();
        let long = [b'x'; 33];
        for ssid in [&b""[..], b"\xff\xfe", b"a\0b", b"\0\0\0\0", &long] {
            networks.hear(ssid, -30, Security::Open);
        }
        assert_eq!(networks.list(), []);
        networks.hear("Café 😀 \n".as_bytes(), -30, Security::Open);
        networks.hear(&long[..32], -31, Security::Other);
        assert_eq!(networks.list().len(), 2);
    }
}
