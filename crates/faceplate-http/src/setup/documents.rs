//! The JSON documents of the Wi-Fi's setup. Their field names are its contract.

use core::fmt;

use crate::{
    http::json::{OrNull, Str},
    wifi::{Ssid, WifiStatus},
};

/// What `GET /api/wifi` tells. There is no password in it.
pub(crate) struct WifiJson<'a> {
    pub(crate) status: WifiStatus,
    pub(crate) name: &'a str,
}

impl fmt::Display for WifiJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WifiStatus {
            mode,
            ssid,
            connected,
            address,
        } = &self.status;
        let ssid = OrNull(ssid.as_ref().map(Str));
        write!(f, r#"{{"mode":"{}","ssid":{ssid},"#, mode.name())?;
        let address = OrNull(address.map(Str));
        write!(f, r#""connected":{connected},"address":{address},"#)?;
        write!(f, r#""name":{}}}"#, Str(Local(self.name)))
    }
}

/// What a change of Wi-Fi is answered with.
pub(crate) struct JoiningJson<'a> {
    pub(crate) ssid: Ssid,
    pub(crate) name: &'a str,
}

impl fmt::Display for JoiningJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ssid, name } = self;
        write!(f, r#"{{"ssid":{},"name":{}}}"#, Str(ssid), Str(Local(name)))
    }
}

/// The device's name in the network.
struct Local<'a>(&'a str);

impl fmt::Display for Local<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.local", self.0)
    }
}
