//! The network: Wi-Fi, or the wire of an emulated board.

use embassy_executor::Spawner;
use embassy_net::{Config, Stack, StackResources};
use esp_hal::{peripherals::WIFI, rng::Rng};
use faceplate_esp::{CONNECTIONS, Face, PORT, WifiLink};
use faceplate_network::patient::Patient;
use static_cell::StaticCell;

/// How Wi-Fi stands, for the HTTP app.
pub(crate) static LINK: WifiLink = WifiLink::new();

/// Sockets of the network stack: the connections, DHCP's client, DHCP's server and mDNS.
const SOCKETS: usize = CONNECTIONS + 3;

/// Starts the network and what must run beside it.
pub(crate) fn start(spawner: &Spawner, face: &'static Face, wifi: WIFI<'static>) -> Stack<'static> {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    let resources = RESOURCES.init(StackResources::new());
    let rng = Rng::new();
    let seed = u64::from(rng.random()) << 32 | u64::from(rng.random());
    #[cfg(feature = "wired")]
    if let Some(port) = crate::wired::OpenEth::new() {
        log::info!("wired network");
        let config = Config::dhcpv4(Default::default());
        let (stack, runner) = embassy_net::new(Patient::new(port, PORT), config, resources, seed);
        crate::spawn(spawner, crate::wired::run(runner));
        return stack;
    }
    let _not_yet = (face, wifi);
    panic!("this firmware has no other network yet")
}
