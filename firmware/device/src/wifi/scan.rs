//! Looks for the networks in range, for the setup page.

use embassy_time::{Duration, with_timeout};
use esp_radio::wifi::{
    AuthenticationMethod, WifiController,
    scan::{ScanConfig, ScanTypeConfig},
};
use faceplate_esp::faceplate_http::wifi::{Networks, Security};

/// How long to listen on each channel, the shortest time if nobody answers. Access points answer
/// within a few milliseconds, but one that is busy, or the one channel that it shares with us, may
/// take longer. With 13 channels, and a visit to our own after each, it is 1 to 2 seconds.
const MIN_MS: u64 = 30;
const MAX_MS: u64 = 80;
/// How many access points the driver is asked for; each takes about 80 bytes of heap, for a moment.
/// More than are told of: some share a name, some are hidden.
const MOST: usize = 32;
/// How long to wait for the driver at the very most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks; `None` where the radio refuses. It has to be a station, or that and access point.
///
/// While it listens on other channels, clients and access point are not heard; both send again.
pub(super) async fn look(controller: &mut WifiController<'static>) -> Option<Networks> {
    let scan_type = ScanTypeConfig::Active {
        min: esp_hal::time::Duration::from_millis(MIN_MS),
        max: esp_hal::time::Duration::from_millis(MAX_MS),
    };
    let config = ScanConfig::default()
        .with_scan_type(scan_type)
        .with_max(MOST);
    let found = match with_timeout(PATIENCE, controller.scan_async(&config)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            log::warn!("no search for networks: {error:?}");
            return None;
        }
        Err(_timeout) => {
            log::warn!("no search for networks: the radio did not end it");
            return None;
        }
    };
    let mut networks = Networks::new();
    for point in &found {
        let ssid = point.ssid.as_str();
        // Of a name that is no text, only its beginning is had here: nobody could choose it.
        if ssid.len() == point.ssid.len() {
            let security = security(point.auth_method);
            networks.hear(ssid.as_bytes(), point.signal_strength, security);
        }
    }
    log::info!("{} access points in range", found.len());
    Some(networks)
}

/// What it takes to join; see `station()` for what this device can.
fn security(method: Option<AuthenticationMethod>) -> Security {
    match method {
        Some(AuthenticationMethod::None) => Security::Open,
        Some(
            AuthenticationMethod::Wpa2Personal
            | AuthenticationMethod::WpaWpa2Personal
            | AuthenticationMethod::Wpa2Wpa3Personal,
        ) => Security::Password,
        _ => Security::Other,
    }
}
