//! The captive portal: what makes a phone open the setup page by itself.
//!
//! A phone or computer that joins a network asks a page of its maker, by plain HTTP, whether the
//! internet is there. On the setup access point every name leads to the device, so that question
//! comes here, under a name that is not ours. It is answered with a redirect to the setup page,
//! whatever was asked for: the list of such pages is long, and grows.
//!
//! This gives nothing away to DNS rebinding, which the guard is there against: under a foreign name
//! there is only this redirect, the same for all, to an address. No file, no status and no change is
//! had by that name, and a page of that name may not read what the redirect leads to.

use core::{fmt, net::Ipv4Addr};

use embedded_io_async::Write;

use crate::{
    Device, guard,
    http::head::{Head, Method},
    http::tx::{Header, Tx},
    problem::Gone,
};

/// The setup page, where a client is to go.
pub(crate) struct Portal {
    address: Ipv4Addr,
    port: Option<u16>,
}

impl Portal {
    /// Where a request under a foreign name is sent; `None`: nowhere, it is refused.
    pub(crate) fn of<D: Device>(device: &D, head: &Head<'_>) -> Option<Self> {
        let address = device.wifi()?.portal()?;
        let reads = matches!(head.method, Method::Get | Method::Head);
        reads.then(|| Self {
            address,
            // The device may be reached by another port than HTTP's own.
            port: head.host.and_then(guard::port),
        })
    }

    /// Sends the client there.
    pub(crate) async fn redirect<D: Device, W: Write>(
        &self,
        tx: &mut Tx<'_, D, W>,
    ) -> Result<(), Gone> {
        // A client has few such questions, and others wait for the connection.
        tx.close();
        let headers: [Header<'_>; 3] = [
            ("Location", &self),
            ("Cache-Control", &"no-store"),
            ("Content-Type", &"text/html; charset=utf-8"),
        ];
        // Some clients take an empty answer for the internet.
        let link = format_args!("<a href=\"{self}\">Wi-Fi setup</a>\n");
        tx.text(302, &headers, &link).await
    }
}

impl fmt::Display for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.address)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str("/recovery/wifi")
    }
}
