//! The firmware's own network: a station of the Wi-Fi that it was built for.

use embassy_executor::Spawner;
use embassy_net::{Config, Runner, Stack, StackResources};
use embassy_time::Timer;
use esp_hal::{peripherals::WIFI, rng::Rng};
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{self, AuthenticationMethodConfig, Interface, WifiController};
use faceplate_esp::PORT;
use faceplate_network::{domain, patient::Patient};
use static_cell::StaticCell;

use crate::SOCKETS;

/// Starts the network; it joins the Wi-Fi by itself.
pub(crate) fn start(tasks: &Spawner, wifi: WIFI<'static>, name: &str) -> Stack<'static> {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    let (stack, runner) = embassy_net::new(
        // A browser that wants more connections than there are waits instead of being refused.
        Patient::new(Interface::station(), PORT),
        Config::dhcpv4(domain::client(name)),
        RESOURCES.init(StackResources::new()),
        Rng::new().random().into(),
    );
    tasks.spawn(run(runner).expect("one task"));
    tasks.spawn(join(wifi).expect("one task"));
    stack
}

#[embassy_executor::task]
async fn run(mut runner: Runner<'static, Patient<Interface>>) {
    runner.run().await
}

/// Joins, and joins again when the connection is lost.
#[embassy_executor::task]
async fn join(wifi: WIFI<'static>) {
    let password = env!("PASSWORD").try_into().expect("at most 64 bytes");
    let station = StationConfig::default()
        .with_ssid(env!("SSID").try_into().expect("at most 32 bytes"))
        .with_authentication(AuthenticationMethodConfig::Wpa2Personal(password));
    let mut radio = WifiController::new(wifi, Default::default()).expect("a radio");
    radio
        .set_config(&wifi::Config::Station(station))
        .expect("settings that Wi-Fi allows");
    loop {
        if radio.connect_async().await.is_ok() {
            let _lost = radio.wait_for_disconnect_async().await;
        }
        Timer::after_secs(5).await;
    }
}
