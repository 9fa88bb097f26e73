//! The pages that are always there: compiled into the firmware, whatever the slots hold.

use embedded_io_async::Write;

use crate::{
    Device,
    tx::{Gone, Tx},
};

/// The recovery page, which shows the status and takes an upload: one file that loads nothing else,
/// made and tested where all web pages are.
pub(crate) const RECOVERY: &str = include_str!("../../../web/recovery/recovery.html");

/// The page that tells the device which Wi-Fi to join; of the same kind.
pub(crate) const WIFI: &str = include_str!("../../../web/recovery/wifi.html");

/// Answers with one of the pages.
///
/// The status is 200 also where the recovery page stands in for a missing frontend: it is a working page, and
/// some browsers and captive portals hide the body of an error. Programs ask the status API.
pub(crate) async fn page<D: Device, W: Write>(
    tx: &mut Tx<'_, D, W>,
    page: &'static str,
) -> Result<(), Gone> {
    let headers: [crate::tx::Header<'_>; 4] = [
        ("Content-Type", &"text/html; charset=utf-8"),
        ("Cache-Control", &"no-store"),
        // Its buttons change things: no other page may show it in a frame and guide clicks.
        ("X-Frame-Options", &"DENY"),
        (
            "Content-Security-Policy",
            &"default-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
        ),
    ];
    tx.text(200, &headers, &page).await
}
