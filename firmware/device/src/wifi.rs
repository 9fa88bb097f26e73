//! Wi-Fi: a station of a known network, or the access point `faceplate-xxxx` for its setup.
//!
//! One network stack runs over a driver that switches between the two. What to do when is decided
//! in `faceplate_network::plan`, where it is tested; here it is only carried out.

mod radio;
mod scan;
mod switch;

use embassy_executor::Spawner;
use embassy_net::{Config, Runner, Stack, StackResources};
use esp_hal::peripherals::WIFI;
use esp_radio::wifi::{ControllerConfig, CountryInfo, WifiController};
use faceplate_esp::{Face, PORT, SetupPassword, WifiLink};
use faceplate_network::{dhcp, dns, patient::Patient};
use radio::{Buffers, Radio};
use static_cell::StaticCell;
use switch::Switch;

/// The "world-safe" country code of Espressif's driver. It names no country: who ships a product
/// puts in the one it is sold in.
const COUNTRY: [u8; 2] = *b"01";

/// Frames that the hardware can receive at once, about 1.6 KB of heap each, from the start.
/// During a flash erase nobody empties them, and a client that waits for our window sends 3 frames.
const STATIC_RX: u8 = 6;
/// Frames that wait for the network stack, up to 1.6 KB of heap each while they do: a receive
/// window (4 KiB, 3 frames) of each of 4 connections.
const DYNAMIC_RX: u16 = 12;
/// Frames on their way out, up to 1.6 KB of heap each while they are.
const DYNAMIC_TX: u16 = 12;
/// Frames between the driver and the network stack.
const RX_QUEUE: usize = 8;
const TX_QUEUE: usize = 4;
/// Frames that may be acknowledged together; below twice `STATIC_RX`, and more than a window.
const RX_BLOCK_ACK: u8 = 4;

/// Starts Wi-Fi, the network stack over it, and the tasks of both.
pub(crate) fn start<const SOCKETS: usize>(
    spawner: &Spawner,
    face: &'static Face,
    wifi: WIFI<'static>,
    link: &'static WifiLink,
    name: &'static str,
    resources: &'static mut StackResources<SOCKETS>,
    seed: u64,
) -> Stack<'static> {
    static DHCP: StaticCell<dhcp::Buffers> = StaticCell::new();
    static DNS: StaticCell<dns::Buffers> = StaticCell::new();
    let config = ControllerConfig::default()
        .with_country_info(CountryInfo::from(COUNTRY))
        .with_static_rx_buf_num(STATIC_RX)
        .with_dynamic_rx_buf_num(DYNAMIC_RX)
        .with_dynamic_tx_buf_num(DYNAMIC_TX)
        .with_rx_queue_size(RX_QUEUE)
        .with_tx_queue_size(TX_QUEUE)
        .with_rx_ba_win(RX_BLOCK_ACK);
    let controller = match WifiController::new(wifi, config) {
        Ok(controller) => controller,
        // Nobody can reach the device then; the watchdog starts it again.
        Err(error) => panic!("Wi-Fi does not start: {error:?}"),
    };
    let credentials = face.wifi_credentials().unwrap_or_else(|error| {
        log::error!("no Wi-Fi credentials, as NVS cannot be read: {error:?}");
        None
    });
    let protection = face.setup_password().unwrap_or_else(|error| {
        log::error!("no access point, as its password in NVS cannot be read: {error:?}");
        SetupPassword::Unfit
    });
    let driver = Patient::new(Switch::new(), PORT);
    let (stack, runner) = embassy_net::new(driver, Config::default(), resources, seed);
    let buffers = Buffers {
        dhcp: DHCP.init_with(dhcp::Buffers::new),
        dns: DNS.init_with(dns::Buffers::new),
    };
    let radio = Radio::new(
        controller,
        stack,
        link,
        name,
        credentials,
        protection,
        buffers,
    );
    crate::spawn(spawner, run_stack(runner));
    crate::spawn(spawner, run_radio(radio));
    stack
}

#[embassy_executor::task]
async fn run_stack(mut runner: Runner<'static, Patient<Switch>>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn run_radio(radio: Radio) -> ! {
    radio.run().await
}
