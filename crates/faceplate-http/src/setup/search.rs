//! `/api/wifi/networks`: what the Wi-Fi hears, for whoever chooses one.

use core::fmt;

use embedded_io_async::Write;

use crate::{
    Device,
    http::{
        json::{OrNull, Str},
        tx::{JSON, Tx},
    },
    problem::{Failed, Refusal},
    wifi::Search,
};

/// Answers with what is known of the networks in range.
pub(crate) async fn tell<D: Device, W: Write>(
    device: &D,
    tx: &mut Tx<'_, D, W>,
    status: u16,
) -> Result<(), Failed> {
    // A copy: the radio may go on meanwhile, and the answer is formatted more than once.
    let search = device.wifi().and_then(|wifi| wifi.search());
    let search = search.ok_or(Refusal::NoSuchApi)?;
    Ok(tx.text(status, &JSON, &SearchJson(&search)).await?)
}

/// What `/api/wifi/networks` tells.
struct SearchJson<'a>(&'a Search);

impl fmt::Display for SearchJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Search {
            searching,
            failed,
            age_ms,
            networks,
        } = self.0;
        write!(f, r#"{{"searching":{searching},"failed":{failed},"#)?;
        write!(f, r#""age_ms":{},"networks":["#, OrNull(*age_ms))?;
        for (number, network) in networks.list().iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let (ssid, rssi) = (Str(&network.ssid), network.rssi);
            let security = network.security.name();
            write!(
                f,
                r#"{comma}{{"ssid":{ssid},"rssi":{rssi},"security":"{security}"}}"#
            )?;
        }
        f.write_str("]}")
    }
}
