//! The network: Wi-Fi, or the wire of an emulated board.

use embassy_executor::Spawner;
use embassy_net::{Stack, StackResources};
use esp_hal::{peripherals::WIFI, rng::Rng};
use faceplate_esp::{CONNECTIONS, Face, WifiLink};
use faceplate_network::{
    domain,
    mdns::{self, Responder},
};
use static_cell::StaticCell;

use crate::LIVE;

/// How Wi-Fi stands, for the HTTP app.
pub(crate) static LINK: WifiLink = WifiLink::new();

/// Sockets of the network stack: the connections, those that are live, DHCP's client, DHCP's server, DNS, mDNS, and two
/// that ask for the domain.
const SOCKETS: usize = CONNECTIONS + LIVE + 6;

/// Starts the network and what must run beside it.
pub(crate) fn start(
    spawner: &Spawner,
    face: &'static Face,
    wifi: WIFI<'static>,
    name: &'static str,
) -> Stack<'static> {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    static DOMAIN: StaticCell<domain::Buffers> = StaticCell::new();
    static MDNS: StaticCell<mdns::Buffers> = StaticCell::new();
    let resources = RESOURCES.init_with(StackResources::new);
    let rng = Rng::new();
    let seed = u64::from(rng.random()) << 32 | u64::from(rng.random());
    let stack = connect(spawner, face, wifi, name, resources, seed);
    let buffers = DOMAIN.init_with(domain::Buffers::new);
    crate::spawn(spawner, learn_domain(stack, face, buffers));
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
        let config = Config::dhcpv4(domain::client(name));
        let (stack, runner) = embassy_net::new(driver, config, resources, seed);
        crate::spawn(spawner, crate::wired::run(runner));
        return stack;
    }
    crate::wifi::start(spawner, face, wifi, &LINK, name, resources, seed)
}

/// Lets the device be called by its name in the network's domain, too.
#[embassy_executor::task]
async fn learn_domain(
    stack: Stack<'static>,
    face: &'static Face,
    buffers: &'static mut domain::Buffers,
) -> ! {
    domain::follow(stack, buffers, |domain| {
        if let Some(domain) = domain {
            log::info!("the network's domain is {domain}");
        }
        face.set_domain(domain);
    })
    .await
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
