//! A network driver that is the station's or the access point's, whichever is selected.

use core::{cell::Cell, task::Context};

use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState};
use embassy_sync::{
    blocking_mutex::{Mutex, raw::CriticalSectionRawMutex},
    waitqueue::AtomicWaker,
};
use esp_radio::wifi::{Interface, WifiRxToken, WifiTxToken};
use faceplate_esp::faceplate_http::wifi::WifiMode;

static SELECTED: Mutex<CriticalSectionRawMutex, Cell<Option<WifiMode>>> =
    Mutex::new(Cell::new(None));
static CHANGED: AtomicWaker = AtomicWaker::new();

/// Selects the interface that frames come from and go to; `None`: the link is down.
pub(super) fn select(mode: Option<WifiMode>) {
    SELECTED.lock(|selected| selected.set(mode));
    CHANGED.wake();
}

fn selected() -> Option<WifiMode> {
    SELECTED.lock(Cell::get)
}

/// The driver; there is one.
pub(crate) struct Switch {
    station: Interface,
    access_point: Interface,
}

impl Switch {
    /// Takes both interfaces of the radio.
    pub(super) fn new() -> Self {
        Self {
            station: Interface::station(),
            access_point: Interface::access_point(),
        }
    }

    fn interface(&mut self) -> Option<&mut Interface> {
        Some(match selected()? {
            WifiMode::Station => &mut self.station,
            WifiMode::AccessPoint => &mut self.access_point,
        })
    }
}

impl Driver for Switch {
    type RxToken<'a> = WifiRxToken;
    type TxToken<'a> = WifiTxToken;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(WifiRxToken, WifiTxToken)> {
        Driver::receive(self.interface()?, cx)
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<WifiTxToken> {
        Driver::transmit(self.interface()?, cx)
    }

    /// Asked at each turn of the network stack.
    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        CHANGED.register(cx.waker());
        match self.interface() {
            Some(interface) => interface.link_state(cx),
            None => LinkState::Down,
        }
    }

    fn capabilities(&self) -> Capabilities {
        // Both have the same.
        self.station.capabilities()
    }

    fn hardware_address(&self) -> HardwareAddress {
        match selected() {
            Some(WifiMode::AccessPoint) => self.access_point.hardware_address(),
            _ => self.station.hardware_address(),
        }
    }
}
