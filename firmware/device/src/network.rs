//! The network: Wi-Fi, or the wire of an emulated board.

use embassy_executor::Spawner;
use embassy_net::{Stack, StackResources};
use esp_hal::{peripherals::WIFI, rng::Rng};
use faceplate_esp::{CONNECTIONS, Face, WifiLink};
use faceplate_network::mdns::{self, Responder};
use static_cell::StaticCell;

/// How Wi-Fi stands, for the HTTP app.
pub(crate) static LINK: WifiLink = WifiLink::new();

/// Sockets of the network stack: the connections, DHCP's client, DHCP's server and mDNS.
const SOCKETS: usize = CONNECTIONS + 3;

/// Starts the network and what must run beside it.
pub(crate) fn start(
    spawner: &Spawner,
    face: &'static Face,
    wifi: WIFI<'static>,
    name: &'static str,
) -> Stack<'static> {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static MDNS: StaticCell<mdns::Buffers> = StaticCell::new();
    let resources = RESOURCES.init_with(StackResources::new);
    let rng = Rng::new();
    let seed = u64::from(rng.random()) << 32 | u64::from(rng.random());
    let stack = connect(spawner, face, wifi, name, resources, seed);
    match Responder::new(name) {
        Ok(responder) => {
            let buffers = MDNS.init_with(mdns::Buffers::new);
            crate::spawn(spawner, tell_name(stack, responder, buffers));
        }
        Err(error) => log::error!("{name}.local cannot be found: {error:?}"),
    }
    stack
}

/// The wire where there is one, else Wi-Fi.
fn connect(
    spawner: &Spawner,
    face: &'static Face,
    wifi: WIFI<'static>,
    name: &'static str,
    resources: &'static mut StackResources<SOCKETS>,
    seed: u64,
) -> Stack<'static> {
    #[cfg(feature = "wired")]
    if let Some(port) = crate::wired::OpenEth::new() {
        use embassy_net::Config;
        use faceplate_network::patient::Patient;

        log::info!("wired network");
        let driver = Patient::new(port, faceplate_esp::PORT);
        let config = Config::dhcpv4(Default::default());
        let (stack, runner) = embassy_net::new(driver, config, resources, seed);
        crate::spawn(spawner, crate::wired::run(runner));
        return stack;
    }
    crate::wifi::start(spawner, face, wifi, &LINK, name, resources, seed)
}

/// Answers to `<name>.local`.
#[embassy_executor::task]
async fn tell_name(
    stack: Stack<'static>,
    responder: Responder<'static>,
    buffers: &'static mut mdns::Buffers,
) -> ! {
    mdns::serve(stack, responder, buffers).await
}
