//! The networks that a simulated radio hears: made up, but found as a radio finds them.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use faceplate_http::wifi::{Networks, Search, Security};

/// How long a search takes, as a radio's over all channels does.
const SEARCH: Duration = Duration::from_secs(2);

/// Access points in range: one network has two, one is hidden, one has a name that is no text.
const IN_RANGE: [(&[u8], i8, Security); 8] = [
    (b"FRITZ!Box 7590 XY", -78, Security::Password),
    (b"Home", -71, Security::Password),
    ("Café am Markt".as_bytes(), -66, Security::Open),
    (b"Home", -47, Security::Password),
    (b"", -50, Security::Password),
    (b"Office", -59, Security::Other),
    (b"\xc4rger\xff", -60, Security::Password),
    (b"Workshop 2.4", -83, Security::Password),
];

/// What such a radio heard, and when.
#[derive(Debug, Default)]
pub(crate) struct Air {
    /// When the search that ended last did.
    heard: Cell<Option<Instant>>,
    /// When the one that is under way ends.
    ends: Cell<Option<Instant>>,
}

impl Air {
    /// As after a search that ends now.
    pub(crate) fn heard(&self) {
        self.heard.set(Some(Instant::now()));
    }

    /// Looks for networks, unless it does already.
    pub(crate) fn look(&self) {
        if !self.search().searching {
            self.ends.set(Some(Instant::now() + SEARCH));
        }
    }

    /// How that stands.
    pub(crate) fn search(&self) -> Search {
        let now = Instant::now();
        if let Some(ends) = self.ends.get().filter(|ends| *ends <= now) {
            self.heard.set(Some(ends));
            self.ends.set(None);
        }
        let heard = self.heard.get();
        let mut networks = Networks::new();
        if heard.is_some() {
            for (ssid, rssi, security) in IN_RANGE {
                networks.hear(ssid, rssi, security);
            }
        }
        Search {
            searching: self.ends.get().is_some(),
            failed: false,
            age_ms: heard.map(|at| now.duration_since(at).as_millis() as u64),
            networks,
        }
    }
}
