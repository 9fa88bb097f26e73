//! What is known of the networks in range, between the HTTP app and what drives the radio.

use core::cell::RefCell;

use embassy_sync::{
    blocking_mutex::{Mutex, raw::CriticalSectionRawMutex},
    signal::Signal,
};
use embassy_time::Instant;
use faceplate_http::wifi::{Networks, Search};

struct Known {
    searching: bool,
    failed: bool,
    at: Option<Instant>,
    networks: Networks,
}

pub(super) struct Air {
    known: Mutex<CriticalSectionRawMutex, RefCell<Known>>,
    wanted: Signal<CriticalSectionRawMutex, ()>,
}

impl Air {
    pub(super) const fn new() -> Self {
        Self {
            known: Mutex::new(RefCell::new(Known {
                searching: false,
                failed: false,
                at: None,
                networks: Networks::new(),
            })),
            wanted: Signal::new(),
        }
    }

    /// Somebody wants to know.
    pub(super) fn want(&self) {
        self.searching();
        self.wanted.signal(());
    }

    pub(super) async fn wanted(&self) {
        self.wanted.wait().await;
    }

    pub(super) fn searching(&self) {
        self.known.lock(|known| known.borrow_mut().searching = true);
    }

    /// What was known is kept when nothing new was found out.
    pub(super) fn found(&self, networks: Option<Networks>) {
        // Who asked meanwhile is answered by this.
        self.wanted.reset();
        self.known.lock(|known| {
            let mut known = known.borrow_mut();
            known.searching = false;
            known.failed = networks.is_none();
            if let Some(networks) = networks {
                known.networks = networks;
                known.at = Some(Instant::now());
            }
        });
    }

    pub(super) fn search(&self) -> Search {
        self.known.lock(|known| {
            let known = known.borrow();
            Search {
                searching: known.searching,
                failed: known.failed,
                age_ms: known.at.map(|at| at.elapsed().as_millis()),
                networks: known.networks.clone(),
            }
        })
    }
}
